#include "gridmill/zarr/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/zarr/type_names.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLargestChunk = std::int64_t{1} << 31;

Shape parse_extents(const Json& list, std::int64_t least, std::string_view what) {
  if (!list.is_array()) throw Error(ErrorKind::corrupt, fmt::format("{} is not a list", what));
  Shape shape;
  for (const Json& item : list) {
    if (!item.is_number_integer() || item.get<std::int64_t>() < least) {
      throw Error(ErrorKind::corrupt, fmt::format("{} holds {}, which is not a length", what,
                                                  dump_json(item, -1)));
    }
    shape.push_back(item.get<std::int64_t>());
  }
  return shape;
}

Json extents_to_json(const Shape& shape) {
  return Json(std::vector<std::int64_t>(shape.begin(), shape.end()));
}

void check_chunks(const ArrayMetadata& metadata) {
  if (metadata.chunks.rank() != metadata.shape.rank()) {
    throw Error(ErrorKind::corrupt, fmt::format("chunk shape {} does not match array shape {}",
                                                to_string(metadata.chunks),
                                                to_string(metadata.shape)));
  }
  (void)checked_mul(volume(metadata.shape), metadata.type.size, "the array's size");
  const std::int64_t bytes =
      checked_mul(volume(metadata.chunks), metadata.type.size, "the chunk's size");
  if (bytes > kLargestChunk) {
    throw Error(ErrorKind::unsupported,
                fmt::format("chunks of {} bytes: more than 2 GiB are not supported", bytes));
  }
}

void check_member(const Json& document, const char* name, const Json& wanted) {
  if (json_member(document, name, "zarr.json") != wanted) {
    throw Error(ErrorKind::corrupt, fmt::format("zarr.json: {} is {} instead of {}", name,
                                                dump_json(document[name], -1),
                                                dump_json(wanted, -1)));
  }
}

// Extension fields that we don't know may be ignored only if they say so.
void check_known(const Json& document) {
  static constexpr std::array<std::string_view, 12> kKnown{
      "zarr_format", "node_type",   "shape",      "data_type",       "chunk_grid", "chunk_key_encoding",
      "fill_value",  "codecs",      "attributes", "dimension_names", "storage_transformers",
      "consolidated_metadata"};
  for (const auto& [name, value] : document.items()) {
    if (std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end()) continue;
    if (value.is_object() && value.value("must_understand", Json(true)) == Json(false)) continue;
    throw Error(ErrorKind::unsupported,
                fmt::format("zarr.json: \"{}\" is not understood and does not say that it may be "
                            "ignored",
                            name));
  }
  if (document.contains("storage_transformers") && !document["storage_transformers"].empty()) {
    throw Error(ErrorKind::unsupported, "zarr.json: storage transformers are not supported");
  }
}

std::string extension_name(const Json& extension, std::string_view where) {
  return extension.is_string() ? extension.get<std::string>()
                               : json_string(extension, "name", where);
}

Shape parse_regular_grid(const Json& grid) {
  const std::string name = extension_name(grid, "chunk_grid");
  if (name != "regular") {
    throw Error(ErrorKind::unsupported,
                fmt::format("chunk grid \"{}\" is not supported, only \"regular\"", name));
  }
  const Json& configuration = json_member(grid, "configuration", "chunk_grid");
  return parse_extents(json_member(configuration, "chunk_shape", "chunk_grid"), 1, "chunk_shape");
}

void parse_key_encoding(const Json& encoding, ArrayMetadata& metadata) {
  const std::string name = extension_name(encoding, "chunk_key_encoding");
  if (name != "default" && name != "v2") {
    throw Error(ErrorKind::unsupported,
                fmt::format("chunk key encoding \"{}\" is not supported", name));
  }
  metadata.is_v2_keys = name == "v2";
  metadata.separator = metadata.is_v2_keys ? '.' : '/';
  if (!encoding.is_object() || !encoding.contains("configuration")) return;
  const Json& separator = encoding["configuration"].value("separator", Json());
  if (separator.is_null()) return;
  if (separator != "/" && separator != ".") {
    throw Error(ErrorKind::corrupt, "chunk_key_encoding: separator is neither \"/\" nor \".\"");
  }
  metadata.separator = separator.get<std::string>()[0];
}

void parse_dimension_names(const Json& names, ArrayMetadata& metadata) {
  if (!names.is_array() || names.size() != static_cast<std::size_t>(metadata.shape.rank())) {
    throw Error(ErrorKind::corrupt, "dimension_names does not match the array's dimensions");
  }
  std::vector<std::optional<std::string>> parsed;
  for (const Json& name : names) {
    if (!name.is_string() && !name.is_null()) {
      throw Error(ErrorKind::corrupt, "dimension_names holds something that is not a name");
    }
    parsed.push_back(name.is_null() ? std::nullopt : std::optional(name.get<std::string>()));
  }
  metadata.dimension_names = std::move(parsed);
}

bool has_object_codec(const Json& filters) {
  if (!filters.is_array()) return false;
  return std::any_of(filters.begin(), filters.end(), [](const Json& filter) {
    return filter.is_object() && filter.value("id", Json()) == "vlen-utf8";
  });
}

}  // namespace

std::string ArrayMetadata::chunk_key(const Index& position) const {
  if (position.rank() == 0) return is_v2_keys ? "0" : "c";
  std::string key = is_v2_keys ? "" : "c";
  for (const std::int64_t at : position) {
    if (!key.empty()) key += separator;
    key += std::to_string(at);
  }
  return key;
}

