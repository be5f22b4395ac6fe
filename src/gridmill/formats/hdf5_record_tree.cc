#include "gridmill/formats/hdf5_record_tree.h"

#include <fmt/format.h>

#include <set>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_tree_shape.h"

namespace gridmill {
namespace {

Hdf5TreeShape read_shape(Hdf5Blocks& blocks, std::uint64_t address) {
  const Bytes header = blocks.read(address, Hdf5TreeShape::header_bytes(blocks.file()));
  return {header, blocks.file()};
}

class TreeWalk {
 public:
  TreeWalk(Hdf5Blocks& blocks, std::uint64_t address, int type,
           const std::function<void(ByteView)>& visit)
      : blocks_(blocks), shape_(read_shape(blocks, address)), visit_(visit) {
    if (shape_.type() == type) return;
    throw Error(ErrorKind::corrupt, fmt::format("a B-tree of type {}, where type {} was expected",
                                                shape_.type(), type));
  }

  void run() {
    if (!shape_.is_empty()) node(shape_.root(), shape_.depth());
  }

 private:
  void node(const Hdf5TreePointer& self, int depth) {
    in_context([&] { return fmt::format("B-tree node at address {}", self.address); },
               [&] { visit_node(self, depth); });
  }

  void visit_node(const Hdf5TreePointer& self, int depth) {
    if (!seen_.insert(self.address).second) {
      throw Error(ErrorKind::corrupt, "the tree leads here twice");
    }
    const Bytes bytes = blocks_.read(self.address, shape_.used_bytes(depth, self.records));
    Hdf5Cursor cursor = shape_.open_node(bytes, depth);
    Hdf5Cursor values = blocks_.cursor(cursor.take(self.records * shape_.record_bytes()));
    for (std::uint64_t i = 0; i <= self.records; ++i) {
      if (depth > 0) node(shape_.read_pointer(cursor, depth), depth - 1);
      if (i < self.records) visit_(values.take(shape_.record_bytes()));
    }
  }

  Hdf5Blocks& blocks_;
  const Hdf5TreeShape shape_;
  const std::function<void(ByteView)>& visit_;
  std::set<std::uint64_t> seen_;
};

}  // namespace

void for_each_hdf5_record(Hdf5Blocks& blocks, std::uint64_t address, int type,
                          const std::function<void(ByteView)>& visit) {
  in_context([&] { return fmt::format("B-tree at address {}", address); },
             [&] { TreeWalk(blocks, address, type, visit).run(); });
}

}  // namespace gridmill
