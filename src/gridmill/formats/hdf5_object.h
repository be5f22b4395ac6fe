// hdf5_object.h: object headers (versions 1 and 2): the messages that describe a group, a dataset
// or a named type, wherever their continuation blocks lie.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/formats/hdf5_blocks.h"

namespace gridmill {

enum class Hdf5MessageType : int {
  nil = 0,
  dataspace = 1,
  link_info = 2,
  datatype = 3,
  old_fill = 4,
  fill = 5,
  link = 6,
  external_files = 7,
  layout = 8,
  group_info = 10,
  filters = 11,
  attribute = 12,
  continuation = 16,
  symbol_table = 17,
  attribute_info = 21,
};

struct Hdf5Message {
  Hdf5MessageType type = Hdf5MessageType::nil;
  bool is_shared = false;   // `bytes` say where the message is
  std::uint32_t order = 0;  // of creation, where the object tracks it
  Bytes bytes;
};

struct Hdf5Object {
  std::uint64_t address = kNoAddress;
  bool tracks_attribute_order = false;
  std::vector<Hdf5Message> messages;  // in the order of the header

  const Hdf5Message* find(Hdf5MessageType type) const noexcept;  // the first
  bool is_group() const noexcept;
  bool is_dataset() const noexcept;
  bool is_type() const noexcept;  // a named ("committed") datatype
};

// Throws Error(corrupt) with the address; Error(unsupported) for other versions, and for messages
// that a reader must know and we don't.
Hdf5Object read_hdf5_object(Hdf5Blocks& blocks, std::uint64_t address);

// The object header that a shared message refers to. Throws Error(unsupported) for messages in a
// file-wide heap of shared messages.
std::uint64_t shared_hdf5_address(const Hdf5Blocks& blocks, ByteView shared);

// A message of the object that is not shared; Error(corrupt) if it is missing.
const Hdf5Message& required_message(const Hdf5Object& object, Hdf5MessageType type);

}  // namespace gridmill
