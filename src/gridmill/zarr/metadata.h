// metadata.h: one Zarr array's metadata, v2 (.zarray and .zattrs) and v3 (zarr.json) alike.
//
// Strict about what it doesn't know: unknown extensions that must be understood, storage
// transformers, other grids than the regular and the rectilinear one and unknown data types are
// refused by name (Error(unsupported)); contradictions are Error(corrupt). Sizes are checked before
// anything is allocated: a chunk has at most 2 GiB. A plain value.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/chain.h"
#include "gridmill/store/key.h"
#include "gridmill/zarr/data_type_names.h"
#include "gridmill/zarr/fill_value.h"

namespace gridmill {

enum class ChunkKeys {
  slashed,  // v3 "default": c/1/2
  v2,       // 1.2
};

// A key's value is a shard: whole chunks and an index of where each lies, nothing around it. Shards
// inside of it, or behind other codecs, are the chain's (codec/sharding_codec.h).
struct Sharding {
  Shape shard;  // in elements; multiples of the chunk; of the largest where they differ
  ShardIndexForm index;
  friend bool operator==(const Sharding&, const Sharding&) = default;
};

struct ArrayMetadata {
  int zarr_format = 3;
  Shape shape;
  Shape chunk;  // the unit that is encoded, the largest if they differ; in shards the inner chunk
  std::optional<Sharding> sharding;
  // Of a rectilinear grid, which is read and never written: the chunks (or shards) along each
  // dimension. Empty: a regular grid.
  std::vector<ChunkRuns> runs;
  DataType type;
  // What `type` leaves open: datetime64's unit, a record's members (data_type_names.h). Null: none.
  Json type_document;
  // v2's dtype of records some of whose members are big-endian, as it is stored; `type_document`
  // and `fill` have them in memory's order. Null: no other than that.
  Json stored_document;
  FillValue fill;
  CodecChain codecs;
  // v3's names, "" for null; v2's _ARRAY_DIMENSIONS. nullopt: unnamed.
  std::optional<std::vector<std::string>> dimension_names;
  std::set<int> blank_names;  // dimensions that v3 names "", not null
  Attributes attributes;      // v2: without _ARRAY_DIMENSIONS if that says the names
  ChunkKeys chunk_keys = ChunkKeys::slashed;
  char separator = '/';

  bool is_rectilinear() const noexcept { return !runs.empty(); }
  // Chunks over the shape, shards disregarded: those of shards make a regular grid in any case.
  ChunkGrid grid() const { return sharding ? ChunkGrid(shape, chunk) : key_grid(); }
  // What one stored key holds: a shard where there are any, else a chunk; the largest.
  const Shape& unit() const noexcept { return sharding ? sharding->shard : chunk; }
  ChunkGrid key_grid() const {
    return is_rectilinear() ? ChunkGrid::rectilinear(shape, runs) : ChunkGrid(shape, unit());
  }
};

// An array that can't be read here: what is known of it, enough to list it, and why.
struct UnreadableArray {
  ErrorKind kind = ErrorKind::unsupported;  // or corrupt: then nothing but the reason is known
  Shape shape;
  std::optional<std::vector<std::string>> dimension_names;
  Attributes attributes;
  std::string reason;
};

// Of codecs that make a shard of a whole key, and nothing else: makes them `sharding`, `chunk` and
// the chunks' codecs. Tells shards inside, and behind other codecs, of the fill value. Whoever sets
// codecs calls it when all else is set.
void settle_shards(ArrayMetadata& metadata);

// The codec that makes the shards of `metadata.sharding`.
ShardingCodec sharding_codec(const ArrayMetadata& metadata);

// What is left out because it holds nothing else; nullopt for v2's null fill: nothing.
std::optional<AbsentValue> absent_value(const ArrayMetadata& metadata);

// The defaults of a format for a new array: key encoding, separator.
ArrayMetadata new_array_metadata(int zarr_format, DataType type, Shape shape, Shape chunk);

ArrayMetadata array_metadata_from_v3(const Json& document);
// `attributes` is .zattrs, or an empty object.
ArrayMetadata array_metadata_from_v2(const Json& document, const Json& attributes);

// Of documents that the functions above refuse with Error(unsupported).
UnreadableArray unreadable_array_from_v3(const Json& document, std::string reason);
UnreadableArray unreadable_array_from_v2(const Json& document, const Json& attributes,
                                         std::string reason);

Json array_metadata_to_v3(const ArrayMetadata& metadata);
Json array_metadata_to_v2(const ArrayMetadata& metadata);    // .zarray
Json array_attributes_to_v2(const ArrayMetadata& metadata);  // .zattrs

// "c/1/2" below the array; `position` is in key_grid().
std::string chunk_key(const ArrayMetadata& metadata, const Index& position);

}  // namespace gridmill