ArrayMetadata parse_array_v3(const Json& document) {
  check_member(document, "zarr_format", 3);
  check_member(document, "node_type", "array");
  check_known(document);
  ArrayMetadata metadata;
  metadata.format = 3;
  metadata.shape = parse_extents(json_member(document, "shape", "zarr.json"), 0, "shape");
  metadata.type = v3_type_from_json(json_member(document, "data_type", "zarr.json"));
  metadata.chunks = parse_regular_grid(json_member(document, "chunk_grid", "zarr.json"));
  check_chunks(metadata);
  parse_key_encoding(json_member(document, "chunk_key_encoding", "zarr.json"), metadata);
  metadata.fill = fill_from_json(json_member(document, "fill_value", "zarr.json"), metadata.type, 3);
  metadata.codecs = CodecChain::from_v3(json_member(document, "codecs", "zarr.json"), metadata.type,
                                        metadata.chunks);
  if (document.contains("dimension_names") && !document["dimension_names"].is_null()) {
    parse_dimension_names(document["dimension_names"], metadata);
  }
  if (document.contains("attributes")) {
    metadata.attributes = Attributes::from_json(document["attributes"]);
  }
  return metadata;
}

Json array_to_v3(const ArrayMetadata& metadata) {
  Json document{{"zarr_format", 3}, {"node_type", "array"}};
  document["shape"] = extents_to_json(metadata.shape);
  document["data_type"] = v3_type_to_json(metadata.type);
  document["chunk_grid"] = {{"name", "regular"},
                            {"configuration", {{"chunk_shape", extents_to_json(metadata.chunks)}}}};
  document["chunk_key_encoding"] = {
      {"name", metadata.is_v2_keys ? "v2" : "default"},
      {"configuration", {{"separator", std::string(1, metadata.separator)}}}};
  document["fill_value"] = fill_to_json(metadata.fill, metadata.type, 3);
  document["codecs"] = metadata.codecs.to_v3();
  document["attributes"] = metadata.attributes.to_json();
  if (metadata.dimension_names) {
    Json names = Json::array();
    for (const auto& name : *metadata.dimension_names) names.push_back(name ? Json(*name) : Json());
    document["dimension_names"] = std::move(names);
  }
  document["storage_transformers"] = Json::array();
  return document;
}

ArrayMetadata parse_array_v2(const Json& zarray, const Json& zattrs) {
  if (json_int(zarray, "zarr_format", ".zarray") != 2) {
    throw Error(ErrorKind::corrupt, ".zarray: zarr_format is not 2");
  }
  ArrayMetadata metadata;
  metadata.format = 2;
  metadata.is_v2_keys = true;
  metadata.shape = parse_extents(json_member(zarray, "shape", ".zarray"), 0, "shape");
  metadata.chunks = parse_extents(json_member(zarray, "chunks", ".zarray"), 1, "chunks");
  const Json filters = zarray.value("filters", Json());
  const V2Type type = v2_type_from_json(json_member(zarray, "dtype", ".zarray"),
                                        has_object_codec(filters));
  metadata.type = type.type;
  check_chunks(metadata);
  const std::string order = json_string(zarray, "order", ".zarray");
  if (order != "C" && order != "F") {
    throw Error(ErrorKind::corrupt, fmt::format(".zarray: order \"{}\" is neither C nor F", order));
  }
  metadata.codecs = CodecChain::from_v2(zarray.value("compressor", Json()), filters, type.type,
                                        type.is_big_endian, order == "F", metadata.chunks.rank());
  metadata.fill = fill_from_json(json_member(zarray, "fill_value", ".zarray"), metadata.type, 2);
  const Json separator = zarray.value("dimension_separator", Json("."));
  if (separator != "/" && separator != ".") {
    throw Error(ErrorKind::corrupt, ".zarray: dimension_separator is neither \"/\" nor \".\"");
  }
  metadata.separator = separator.get<std::string>()[0];
  metadata.attributes = Attributes::from_json(zattrs);
  if (zattrs.contains("_ARRAY_DIMENSIONS")) {
    parse_dimension_names(zattrs["_ARRAY_DIMENSIONS"], metadata);
    metadata.attributes.erase("_ARRAY_DIMENSIONS");
  }
  return metadata;
}

Json array_to_v2(const ArrayMetadata& metadata) {
  Json document{{"zarr_format", 2}};
  document["shape"] = extents_to_json(metadata.shape);
  document["chunks"] = extents_to_json(metadata.chunks);
  document["dtype"] = v2_type_to_json(metadata.type);
  document["compressor"] = metadata.codecs.v2_compressor();
  document["fill_value"] = fill_to_json(metadata.fill, metadata.type, 2);
  document["order"] = "C";
  document["filters"] = metadata.codecs.v2_filters();
  document["dimension_separator"] = std::string(1, metadata.separator);
  return document;
}

Json attributes_to_v2(const ArrayMetadata& metadata) {
  Json attributes = metadata.attributes.to_json();
  if (metadata.dimension_names) {
    Json names = Json::array();
    for (const auto& name : *metadata.dimension_names) names.push_back(name ? Json(*name) : Json());
    attributes["_ARRAY_DIMENSIONS"] = std::move(names);
  }
  return attributes;
}

Json group_to_v3(const Attributes& attributes) {
  return {{"zarr_format", 3}, {"node_type", "group"}, {"attributes", attributes.to_json()}};
}

}  // namespace gridmill
