// Version 1 B-trees of chunks ("Disk Format: Level 1A1 - Version 1 B-trees", node type 1).
//
// A node: "TREE", type, level, entries used, both neighbours, then keys and children in turn. A key
// holds a chunk's stored size, filter mask and the position of its first element, with one more
// dimension for the bytes of an element. Nodes have no checksum, and how large they are the
// superblock says; here a node is as long as its entries need.

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_index_walk.h"

namespace gridmill {
namespace {

// What most nodes of up to four dimensions take.
constexpr std::uint64_t kGuess = 4096;
constexpr int kAnyLevel = -1;

class Btree1 {
 public:
  explicit Btree1(Hdf5IndexWalk& walk)
      : walk_(walk),
        head_bytes_(8 + 2 * static_cast<std::uint64_t>(walk.file().offset_size())),
        key_bytes_(8 + 8 * (static_cast<std::uint64_t>(walk.grid().shape().rank()) + 1)),
        entry_bytes_(key_bytes_ + static_cast<std::uint64_t>(walk.file().offset_size())) {}

  // Level by level, so that the nodes of one can be read in the order of their addresses.
  void read() {
    std::vector<std::uint64_t> nodes{walk_.dataset().layout.index_address};
    int level = kAnyLevel;
    while (!nodes.empty()) {
      std::vector<Hdf5IndexBlock> blocks;
      blocks.reserve(nodes.size());
      for (const std::uint64_t address : nodes) blocks.push_back({address, kGuess, 0});
      nodes.clear();
      walk_.read_charged(std::move(blocks), [&](const Hdf5IndexBlock& block, ByteView bytes) {
        in_context([&] { return fmt::format("the node at address {}", block.address); },
                   [&] { level = node(block.address, bytes, level, nodes); });
      });
      if (level == 0) return;
      --level;
    }
  }

 private:
  // Returns the node's level, which all its kind must have.
  int node(std::uint64_t address, ByteView bytes, int wanted_level,
           std::vector<std::uint64_t>& children) {
    Hdf5Cursor head(bytes, walk_.file());
    head.expect("TREE");
    const int type = head.u8(), level = head.u8();
    const std::uint64_t entries = head.u16();
    if (type != 1 || (wanted_level != kAnyLevel && level != wanted_level)) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("a node of type {} and level {}, where type 1 and "
                              "level {} was expected",
                              type, level, wanted_level));
    }
    const std::uint64_t size = head_bytes_ + entries * entry_bytes_ + key_bytes_;
    walk_.file().check(address, size);
    walk_.charge(size);
    Bytes whole;
    if (size > bytes.size()) bytes = whole = walk_.file().read(address, size);
    Hdf5Cursor cursor(bytes, walk_.file());
    cursor.skip(head_bytes_);
    for (std::uint64_t i = 0; i < entries; ++i) entry(cursor, level, children);
    return level;
  }

  void entry(Hdf5Cursor& cursor, int level, std::vector<std::uint64_t>& children) {
    if (level > 0) {
      cursor.skip(key_bytes_);
      return children.push_back(cursor.offset());
    }
    const std::uint32_t size = cursor.u32(), skipped = cursor.u32();
    const Shape& chunk = walk_.grid().chunk();
    Index position = Index::filled(chunk.rank(), 0);
    for (int d = 0; d < chunk.rank(); ++d) {
      const std::uint64_t first = cursor.u64();
      const auto extent = static_cast<std::uint64_t>(chunk[d]);
      if (first % extent != 0) {
        throw Error(ErrorKind::corrupt,
                    fmt::format("a chunk begins at index {} of dimension {}, where chunks have {} "
                                "values",
                                first, d, extent));
      }
      position[d] = static_cast<std::int64_t>(first / extent);
    }
    cursor.skip(8);
    walk_.add(position, cursor.offset(), size, skipped);
  }

  Hdf5IndexWalk& walk_;
  std::uint64_t head_bytes_, key_bytes_, entry_bytes_;
};

}  // namespace

void read_btree1(Hdf5IndexWalk& walk) { Btree1(walk).read(); }

}  // namespace gridmill
