#include "gridmill/formats/hdf5_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/formats/hdf5_fractal_heap.h"
#include "gridmill/formats/hdf5_record_tree.h"

namespace gridmill {
namespace {

constexpr int kNameRecords = 5;
constexpr int kMostTreeDepth = 32;

Hdf5Link parse_link(ByteView message, const Hdf5Blocks& blocks) {
  constexpr std::uint8_t kLengthBits = 3, kHasOrder = 4, kHasType = 8, kHasCharset = 16;
  constexpr int kHard = 0, kSoft = 1, kExternal = 64;
  Hdf5Cursor cursor = blocks.cursor(message);
  if (const int version = cursor.u8(); version != 1) {
    throw Error(ErrorKind::unsupported, fmt::format("a link message of version {}", version));
  }
  const std::uint8_t flags = cursor.u8();
  Hdf5Link link;
  const int type = (flags & kHasType) != 0 ? cursor.u8() : kHard;
  if ((flags & kHasOrder) != 0) link.order = static_cast<std::int64_t>(cursor.u64());
  if ((flags & kHasCharset) != 0) cursor.skip(1);
  link.name = as_text(cursor.take(cursor.uint(1 << (flags & kLengthBits))));
  if (type == kHard) {
    link.address = cursor.offset();
  } else if (type == kSoft) {
    link.kind = Hdf5Link::Kind::soft;
    link.target = as_text(cursor.take(cursor.u16()));
  } else if (type == kExternal) {
    link.kind = Hdf5Link::Kind::external;
  } else {
    throw Error(ErrorKind::unsupported, fmt::format("link {} is of type {}", link.name, type));
  }
  return link;
}

// "Disk Format: Level 1B - Group Symbol Table Nodes" below a version 1 B-tree.
class SymbolTable {
 public:
  SymbolTable(Hdf5Blocks& blocks, ByteView message) : blocks_(blocks) {
    Hdf5Cursor cursor = blocks.cursor(message);
    tree_ = cursor.offset();
    read_names(cursor.offset());
  }

  std::vector<Hdf5Link> read() {
    tree(tree_, kMostTreeDepth);
    return std::move(links_);
  }

 private:
  void read_names(std::uint64_t address) {
    const auto o = static_cast<std::uint64_t>(blocks_.file().offset_size());
    const auto l = static_cast<std::uint64_t>(blocks_.file().length_size());
    in_context([&] { return fmt::format("local heap at address {}", address); },
               [&] {
                 const Bytes bytes = blocks_.read(address, 8 + 2 * l + o);
                 Hdf5Cursor cursor = blocks_.cursor(bytes);
                 cursor.expect("HEAP");
                 cursor.skip(4);
                 const std::uint64_t size = cursor.length();
                 cursor.length();  // of the free list
                 names_ = blocks_.read(cursor.offset(), size);
               });
  }

  std::string text(std::uint64_t offset) const {
    const std::string_view all = as_text(names_);
    const std::size_t end = offset < all.size() ? all.find('\0', offset) : std::string_view::npos;
    if (end == std::string_view::npos) {
      throw Error(ErrorKind::corrupt, fmt::format("no name is at {} of the local heap", offset));
    }
    return std::string(all.substr(offset, end - offset));
  }

  void tree(std::uint64_t address, int most_levels) {
    in_context([&] { return fmt::format("B-tree node at address {}", address); },
               [&] {
                 if (!seen_.insert(address).second || most_levels == 0) {
                   throw Error(ErrorKind::corrupt, "the tree leads here twice");
                 }
                 tree_node(address, most_levels);
               });
  }

  void tree_node(std::uint64_t address, int most_levels) {
    const auto o = static_cast<std::uint64_t>(blocks_.file().offset_size());
    const auto l = static_cast<std::uint64_t>(blocks_.file().length_size());
    const Bytes head = blocks_.read(address, 8 + 2 * o);
    Hdf5Cursor cursor = blocks_.cursor(head);
    cursor.expect("TREE");
    const int type = cursor.u8();
    const int level = cursor.u8();
    const std::uint64_t count = cursor.u16();
    if (type != 0) throw Error(ErrorKind::corrupt, fmt::format("a tree of type {}", type));
    if (level >= most_levels) throw Error(ErrorKind::corrupt, fmt::format("level {}", level));
    const Bytes bytes = blocks_.read(address + head.size(), count * (l + o) + l);
    Hdf5Cursor entries = blocks_.cursor(bytes);
    for (std::uint64_t i = 0; i < count; ++i) {
      entries.length();  // a key
      const std::uint64_t child = entries.offset();
      level > 0 ? tree(child, level) : node(child);
    }
  }

