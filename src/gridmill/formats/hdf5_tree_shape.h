// hdf5_tree_shape.h: what the header of a version 2 B-tree says of its nodes ("Disk Format: Level
// 1A2
// - Version 2 B-trees").
//
// All nodes have one size, which fixes how many records fit at each depth and thereby how many
// bytes the counts of records in an internal node's pointers have. Internal nodes hold records,
// too. Immutable; throws Error(corrupt) for what can't be.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/formats/hdf5_bytes.h"

namespace gridmill {

struct Hdf5TreePointer {
  std::uint64_t address = kNoAddress;
  std::uint64_t records = 0;  // in that node
};

class Hdf5TreeShape {
 public:
  static std::uint64_t header_bytes(const Hdf5Bytes& file);
  // Error(unsupported) for a version of which we know nothing.
  Hdf5TreeShape(ByteView header, const Hdf5Bytes& file);

  int type() const noexcept { return type_; }
  int depth() const noexcept { return depth_; }  // of the root above the leaves
  std::uint64_t record_bytes() const noexcept { return record_bytes_; }
  std::uint64_t total() const noexcept { return total_; }  // records
  const Hdf5TreePointer& root() const noexcept { return root_; }
  bool is_empty() const noexcept { return root_.address == kNoAddress || root_.records == 0; }

  // How much of a node is in use.
  std::uint64_t used_bytes(int depth, std::uint64_t records) const;
  // At the first record of a node, once the node is proved.
  Hdf5Cursor open_node(ByteView node, int depth) const;
  // Behind the records of a node at `depth`, one more than it has records.
  Hdf5TreePointer read_pointer(Hdf5Cursor& from, int depth) const;

 private:
  // Nodes at one depth.
  struct Level {
    std::uint64_t most_records = 0;  // in a node
    std::uint64_t most_below = 0;    // in a node and all below it
    int total_bytes = 0;             // of the count of all records below, in a pointer to it
  };
  void size_levels();
  std::uint64_t pointer_bytes(const Level& to) const;

  int offset_size_, length_size_;
  int type_ = 0, depth_ = 0, count_bytes_ = 1;
  std::uint64_t node_bytes_ = 0, record_bytes_ = 0, total_ = 0;
  Hdf5TreePointer root_;
  std::vector<Level> levels_;  // leaves first
};

}  // namespace gridmill
