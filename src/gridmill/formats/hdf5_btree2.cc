// Version 2 B-trees of chunks (records of type 10 without and 11 with filters). What all such trees
// share is in hdf5_tree_shape.h.

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_index_walk.h"
#include "gridmill/formats/hdf5_tree_shape.h"

namespace gridmill {
namespace {

constexpr int kPlain = 10, kFiltered = 11;

Hdf5TreeShape read_shape(Hdf5IndexWalk& walk) {
  const Bytes header =
      walk.read(walk.dataset().layout.index_address, Hdf5TreeShape::header_bytes(walk.file()));
  return {header, walk.file()};
}

class Btree2 {
 public:
  explicit Btree2(Hdf5IndexWalk& walk) : walk_(walk), shape_(read_shape(walk)) { check(); }

  // Level by level, so that the nodes of one can be read in the order of their addresses.
  void read() {
    std::vector<Hdf5TreePointer> nodes;
    if (shape_.total() > 0 && shape_.root().address != kNoAddress) nodes.push_back(shape_.root());
    for (int depth = shape_.depth(); !nodes.empty(); --depth) nodes = level(depth, nodes);
    if (records_ == shape_.total()) return;
    throw Error(ErrorKind::corrupt, fmt::format("the tree has {} records, but its header says {}",
                                                records_, shape_.total()));
  }

 private:
  void check() {
    const int rank = walk_.grid().shape().rank();
    const int fixed = walk_.file().offset_size() + 8 * rank;
    const auto record_bytes = static_cast<int>(shape_.record_bytes());
    size_bytes_ = record_bytes - fixed - 4;
    const bool is_plain = shape_.type() == kPlain && record_bytes == fixed;
    const bool is_filtered = shape_.type() == kFiltered && size_bytes_ >= 1 && size_bytes_ <= 8;
    if (is_plain || is_filtered) return;
    throw Error(ErrorKind::corrupt, fmt::format("a version 2 B-tree of type {} and records of {} "
                                                "bytes is none of chunks of {} dimensions",
                                                shape_.type(), record_bytes, rank));
  }

  std::vector<Hdf5TreePointer> level(int depth, const std::vector<Hdf5TreePointer>& nodes) {
    std::vector<Hdf5IndexBlock> blocks;
    blocks.reserve(nodes.size());
    for (const Hdf5TreePointer& node : nodes) {
      in_context(
          [&] { return fmt::format("the node at address {}", node.address); },
          [&] {
            blocks.push_back({node.address, shape_.used_bytes(depth, node.records), node.records});
          });
    }
    std::vector<Hdf5TreePointer> children;
    walk_.read_all(std::move(blocks), [&](const Hdf5IndexBlock& block, ByteView bytes) {
      in_context([&] { return fmt::format("the node at address {}", block.address); },
                 [&] { node(depth, block.tag, bytes, children); });
    });
    return children;
  }

  void node(int depth, std::uint64_t records, ByteView bytes,
            std::vector<Hdf5TreePointer>& children) {
    Hdf5Cursor cursor = shape_.open_node(bytes, depth);
    for (std::uint64_t i = 0; i < records; ++i) record(cursor);
    records_ += records;
    if (depth == 0) return;
    for (std::uint64_t i = 0; i <= records; ++i) {
      children.push_back(shape_.read_pointer(cursor, depth));
    }
  }

  void record(Hdf5Cursor& cursor) {
    const std::uint64_t address = cursor.offset();
    std::uint64_t size = walk_.chunk_bytes();
    std::uint32_t skipped = 0;
    if (shape_.type() == kFiltered) {
      size = cursor.uint(size_bytes_);
      skipped = cursor.u32();
    }
    Index position = Index::filled(walk_.grid().shape().rank(), 0);
    for (int d = 0; d < position.rank(); ++d) position[d] = static_cast<std::int64_t>(cursor.u64());
    walk_.add(position, address, size, skipped);
  }

  Hdf5IndexWalk& walk_;
  const Hdf5TreeShape shape_;
  int size_bytes_ = 0;         // of the field that holds a chunk's size
  std::uint64_t records_ = 0;  // seen
};

}  // namespace

void read_btree2(Hdf5IndexWalk& walk) { Btree2(walk).read(); }

}  // namespace gridmill
