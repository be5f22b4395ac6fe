#include "gridmill/formats/hdf5_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr int kLastKnownMessage = 24;
constexpr std::uint8_t kSharedFlag = 2, kMustKnowFlag = 0x80;

struct Extent {
  std::uint64_t address = 0, size = 0;
};

class HeaderReader {
 public:
  HeaderReader(Hdf5Blocks& blocks, std::uint64_t address) : blocks_(blocks) {
    object_.address = address;
    const Bytes start = blocks_.read(address, 4);
    if (as_text(start) == "OHDR") {
      read_new();
    } else {
      read_old();
    }
  }
  Hdf5Object take() { return std::move(object_); }

 private:
  void read_old() {
    const Bytes prefix = blocks_.read(object_.address, 16);
    Hdf5Cursor cursor = blocks_.cursor(prefix);
    const int version = cursor.u8();
    if (version != 1) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("no object header is here (version {})", version));
    }
    cursor.skip(7);  // reserved, number of messages, reference count
    enqueue({object_.address + 16, cursor.u32()});
    while (!extents_.empty()) {
      const Bytes bytes = next();
      Hdf5Cursor messages = blocks_.cursor(bytes);
      while (messages.left() >= 8) message_of_version_1(messages);
    }
  }

  void message_of_version_1(Hdf5Cursor& cursor) {
    const int type = cursor.u16();
    const std::uint16_t size = cursor.u16();
    const std::uint8_t flags = cursor.u8();
    cursor.skip(3);
    add(type, flags, 0, cursor.take(size));
  }

  void read_new() {
    const std::uint64_t there = blocks_.file().end() - object_.address;
    const Bytes prefix = blocks_.read(object_.address, std::min<std::uint64_t>(there, 34));
    Hdf5Cursor cursor = blocks_.cursor(prefix);
    cursor.skip(4);
    const int version = cursor.u8();
    if (version != 2) {
      throw Error(ErrorKind::unsupported, fmt::format("an object header of version {}", version));
    }
    const std::uint8_t flags = cursor.u8();
    constexpr std::uint8_t kSizeBits = 3, kOrder = 4, kPhase = 16, kTimes = 32;
    object_.tracks_attribute_order = (flags & kOrder) != 0;
    if ((flags & kTimes) != 0) cursor.skip(16);
    if ((flags & kPhase) != 0) cursor.skip(4);
    const std::uint64_t size = cursor.uint(1 << (flags & kSizeBits));
    const std::size_t head = cursor.position();
    // The checksum covers the prefix too, so that the first block is read with it.
    blocks_.file().check(object_.address + head, size);
    const Bytes first = blocks_.read(object_.address, head + size + 4);
    check_hdf5_checksum(first, "the object header");
    messages_of_version_2(ByteView(first).subspan(head, size));
    while (!extents_.empty()) {
      const Bytes bytes = next();
      check_hdf5_checksum(bytes, "a continuation block");
      Hdf5Cursor(bytes, blocks_.file()).expect("OCHK");
      if (bytes.size() < 8) throw Error(ErrorKind::corrupt, "a continuation block is too short");
      messages_of_version_2(ByteView(bytes).subspan(4, bytes.size() - 8));
    }
  }

  void messages_of_version_2(ByteView bytes) {
    Hdf5Cursor cursor = blocks_.cursor(bytes);
    const std::size_t head = object_.tracks_attribute_order ? 6 : 4;
    while (cursor.left() >= head) {  // less is a gap
      const int type = cursor.u8();
      const std::uint16_t size = cursor.u16();
      const std::uint8_t flags = cursor.u8();
      const std::uint32_t order = object_.tracks_attribute_order ? cursor.u16() : 0;
      add(type, flags, order, cursor.take(size));
    }
  }

  void add(int type, std::uint8_t flags, std::uint32_t order, ByteView bytes) {
    const auto known = static_cast<Hdf5MessageType>(type);
    if (known == Hdf5MessageType::nil) return;
    if (known == Hdf5MessageType::continuation) {
      Hdf5Cursor cursor = blocks_.cursor(bytes);
      const std::uint64_t address = cursor.offset();
      return enqueue({address, cursor.length()});
    }
    if (type > kLastKnownMessage && (flags & kMustKnowFlag) != 0) {
      throw Error(ErrorKind::unsupported, fmt::format("a header message of type {}", type));
    }
    object_.messages.push_back(
        {known, (flags & kSharedFlag) != 0, order, Bytes(bytes.begin(), bytes.end())});
  }

  void enqueue(Extent extent) {
    if (!seen_.insert(extent.address).second) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("a continuation block leads back to address {}", extent.address));
    }
    extents_.push_back(extent);
  }

  Bytes next() {
    const Extent extent = extents_.front();
    extents_.pop_front();
    return blocks_.read(extent.address, extent.size);
  }

  Hdf5Blocks& blocks_;
  Hdf5Object object_;
  std::deque<Extent> extents_;
  std::set<std::uint64_t> seen_;
};

}  // namespace

const Hdf5Message* Hdf5Object::find(Hdf5MessageType type) const noexcept {
  const auto found = std::find_if(messages.begin(), messages.end(),
                                  [&](const Hdf5Message& m) { return m.type == type; });
  return found == messages.end() ? nullptr : &*found;
}

bool Hdf5Object::is_group() const noexcept {
  return find(Hdf5MessageType::symbol_table) != nullptr ||
         find(Hdf5MessageType::link_info) != nullptr;
}

bool Hdf5Object::is_dataset() const noexcept {
  return find(Hdf5MessageType::datatype) != nullptr && find(Hdf5MessageType::dataspace) != nullptr;
}

bool Hdf5Object::is_type() const noexcept {
  return !is_dataset() && find(Hdf5MessageType::datatype) != nullptr;
}

Hdf5Object read_hdf5_object(Hdf5Blocks& blocks, std::uint64_t address) {
  return in_context([&] { return fmt::format("object header at address {}", address); },
                    [&] { return HeaderReader(blocks, address).take(); });
}

std::uint64_t shared_hdf5_address(const Hdf5Blocks& blocks, ByteView shared) {
  Hdf5Cursor cursor = blocks.cursor(shared);
  const int version = cursor.u8();
  const int type = cursor.u8();
  if (version == 1) {
    cursor.skip(6);
  } else if (version == 3 && type == 1) {
    throw Error(ErrorKind::unsupported, "a message in the file's heap of shared messages");
  } else if (version != 2 && version != 3) {
    throw Error(ErrorKind::corrupt, fmt::format("a shared message of version {}", version));
  }
  return cursor.offset();
}

const Hdf5Message& required_message(const Hdf5Object& object, Hdf5MessageType type) {
  const Hdf5Message* message = object.find(type);
  if (message == nullptr) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the object header at address {} has no message of type {}",
                            object.address, static_cast<int>(type)));
  }
  if (message->is_shared) {
    throw Error(ErrorKind::unsupported, "a message in the file's heap of shared messages");
  }
  return *message;
}

}  // namespace gridmill