  void node(std::uint64_t address) {
    in_context([&] { return fmt::format("symbol table node at address {}", address); },
               [&] {
                 if (!seen_.insert(address).second)
                   throw Error(ErrorKind::corrupt, "it is named twice");
                 const auto o = static_cast<std::uint64_t>(blocks_.file().offset_size());
                 const Bytes head = blocks_.read(address, 8);
                 Hdf5Cursor cursor = blocks_.cursor(head);
                 cursor.expect("SNOD");
                 cursor.skip(2);
                 const std::uint64_t count = cursor.u16();
                 const Bytes bytes = blocks_.read(address + 8, count * (2 * o + 24));
                 Hdf5Cursor entries = blocks_.cursor(bytes);
                 for (std::uint64_t i = 0; i < count; ++i) entry(entries);
               });
  }

  void entry(Hdf5Cursor& cursor) {
    constexpr std::uint32_t kSymbolicLink = 2;
    Hdf5Link link;
    link.name = text(cursor.offset());
    link.address = cursor.offset();
    const bool is_soft = cursor.u32() == kSymbolicLink;
    cursor.skip(4);
    Hdf5Cursor scratch = blocks_.cursor(cursor.take(16));
    if (is_soft) {
      link.kind = Hdf5Link::Kind::soft;
      link.target = text(scratch.u32());
    }
    blocks_.spend(link.name.size() + link.target.size());
    links_.push_back(std::move(link));
  }

  Hdf5Blocks& blocks_;
  std::uint64_t tree_ = kNoAddress;
  Bytes names_;
  std::set<std::uint64_t> seen_;
  std::vector<Hdf5Link> links_;
};

struct LinkInfo {
  bool is_ordered = false;
  std::uint64_t heap = kNoAddress, names = kNoAddress;
};

LinkInfo parse_link_info(ByteView message, const Hdf5Blocks& blocks) {
  constexpr std::uint8_t kTracked = 1;
  Hdf5Cursor cursor = blocks.cursor(message);
  if (const int version = cursor.u8(); version != 0) {
    throw Error(ErrorKind::unsupported, fmt::format("a link info message of version {}", version));
  }
  LinkInfo info;
  info.is_ordered = (cursor.u8() & kTracked) != 0;
  if (info.is_ordered) cursor.skip(8);
  info.heap = cursor.offset();
  info.names = cursor.offset();
  return info;
}

std::vector<Hdf5Link> dense_links(Hdf5Blocks& blocks, const LinkInfo& info) {
  std::vector<Bytes> ids;
  for_each_hdf5_record(blocks, info.names, kNameRecords, [&](ByteView record) {
    constexpr std::size_t kHashBytes = 4;
    if (record.size() < kHashBytes) throw Error(ErrorKind::corrupt, "a record without a hash");
    ids.emplace_back(record.begin() + kHashBytes, record.end());
  });
  std::vector<Hdf5Link> links;
  links.reserve(ids.size());
  Hdf5FractalHeap(blocks, info.heap).objects(ids, [&](std::size_t, const Bytes& link) {
    links.push_back(parse_link(link, blocks));
  });
  return links;
}

}  // namespace

std::vector<Hdf5Link> read_hdf5_links(Hdf5Blocks& blocks, const Hdf5Object& group) {
  std::vector<Hdf5Link> links;
  bool is_ordered = false;
  if (group.find(Hdf5MessageType::symbol_table) != nullptr) {
    links =
        SymbolTable(blocks, required_message(group, Hdf5MessageType::symbol_table).bytes).read();
  } else {
    const LinkInfo info =
        parse_link_info(required_message(group, Hdf5MessageType::link_info).bytes, blocks);
    is_ordered = info.is_ordered;
    if (info.heap != kNoAddress) links = dense_links(blocks, info);
    for (const Hdf5Message& message : group.messages) {
      if (message.type != Hdf5MessageType::link) continue;
      if (message.is_shared) throw Error(ErrorKind::unsupported, "a shared link message");
      blocks.spend(message.bytes.size());
      links.push_back(parse_link(message.bytes, blocks));
    }
  }
  std::stable_sort(links.begin(), links.end(), [&](const Hdf5Link& a, const Hdf5Link& b) {
    return is_ordered ? a.order < b.order : a.name < b.name;
  });
  return links;
}

}  // namespace gridmill
