#include "gridmill/zarr/metadata.h"

#include <fmt/format.h>

namespace gridmill {

ArrayMetadata new_array_metadata(int zarr_format, DataType type, Shape shape, Shape chunk) {
  ArrayMetadata metadata;
  metadata.zarr_format = zarr_format;
  metadata.shape = shape;
  metadata.chunk = chunk;
  metadata.type = type;
  metadata.fill = zarr_format == 2 ? FillValue::null(type) : FillValue::zero(type);
  metadata.codecs = default_chain(type);
  if (zarr_format == 2) {
    metadata.chunk_keys = ChunkKeys::v2;
    metadata.separator = '.';
  }
  return metadata;
}

std::optional<AbsentValue> absent_value(const ArrayMetadata& metadata) {
  if (metadata.fill.is_null()) return std::nullopt;
  if (metadata.type.is_string()) return AbsentValue{{}, metadata.fill.text()};
  return AbsentValue{metadata.fill.element(metadata.type), {}};
}

void settle_shards(ArrayMetadata& metadata) {
  if (!metadata.sharding && metadata.codecs.is_only_sharding()) {
    const ShardingCodec codec = *metadata.codecs.sharding();
    metadata.sharding = Sharding{metadata.chunk, codec.index};
    metadata.chunk = codec.chunk;
    metadata.codecs = *codec.codecs;
  }
  if (const auto absent = absent_value(metadata)) metadata.codecs.set_absent(*absent);
}

ShardingCodec sharding_codec(const ArrayMetadata& metadata) {
  return {metadata.chunk, std::make_shared<const CodecChain>(metadata.codecs),
          metadata.sharding.value().index, absent_value(metadata)};
}

std::string chunk_key(const ArrayMetadata& metadata, const Index& position) {
  const bool is_slashed = metadata.chunk_keys == ChunkKeys::slashed;
  std::string key = is_slashed ? "c" : "";
  for (int d = 0; d < position.rank(); ++d) {
    if (is_slashed || d > 0) key += metadata.separator;
    key += fmt::format("{}", position[d]);
  }
  return key.empty() ? "0" : key;
}

}  // namespace gridmill
