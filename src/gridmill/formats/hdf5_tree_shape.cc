#include "gridmill/formats/hdf5_tree_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::uint64_t kNodeOverhead = 10;  // signature, version, type, checksum
constexpr int kDeepest = 32;                 // 2^32 nodes at least

// Bytes that a count up to `most` takes.
int count_bytes(std::uint64_t most) {
  return (std::bit_width(std::max<std::uint64_t>(most, 1)) - 1) / 8 + 1;
}

__extension__ using Wide = unsigned __int128;

// Deeper than any file can be: the largest number does.
std::uint64_t saturated(Wide value) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return value > kMost ? kMost : static_cast<std::uint64_t>(value);
}

}  // namespace

std::uint64_t Hdf5TreeShape::header_bytes(const Hdf5Bytes& file) {
  return static_cast<std::uint64_t>(22 + file.offset_size() + file.length_size());
}

Hdf5TreeShape::Hdf5TreeShape(ByteView header, const Hdf5Bytes& file)
    : offset_size_(file.offset_size()), length_size_(file.length_size()) {
  Hdf5Cursor cursor(header, file);
  cursor.expect("BTHD");
  check_hdf5_checksum(header, "the header of a version 2 B-tree");
  if (const int version = cursor.u8(); version != 0) {
    throw Error(ErrorKind::unsupported, fmt::format("a B-tree of version 2.{}", version));
  }
  type_ = cursor.u8();
  node_bytes_ = cursor.u32();
  record_bytes_ = cursor.u16();
  depth_ = cursor.u16();
  cursor.skip(2);
  root_.address = cursor.offset();
  root_.records = cursor.u16();
  total_ = cursor.length();
  if (record_bytes_ == 0 || node_bytes_ <= kNodeOverhead + record_bytes_ || depth_ > kDeepest) {
    throw Error(ErrorKind::corrupt,
                fmt::format("a B-tree of depth {} with nodes of {} bytes for records of {}", depth_,
                            node_bytes_, record_bytes_));
  }
  size_levels();
}

void Hdf5TreeShape::size_levels() {
  Level leaf;
  leaf.most_records = leaf.most_below = (node_bytes_ - kNodeOverhead) / record_bytes_;
  count_bytes_ = count_bytes(leaf.most_records);
  levels_.push_back(leaf);
  for (int depth = 1; depth <= depth_; ++depth) {
    const Level& below = levels_.back();
    const std::uint64_t pointer = pointer_bytes(below);
    if (node_bytes_ < kNodeOverhead + pointer) {
      throw Error(ErrorKind::corrupt, "the nodes of a B-tree are too small for their pointers");
    }
    Level level;
    level.most_records = (node_bytes_ - kNodeOverhead - pointer) / (record_bytes_ + pointer);
    level.most_below =
        saturated((Wide{level.most_records} + 1) * below.most_below + level.most_records);
    level.total_bytes = count_bytes(level.most_below);
    levels_.push_back(level);
  }
}

std::uint64_t Hdf5TreeShape::pointer_bytes(const Level& to) const {
  return static_cast<std::uint64_t>(offset_size_ + count_bytes_ + to.total_bytes);
}

std::uint64_t Hdf5TreeShape::used_bytes(int depth, std::uint64_t records) const {
  const auto at = static_cast<std::size_t>(depth);
  if (records > levels_[at].most_records) {
    throw Error(ErrorKind::corrupt, fmt::format("a node of a B-tree has {} records, where {} fit",
                                                records, levels_[at].most_records));
  }
  const std::uint64_t pointers = depth == 0 ? 0 : (records + 1) * pointer_bytes(levels_[at - 1]);
  return kNodeOverhead + records * record_bytes_ + pointers;
}

Hdf5Cursor Hdf5TreeShape::open_node(ByteView node, int depth) const {
  Hdf5Cursor cursor(node, offset_size_, length_size_);
  cursor.expect(depth > 0 ? "BTIN" : "BTLF");
  check_hdf5_checksum(node, "a node of a version 2 B-tree");
  cursor.skip(1);
  if (cursor.u8() != type_) {
    throw Error(ErrorKind::corrupt, "the node is of another type than its tree");
  }
  return cursor;
}

Hdf5TreePointer Hdf5TreeShape::read_pointer(Hdf5Cursor& from, int depth) const {
  Hdf5TreePointer pointer;
  pointer.address = from.offset();
  pointer.records = from.uint(count_bytes_);
  from.skip(static_cast<std::uint64_t>(levels_[static_cast<std::size_t>(depth) - 1].total_bytes));
  return pointer;
}

}  // namespace gridmill
