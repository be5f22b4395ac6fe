// Version 2 B-trees of chunks ("Disk Format: Level 1A2 - Version 2 B-trees", records of type 10
// without and 11 with filters).
//
// All nodes have one size, which fixes how many records fit at each depth and thereby how many
// bytes the counts of records in an internal node's pointers have. Internal nodes hold records,
// too.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_index_walk.h"

namespace gridmill {
namespace {

constexpr int kPlain = 10, kFiltered = 11;
constexpr std::uint64_t kNodeOverhead = 10;  // signature, version, type, checksum
constexpr int kDeepest = 32;                 // 2^32 nodes at least

// Bytes that a count up to `most` takes.
int count_bytes(std::uint64_t most) {
  return (std::bit_width(std::max<std::uint64_t>(most, 1)) - 1) / 8 + 1;
}

__extension__ using Wide = unsigned __int128;

std::uint64_t saturated(Wide value) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return value > kMost ? kMost : static_cast<std::uint64_t>(value);
}

// Nodes at one height above the leaves.
struct Level {
  std::uint64_t most_records = 0;  // in a node
  std::uint64_t most_below = 0;    // in a node and all below it
  int total_bytes = 0;             // of the count of all records below, in a pointer to it
};

struct Node {
  std::uint64_t address = 0;
  std::uint64_t records = 0;
};

class Btree2 {
 public:
  explicit Btree2(Hdf5IndexWalk& walk) : walk_(walk) {}

  void read() {
    std::vector<Node> nodes = header();
    for (int depth = depth_; !nodes.empty(); --depth) nodes = level(depth, nodes);
    if (walk_records_ == total_) return;
    throw Error(ErrorKind::corrupt, fmt::format("the tree has {} records, but its header says {}",
                                                walk_records_, total_));
  }

 private:
  std::vector<Node> header() {
    const Hdf5Bytes& file = walk_.file();
    const std::uint64_t size = 4 + 2 + 4 + 2 + 2 + 2 +
                               static_cast<std::uint64_t>(file.offset_size()) + 2 +
                               static_cast<std::uint64_t>(file.length_size()) + 4;
    const Bytes bytes = walk_.read(walk_.dataset().layout.index_address, size);
    check_hdf5_checksum(bytes, "the header of a version 2 B-tree");
    Hdf5Cursor cursor(bytes, file);
    cursor.expect("BTHD");
    const int version = cursor.u8();
    type_ = cursor.u8();
    node_bytes_ = cursor.u32();
    record_bytes_ = cursor.u16();
    depth_ = cursor.u16();
    cursor.skip(2);
    const std::uint64_t root = cursor.offset();
    const std::uint64_t root_records = cursor.u16();
    total_ = cursor.length();
    check(version);
    size_levels();
    if (total_ == 0 || root == kNoAddress) return {};
    return {{root, root_records}};
  }

  void check(int version) {
    const int rank = walk_.grid().shape().rank();
    const int fixed = walk_.file().offset_size() + 8 * rank;
    size_bytes_ = static_cast<int>(record_bytes_) - fixed - 4;
    const bool is_plain = type_ == kPlain && static_cast<int>(record_bytes_) == fixed;
    const bool is_filtered = type_ == kFiltered && size_bytes_ >= 1 && size_bytes_ <= 8;
    if (version == 0 && (is_plain || is_filtered) && depth_ <= kDeepest &&
        node_bytes_ > kNodeOverhead + record_bytes_) {
      return;
    }
    throw Error(ErrorKind::corrupt,
                fmt::format("a version 2 B-tree of version {}, type {}, depth {}, nodes of {} and "
                            "records of {} bytes is none of chunks of {} dimensions",
                            version, type_, depth_, node_bytes_, record_bytes_, rank));
  }

  void size_levels() {
    Level leaf;
    leaf.most_records = leaf.most_below = (node_bytes_ - kNodeOverhead) / record_bytes_;
    records_bytes_ = count_bytes(leaf.most_records);
    levels_.push_back(leaf);
    for (int depth = 1; depth <= depth_; ++depth) {
      const Level& below = levels_.back();
      const std::uint64_t pointer = pointer_bytes(below);
      Level level;
      level.most_records =
          node_bytes_ < kNodeOverhead + pointer
              ? 0
              : (node_bytes_ - kNodeOverhead - pointer) / (record_bytes_ + pointer);
      level.most_below =
          saturated((Wide{level.most_records} + 1) * below.most_below + level.most_records);
      level.total_bytes = count_bytes(level.most_below);
      levels_.push_back(level);
    }
  }

  // Of a pointer to a node at `level`.
  std::uint64_t pointer_bytes(const Level& level) const {
    return static_cast<std::uint64_t>(walk_.file().offset_size() + records_bytes_ +
                                      level.total_bytes);
  }

  std::vector<Node> level(int depth, const std::vector<Node>& nodes) {
    const auto at = static_cast<std::size_t>(depth);
    std::vector<Hdf5IndexBlock> blocks;
    blocks.reserve(nodes.size());
    for (const Node& node : nodes) {
      if (node.records > levels_[at].most_records) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("the node at address {} has {} records, where {} fit", node.address,
                                node.records, levels_[at].most_records));
      }
      std::uint64_t bytes = kNodeOverhead + node.records * record_bytes_;
      if (depth > 0) bytes += (node.records + 1) * pointer_bytes(levels_[at - 1]);
      blocks.push_back({node.address, bytes, node.records});
    }
    std::vector<Node> children;
    walk_.read_all(std::move(blocks), [&](const Hdf5IndexBlock& block, ByteView bytes) {
      in_context([&] { return fmt::format("the node at address {}", block.address); },
                 [&] { node(depth, block.tag, bytes, children); });
    });
    return children;
  }

  void node(int depth, std::uint64_t records, ByteView bytes, std::vector<Node>& children) {
    check_hdf5_checksum(bytes, "a node of a version 2 B-tree");
    Hdf5Cursor cursor(bytes, walk_.file());
    cursor.expect(depth > 0 ? "BTIN" : "BTLF");
    cursor.skip(1);
    if (cursor.u8() != type_)
      throw Error(ErrorKind::corrupt, "it is of another type than its tree");
    for (std::uint64_t i = 0; i < records; ++i) record(cursor);
    walk_records_ += records;
    if (depth == 0) return;
    const Level& below = levels_[static_cast<std::size_t>(depth) - 1];
    for (std::uint64_t i = 0; i <= records; ++i) {
      Node child;
      child.address = cursor.offset();
      child.records = cursor.uint(records_bytes_);
      cursor.uint(below.total_bytes);
      children.push_back(child);
    }
  }

  void record(Hdf5Cursor& cursor) {
    const std::uint64_t address = cursor.offset();
    std::uint64_t size = walk_.chunk_bytes();
    std::uint32_t skipped = 0;
    if (type_ == kFiltered) {
      size = cursor.uint(size_bytes_);
      skipped = cursor.u32();
    }
    Index position = Index::filled(walk_.grid().shape().rank(), 0);
    for (int d = 0; d < position.rank(); ++d) position[d] = static_cast<std::int64_t>(cursor.u64());
    walk_.add(position, address, size, skipped);
  }

  Hdf5IndexWalk& walk_;
  int type_ = kPlain, depth_ = 0, size_bytes_ = 0, records_bytes_ = 1;
  std::uint64_t node_bytes_ = 0, record_bytes_ = 0, total_ = 0, walk_records_ = 0;
  std::vector<Level> levels_;  // leaves first
};

}  // namespace

void read_btree2(Hdf5IndexWalk& walk) { Btree2(walk).read(); }

}  // namespace gridmill
