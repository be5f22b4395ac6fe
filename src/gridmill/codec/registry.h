// registry.h: which bytes -> bytes codecs exist: one explicit table, from name to codec.
//
// A ByteCodec is a value; its kinds have the same functions (zstd.h shows them), which the chain
// calls by std::visit. What is not in the table is refused by name.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/codec/blosc.h"
#include "gridmill/codec/crc32c.h"
#include "gridmill/codec/deflate.h"
#include "gridmill/codec/zstd.h"

namespace gridmill {

using ByteCodec = std::variant<BloscCodec, ZstdCodec, GzipCodec, ZlibCodec, Crc32cCodec>;

struct CodecEntry {
  std::string_view name;   // in v3
  std::string_view v2_id;  // "" if v2 has none
  std::string_view alias;  // another v3 name, "" if none
  ByteCodec (*from_v3)(const Json& configuration, std::int64_t item_size);
  ByteCodec (*from_v2)(const Json& object, std::int64_t item_size);
};

std::span<const CodecEntry> codec_table();

// {"name": ..., "configuration": {...}}, or a bare name. `item_size` is the element's, 1 behind
// another codec. Error(unsupported) for an unknown codec, Error(corrupt) for a bad configuration.
ByteCodec byte_codec_from_v3(const Json& codec, std::int64_t item_size);
// {"id": ..., ...}
ByteCodec byte_codec_from_v2(const Json& codec, std::int64_t item_size);

// Refuses by name, saying what is there and the nearest spelling.
[[noreturn]] void throw_unknown_codec(std::string_view name);

std::string_view name_of(const ByteCodec& codec) noexcept;

}  // namespace gridmill
