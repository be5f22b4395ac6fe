// registry.h: which bytes -> bytes codecs exist: one explicit table, from name to codec.
//
// A ByteCodec is a value; its kinds have the same functions (zstd.h shows them), which the chain
// calls by std::visit. What is not in the table is refused by name. The names are those of Zarr v3
// and of numcodecs: whatever numcodecs has is there as `numcodecs.NAME`, too.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/codec/base64_codec.h"
#include "gridmill/codec/blosc.h"
#include "gridmill/codec/bz2.h"
#include "gridmill/codec/checksum32.h"
#include "gridmill/codec/crc32c.h"
#include "gridmill/codec/deflate.h"
#include "gridmill/codec/flat_codec.h"
#include "gridmill/codec/fletcher32.h"
#include "gridmill/codec/jenkins_lookup3.h"
#include "gridmill/codec/lz4_codec.h"
#include "gridmill/codec/lzma_codec.h"
#include "gridmill/codec/shuffle_codec.h"
#include "gridmill/codec/zstd.h"

namespace gridmill {

using ByteCodec =
    std::variant<BloscCodec, ZstdCodec, GzipCodec, ZlibCodec, Crc32cCodec, Bz2Codec, LzmaCodec,
                 Lz4Codec, ShuffleCodec, Base64Codec, Crc32Codec, Adler32Codec, LocatedCrc32cCodec,
                 Fletcher32Codec, JenkinsLookup3Codec, FlatCodec>;

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

// A codec that only adds a checksum, of kChecksumSize bytes (checksum_bytes.h).
bool is_checksum(const ByteCodec& codec) noexcept;
// Of a checksum: the content, a part of `stored`; Error(corrupt) if the checksum is another.
ByteView verified(const ByteCodec& codec, ByteView stored);
// Of any other: fills `out` exactly, or takes at most `limit` bytes; else Error(corrupt).
void decode_sized(const ByteCodec& codec, ByteView stored, MutableByteView out,
                  CodecContext& context);
void decode_unsized(const ByteCodec& codec, ByteView stored, std::int64_t limit, Buffer& out,
                    CodecContext& context);
// What a decoder's state takes, where that is more than a few hundred kB.
std::int64_t decoder_size(const ByteCodec& codec);

}  // namespace gridmill
