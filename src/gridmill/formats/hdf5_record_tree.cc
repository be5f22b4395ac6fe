#include "gridmill/formats/hdf5_record_tree.h"

#include <fmt/format.h>

#include <bit>
#include <set>
#include <vector>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::uint64_t kNodeOverhead = 10;  // signature, version, type; checksum

// Bytes that hold the numbers from 0 to `largest`.
int width_of(std::uint64_t largest) {
  return largest == 0 ? 1 : (std::bit_width(largest) - 1) / 8 + 1;
}

// What a node of one level can hold; how wide counts of records are follows from it.
struct Level {
  std::uint64_t most_below = 0;  // records in such a node and below it
  int width_below = 0;
};

class TreeWalk {
 public:
  TreeWalk(Hdf5Blocks& blocks, std::uint64_t address, int type,
           const std::function<void(ByteView)>& visit)
      : blocks_(blocks), type_(type), visit_(visit) {
    read_header(address);
  }

  void run() {
    if (root_ == kNoAddress || root_records_ == 0) return;
    node(root_, root_records_, static_cast<int>(levels_.size()) - 1);
  }

 private:
  void read_header(std::uint64_t address) {
    const Hdf5Bytes& file = blocks_.file();
    const auto size = static_cast<std::uint64_t>(22 + file.offset_size() + file.length_size());
    const Bytes bytes = blocks_.read(address, size);
    Hdf5Cursor cursor = blocks_.cursor(bytes);
    cursor.expect("BTHD");
    check_hdf5_checksum(bytes, "a B-tree header");
    check(cursor);
    node_size_ = cursor.u32();
    record_size_ = cursor.u16();
    const int depth = cursor.u16();
    cursor.skip(2);
    root_ = cursor.offset();
    root_records_ = cursor.u16();
    if (record_size_ == 0 || node_size_ <= kNodeOverhead + record_size_ || depth > kMaxDepth) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("a B-tree of depth {} with nodes of {} bytes for records of {}",
                              depth, node_size_, record_size_));
    }
    measure(depth);
  }

  void check(Hdf5Cursor& cursor) const {
    const int version = cursor.u8();
    if (version != 0) {
      throw Error(ErrorKind::unsupported, fmt::format("a B-tree of version 2.{}", version));
    }
    const int type = cursor.u8();
    if (type == type_) return;
    throw Error(ErrorKind::corrupt,
                fmt::format("a B-tree of type {}, where type {} was expected", type, type_));
  }

  void measure(int depth) {
    const std::uint64_t leaf = (node_size_ - kNodeOverhead) / record_size_;
    count_width_ = width_of(leaf);
    levels_.push_back({leaf, 0});
    for (int d = 1; d <= depth; ++d) {
      const std::uint64_t pointer = pointer_bytes(d);
      if (node_size_ < kNodeOverhead + pointer) {
        throw Error(ErrorKind::corrupt, "the nodes of a B-tree are too small for their pointers");
      }
      const std::uint64_t records =
          (node_size_ - kNodeOverhead - pointer) / (record_size_ + pointer);
      // Deeper than any file can be: the largest number does.
      std::uint64_t below = 0;
      if (__builtin_mul_overflow(records + 1, levels_.back().most_below, &below) ||
          __builtin_add_overflow(below, records, &below)) {
        below = ~std::uint64_t{0};
      }
      levels_.push_back({below, width_of(below)});
    }
  }

  std::uint64_t pointer_bytes(int depth) const {
    const Level& child = levels_[static_cast<std::size_t>(depth) - 1];
    return static_cast<std::uint64_t>(blocks_.file().offset_size() + count_width_ +
                                      child.width_below);
  }

  void node(std::uint64_t address, std::uint64_t records, int depth) {
    in_context([&] { return fmt::format("B-tree node at address {}", address); },
               [&] { visit_node(address, records, depth); });
  }

  void visit_node(std::uint64_t address, std::uint64_t records, int depth) {
    if (!seen_.insert(address).second) {
      throw Error(ErrorKind::corrupt, "the tree leads here twice");
    }
    const std::uint64_t pointers = depth == 0 ? 0 : (records + 1) * pointer_bytes(depth);
    const std::uint64_t used = kNodeOverhead + records * record_size_ + pointers;
    if (used > node_size_) {
      throw Error(ErrorKind::corrupt, fmt::format("{} records do not fit into a node", records));
    }
    const Bytes bytes = blocks_.read(address, used);
    Hdf5Cursor cursor = blocks_.cursor(bytes);
    cursor.expect(depth == 0 ? "BTLF" : "BTIN");
    check_hdf5_checksum(bytes, "the node");
    check(cursor);
    Hdf5Cursor values = blocks_.cursor(cursor.take(records * record_size_));
    for (std::uint64_t i = 0; i <= records; ++i) {
      if (depth > 0) child(cursor, depth);
      if (i < records) visit_(values.take(record_size_));
    }
  }

  void child(Hdf5Cursor& cursor, int depth) {
    const std::uint64_t address = cursor.offset();
    const std::uint64_t records = cursor.uint(count_width_);
    cursor.skip(
        static_cast<std::uint64_t>(levels_[static_cast<std::size_t>(depth) - 1].width_below));
    node(address, records, depth - 1);
  }

  Hdf5Blocks& blocks_;
  int type_;
  const std::function<void(ByteView)>& visit_;
  std::uint64_t node_size_ = 0, record_size_ = 0, root_ = kNoAddress, root_records_ = 0;
  int count_width_ = 1;
  std::vector<Level> levels_;  // [0]: leaves
  std::set<std::uint64_t> seen_;
};

}  // namespace

void for_each_hdf5_record(Hdf5Blocks& blocks, std::uint64_t address, int type,
                          const std::function<void(ByteView)>& visit) {
  in_context([&] { return fmt::format("B-tree at address {}", address); },
             [&] { TreeWalk(blocks, address, type, visit).run(); });
}

}  // namespace gridmill
