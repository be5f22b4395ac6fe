// Zarr v3's zarr.json of an array.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/exact_json.h"
#include "gridmill/zarr/data_type_names.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/fill_json.h"
#include "gridmill/zarr/metadata_checks.h"
#include "gridmill/zarr/record_type.h"
#include "gridmill/zarr/rectilinear_grid.h"

namespace gridmill {
namespace {

constexpr std::array<std::string_view, 11> kMembers{
    "zarr_format",         "node_type",  "shape",  "data_type",  "chunk_grid",
    "chunk_key_encoding",  "fill_value", "codecs", "attributes", "dimension_names",
    "storage_transformers"};

void refuse_extensions(const Json& document) {
  refuse_unknown_members(document, kMembers);
  for (const char* name : {"data_type", "chunk_grid", "chunk_key_encoding"}) {
    refuse_optional_member(document, name);
  }
  if (!document.contains("storage_transformers")) return;
  const Json& transformers = document["storage_transformers"];
  if (!transformers.is_array() || !transformers.empty()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("storage transformers {} are not supported", transformers.dump()));
  }
}

void read_chunk_grid(const Json& document, ArrayMetadata& metadata) {
  const Json& grid = json_member(document, "chunk_grid", "array");
  const std::string name = json_string(grid, "name", "chunk_grid");
  if (name != "regular" && name != "rectilinear") {
    throw Error(ErrorKind::unsupported, fmt::format("chunk grid \"{}\" is not supported", name));
  }
  const Json& configuration = json_member(grid, "configuration", "chunk_grid");
  if (name == "regular") {
    metadata.chunk =
        shape_from_json(json_member(configuration, "chunk_shape", "chunk_grid"), "chunk_shape", 1);
    return;
  }
  std::vector<ChunkRuns> runs = rectilinear_from_json(configuration, metadata.shape);
  const ChunkGrid chunks = ChunkGrid::rectilinear(metadata.shape, runs);
  metadata.chunk = chunks.chunk();
  if (!chunks.is_regular()) metadata.runs = std::move(runs);
}

Json chunk_grid_to_v3(const ArrayMetadata& metadata) {
  if (metadata.is_rectilinear()) {
    return {{"name", "rectilinear"}, {"configuration", rectilinear_to_json(metadata.runs)}};
  }
  return {{"name", "regular"},
          {"configuration", {{"chunk_shape", shape_to_json(metadata.unit())}}}};
}

void read_chunk_keys(const Json& document, ArrayMetadata& metadata) {
  const Json& encoding = json_member(document, "chunk_key_encoding", "array");
  const std::string name = encoding.is_string()
                               ? encoding.get<std::string>()
                               : json_string(encoding, "name", "chunk_key_encoding");
  if (name != "default" && name != "v2") {
    throw Error(ErrorKind::unsupported,
                fmt::format("chunk key encoding \"{}\" is not supported", name));
  }
  metadata.chunk_keys = name == "v2" ? ChunkKeys::v2 : ChunkKeys::slashed;
  metadata.separator = name == "v2" ? '.' : '/';
  if (!encoding.is_object() || !encoding.contains("configuration")) return;
  const Json& configuration = encoding["configuration"];
  if (!configuration.is_object() || !configuration.contains("separator")) return;
  metadata.separator =
      separator_from(json_string(configuration, "separator", "chunk_key_encoding"));
}

std::optional<std::vector<std::string>> dimension_names_from(const Json& document) {
  if (!document.contains("dimension_names") || document["dimension_names"].is_null()) {
    return std::nullopt;
  }
  const Json& list = document["dimension_names"];
  if (!list.is_array()) throw Error(ErrorKind::corrupt, "dimension_names is not a list");
  std::vector<std::string> names;
  for (const Json& name : list) {
    if (!name.is_string() && !name.is_null()) {
      throw Error(ErrorKind::corrupt, fmt::format("dimension name {} is no string", name.dump()));
    }
    names.push_back(name.is_string() ? name.get<std::string>() : "");
  }
  return names;
}

std::set<int> blank_names_from(const Json& document) {
  std::set<int> blank;
  const Json names = document.value("dimension_names", Json());
  for (int d = 0; d < static_cast<int>(names.size()); ++d) {
    if (names[static_cast<std::size_t>(d)] == "") blank.insert(d);
  }
  return blank;
}

bool is_codec(const Json& codec, std::string_view name) {
  if (codec.is_string()) return codec.get<std::string>() == name;
  return codec.is_object() && codec.value("name", Json()) == Json(std::string(name));
}

// Records are copied as bytes: their members are in the order that we have.
void check_record_order(const ArrayMetadata& metadata) {
  if (is_record(metadata.type_document) && metadata.codecs.is_big_endian()) {
    throw Error(ErrorKind::unsupported, "records in big-endian order are not supported");
  }
}

// To us a record has no byte order, but `struct` must be told of one.
Json with_record_order(Json codecs) {
  for (Json& codec : codecs) {
    if (is_codec(codec, "bytes")) codec["configuration"] = {{"endian", "little"}};
    if (!is_codec(codec, ShardingCodec::kName)) continue;
    Json& inner = codec["configuration"]["codecs"];
    inner = with_record_order(std::move(inner));
  }
  return codecs;
}

Json codecs_to_v3(const ArrayMetadata& metadata) {
  Json codecs = metadata.sharding ? Json::array({sharding_codec(metadata).to_v3(metadata.type)})
                                  : metadata.codecs.to_v3(metadata.type);
  const Json& document = metadata.type_document;
  const bool is_struct = is_record(document) && document["name"] == "struct";
  if (!is_struct || !has_byte_order(record_members(document))) return codecs;
  return with_record_order(std::move(codecs));
}

}  // namespace

