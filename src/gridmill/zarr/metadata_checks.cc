#include "gridmill/zarr/metadata_checks.h"

#include <fmt/format.h>

#include <optional>

#include "gridmill/base/checked.h"
#include "gridmill/zarr/fill_json.h"
#include "gridmill/zarr/record_type.h"

namespace gridmill {
namespace {

// Whole chunks make up each shard. In a regular grid all have one shape, in a rectilinear one their
// extents differ from run to run.
void check_shards(const ArrayMetadata& metadata) {
  if (!metadata.sharding && metadata.codecs.sharding() == nullptr) return;
  std::optional<ShardingCodec> codec;
  if (metadata.sharding) codec = sharding_codec(metadata);
  const auto check = [&](const Shape& shard) {
    (void)(codec ? codec->check_shape(shard) : metadata.codecs.chunks_of_shard(shard));
  };
  check(metadata.unit());
  for (int d = 0; d < metadata.shape.rank() && metadata.is_rectilinear(); ++d) {
    Shape shard = metadata.unit();
    for (const ChunkRun& run : metadata.runs[static_cast<std::size_t>(d)]) {
      shard[d] = run.extent;
      check(shard);
    }
  }
}

}  // namespace

Shape shape_from_json(const Json& list, std::string_view what, std::int64_t least) {
  if (!list.is_array()) throw Error(ErrorKind::corrupt, fmt::format("{} is not a list", what));
  Shape shape;
  for (const Json& item : list) {
    const bool fits = item.is_number_integer() &&
                      (!item.is_number_unsigned() || item.get<std::uint64_t>() >> 63 == 0);
    if (!fits || item.get<std::int64_t>() < least) {
      throw Error(ErrorKind::corrupt, fmt::format("{} holds {}, which is no integer from {} on",
                                                  what, item.dump(), least));
    }
    shape.push_back(item.get<std::int64_t>());
  }
  return shape;
}

Json shape_to_json(const Shape& shape) {
  return std::vector<std::int64_t>(shape.begin(), shape.end());
}

void check_layout(const ArrayMetadata& metadata) {
  if (metadata.chunk.rank() != metadata.shape.rank()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("chunks {} and shape {} differ in rank", to_string(metadata.chunk),
                            to_string(metadata.shape)));
  }
  checked_mul(volume(metadata.shape), metadata.type.size, "the array's size");
  const std::int64_t chunk =
      checked_mul(volume(metadata.chunk), metadata.type.size, "a chunk's size");
  if (chunk > kMaxChunkBytes) {
    throw Error(ErrorKind::unsupported,
                fmt::format("chunks {} of {} hold {} bytes each, more than the supported 2 GiB",
                            to_string(metadata.chunk), metadata.type.name(), chunk));
  }
  metadata.codecs.check_form(metadata.type, metadata.chunk);
  check_shards(metadata);
  if (metadata.dimension_names &&
      static_cast<int>(metadata.dimension_names->size()) != metadata.shape.rank()) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} dimension names for {} dimensions",
                            metadata.dimension_names->size(), metadata.shape.rank()));
  }
}

void check_fill(const ArrayMetadata& metadata) {
  if (metadata.fill.is_null() || metadata.type.is_string()) return;
  const std::vector<std::byte> element = metadata.fill.element(metadata.type);
  try {
    metadata.codecs.check_fill({element.data(), metadata.type, {1}, {metadata.type.size}});
  } catch (const Error& error) {
    throw Error(ErrorKind::corrupt,
                fmt::format("fill_value {}: {}",
                            fill_to_json(metadata.fill, metadata.type, metadata.type_document,
                                         metadata.zarr_format)
                                .dump(),
                            error.message()));
  }
}

void check_writable(const ArrayMetadata& metadata) {
  if (is_record(metadata.type_document) && metadata.codecs.is_big_endian()) {
    throw Error(ErrorKind::unsupported,
                "a record's members have the byte order that its data type says: leave \"endian\" "
                "out of --codec, or say \"little\"");
  }
  const bool is_opaque =
      metadata.type.kind == ScalarKind::bytes && !metadata.type_document.is_null();
  if (!is_opaque || metadata.zarr_format != 2) return;
  const Json filters = metadata.codecs.v2_filters(metadata.type);
  for (const Json& filter : filters) {
    if (filter.value("id", Json()) != Json(std::string(Msgpack2Codec::kName))) continue;
    throw Error(ErrorKind::unsupported,
                fmt::format("codec msgpack2 of {} is read, not written: choose another --codec",
                            spelled_name(metadata.type, metadata.type_document)));
  }
}

char separator_from(const std::string& text) {
  if (text != "/" && text != ".") {
    throw Error(ErrorKind::corrupt, fmt::format("the separator \"{}\" is neither . nor /", text));
  }
  return text[0];
}

}  // namespace gridmill
