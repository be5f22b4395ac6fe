// Version 1 B-trees of chunks ("Disk Format: Level 1A1 - Version 1 B-trees", node type 1).
//
// A node: "TREE", type, level, entries used, both neighbours, then keys and children in turn. A key
// holds a chunk's stored size, filter mask and the position of its first element, with one more
// dimension for the bytes of an element. How large nodes are the superblock says; here a node is as
// long as its entries need.
//
// Nodes have no checksum. What proves them is their order: the positions in a node ascend, and what
// lies below an entry lies between its key and the next one. A tree that breaks this is damaged
// (its own library would search it in vain), and what it holds can't be told from what it has lost.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_index_walk.h"

namespace gridmill {
namespace {

// What most nodes of up to four dimensions take.
constexpr std::uint64_t kGuess = 4096;
constexpr int kAnyLevel = -1;

// The position of a chunk's first element, and of a byte in that element.
using Key = std::vector<std::uint64_t>;

struct Node {
  std::uint64_t address = 0;
  Key low, high;  // of what may be in it, low <= position < high; empty: anything
};

struct Entry {
  std::uint32_t size = 0, skipped = 0;
  Key key;
  std::uint64_t child = kNoAddress;  // none behind the last key
};

class Btree1 {
 public:
  explicit Btree1(Hdf5IndexWalk& walk)
      : walk_(walk),
        key_values_(static_cast<std::size_t>(walk.grid().shape().rank()) + 1),
        head_bytes_(8 + 2 * static_cast<std::uint64_t>(walk.file().offset_size())),
        key_bytes_(8 + 8 * key_values_),
        entry_bytes_(key_bytes_ + static_cast<std::uint64_t>(walk.file().offset_size())) {}

  // Level by level, so that the nodes of one can be read in the order of their addresses.
  void read() {
    std::vector<Node> nodes{{walk_.dataset().layout.index_address, {}, {}}};
    int level = kAnyLevel;
    while (!nodes.empty()) {
      std::vector<Hdf5IndexBlock> blocks;
      blocks.reserve(nodes.size());
      for (std::size_t i = 0; i < nodes.size(); ++i)
        blocks.push_back({nodes[i].address, kGuess, i});
      std::vector<Node> children;
      walk_.read_charged(std::move(blocks), [&](const Hdf5IndexBlock& block, ByteView bytes) {
        in_context([&] { return fmt::format("the node at address {}", block.address); },
                   [&] { level = node(nodes[block.tag], bytes, level, children); });
      });
      if (level == 0) return;
      nodes = std::move(children);
      --level;
    }
  }

 private:
  // Returns the node's level, which all its kind must have.
  int node(const Node& self, ByteView bytes, int wanted_level, std::vector<Node>& children) {
    Hdf5Cursor head(bytes, walk_.file());
    head.expect("TREE");
    const int type = head.u8(), level = head.u8();
    const std::uint64_t count = head.u16();
    if (type != 1 || (wanted_level != kAnyLevel && level != wanted_level)) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("a node of type {} and level {}, where type 1 and "
                              "level {} was expected",
                              type, level, wanted_level));
    }
    const std::uint64_t size = head_bytes_ + count * entry_bytes_ + key_bytes_;
    walk_.file().check(self.address, size);
    walk_.charge(size);
    Bytes whole;
    if (size > bytes.size()) bytes = whole = walk_.file().read(self.address, size);
    Hdf5Cursor cursor(bytes, walk_.file());
    cursor.skip(head_bytes_);
    read_entries(cursor, count);
    check_order(self);
    for (std::size_t i = 0; i + 1 < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (level == 0) {
        add(entry);
      } else {
        children.push_back({entry.child, entry.key, entries_[i + 1].key});
      }
    }
    return level;
  }

  // With what the key behind the last child says.
  void read_entries(Hdf5Cursor& cursor, std::uint64_t count) {
    entries_.resize(count + 1);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      entry.size = cursor.u32();
      entry.skipped = cursor.u32();
      entry.key.resize(key_values_);
      for (std::uint64_t& value : entry.key) value = cursor.u64();
      entry.child = i < count ? cursor.offset() : kNoAddress;
    }
  }

  void check_order(const Node& self) const {
    if (entries_.size() == 1) return;  // no child: the key means nothing
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Key& key = entries_[i].key;
      if (i > 0 && !(entries_[i - 1].key < key)) fail(key, "does not follow", entries_[i - 1].key);
      if (i + 1 == entries_.size() || self.low.empty()) continue;
      if (key < self.low) fail(key, "lies before this node, which begins at", self.low);
      if (!(key < self.high)) fail(key, "lies behind this node, which ends at", self.high);
    }
  }

  [[noreturn]] static void fail(const Key& key, std::string_view how, const Key& other) {
    throw Error(ErrorKind::corrupt, fmt::format("the key ({}) {} ({})", fmt::join(key, ", "), how,
                                                fmt::join(other, ", ")));
  }

  void add(const Entry& entry) {
    const Shape& chunk = walk_.grid().chunk();
    Index position = Index::filled(chunk.rank(), 0);
    bool is_whole = entry.key.back() == 0;
    for (int d = 0; d < chunk.rank(); ++d) {
      const std::uint64_t first = entry.key[static_cast<std::size_t>(d)];
      const auto extent = static_cast<std::uint64_t>(chunk[d]);
      is_whole = is_whole && first % extent == 0;
      position[d] = static_cast<std::int64_t>(first / extent);
    }
    if (!is_whole) {
      throw Error(ErrorKind::corrupt, fmt::format("a chunk begins at ({}), where chunks have {} "
                                                  "values",
                                                  fmt::join(entry.key, ", "), to_string(chunk)));
    }
    // Who shortens a dataset takes the chunks behind its new end out of the tree.
    for (int d = 0; d < chunk.rank(); ++d) {
      if (position[d] >= 0 && position[d] < walk_.grid().counts()[d]) continue;
      throw Error(ErrorKind::corrupt,
                  fmt::format("a chunk begins at ({}), outside the dataset of {} values",
                              fmt::join(entry.key, ", "), to_string(walk_.grid().shape())));
    }
    walk_.add(position, entry.child, entry.size, entry.skipped);
  }

  Hdf5IndexWalk& walk_;
  std::size_t key_values_;
  std::uint64_t head_bytes_, key_bytes_, entry_bytes_;
  std::vector<Entry> entries_;  // of the node that is being read
};

}  // namespace

void read_btree1(Hdf5IndexWalk& walk) { Btree1(walk).read(); }

}  // namespace gridmill