ArrayMetadata array_metadata_from_v3(const Json& document) {
  if (json_int(document, "zarr_format", "array") != 3) {
    throw Error(ErrorKind::unsupported,
                fmt::format("Zarr format {} is not supported", document["zarr_format"].dump()));
  }
  refuse_extensions(document);
  ArrayMetadata metadata;
  metadata.shape = shape_from_json(json_member(document, "shape", "array"), "shape", 0);
  const ZarrType data_type = data_type_from_v3(json_member(document, "data_type", "array"));
  metadata.type = data_type.type;
  metadata.type_document = data_type.document;
  read_chunk_grid(document, metadata);
  read_chunk_keys(document, metadata);
  metadata.codecs =
      CodecChain::from_v3(with_doubles(json_member(document, "codecs", "array")), metadata.type,
                          metadata.shape.rank(), narrow_of(metadata.type_document));
  check_record_order(metadata);
  metadata.fill = fill_from_json(with_doubles(json_member(document, "fill_value", "array")),
                                 metadata.type, metadata.type_document, 3);
  settle_shards(metadata);
  metadata.dimension_names = dimension_names_from(document);
  metadata.blank_names = blank_names_from(document);
  if (document.contains("attributes")) {
    metadata.attributes = Attributes::from_json(document["attributes"]);
  }
  check_layout(metadata);
  check_fill(metadata);
  return metadata;
}

UnreadableArray unreadable_array_from_v3(const Json& document, std::string reason) {
  UnreadableArray array;
  array.shape = shape_from_json(json_member(document, "shape", "array"), "shape", 0);
  array.dimension_names = dimension_names_from(document);
  if (document.contains("attributes")) {
    array.attributes = Attributes::from_json(document["attributes"]);
  }
  array.reason = std::move(reason);
  return array;
}

Json array_metadata_to_v3(const ArrayMetadata& metadata) {
  Json document = {{"zarr_format", 3}, {"node_type", "array"}};
  document["shape"] = shape_to_json(metadata.shape);
  document["data_type"] = data_type_to_v3(metadata.type, metadata.type_document);
  document["chunk_grid"] = chunk_grid_to_v3(metadata);
  document["chunk_key_encoding"] = {
      {"name", metadata.chunk_keys == ChunkKeys::v2 ? "v2" : "default"},
      {"configuration", {{"separator", std::string(1, metadata.separator)}}}};
  document["fill_value"] = fill_to_json(metadata.fill, metadata.type, metadata.type_document, 3);
  document["codecs"] = codecs_to_v3(metadata);
  document["attributes"] = metadata.attributes.to_json();
  if (metadata.dimension_names) {
    Json names = Json::array();
    for (const std::string& name : *metadata.dimension_names) {
      const bool is_null =
          name.empty() && !metadata.blank_names.contains(static_cast<int>(names.size()));
      names.push_back(is_null ? Json() : Json(name));
    }
    document["dimension_names"] = names;
  }
  document["storage_transformers"] = Json::array();
  return document;
}

}  // namespace gridmill
