// Zarr v2's .zarray and .zattrs.
#include <fmt/format.h>

#include "gridmill/base/exact_json.h"
#include "gridmill/zarr/data_type_names.h"
#include "gridmill/zarr/fill_json.h"
#include "gridmill/zarr/metadata_checks.h"
#include "gridmill/zarr/record_type.h"

namespace gridmill {
namespace {

constexpr std::string_view kDimensions = "_ARRAY_DIMENSIONS";  // xarray's convention

Json member_or_null(const Json& document, const char* name) {
  return document.contains(name) ? with_doubles(document[name]) : Json();
}

bool is_fortran_order(const Json& document) {
  const std::string order = json_string(document, "order", ".zarray");
  if (order != "C" && order != "F") {
    throw Error(ErrorKind::corrupt, fmt::format("order \"{}\" is neither C nor F", order));
  }
  return order == "F";
}

FillValue turned(const FillValue& fill, DataType type, const RecordOrderCodec& order) {
  if (fill.is_null()) return fill;
  const std::vector<std::byte> given = fill.element(type);
  std::vector<std::byte> result(given.size());
  order.encode({given.data(), type, {1}, {type.size}}, {result.data(), type, {1}, {type.size}});
  return FillValue::of_element(type, result.data());
}

// Memory holds records in little-endian order, as it does numbers.
void settle_record_order(ArrayMetadata& metadata) {
  if (!is_record(metadata.type_document)) return;
  RecordOrderCodec order{big_endian_numbers(record_members(metadata.type_document))};
  if (order.turned.empty()) return;
  metadata.stored_document = metadata.type_document;
  metadata.type_document = in_little_order(metadata.type_document);
  metadata.fill = turned(metadata.fill, metadata.type, order);
  metadata.codecs = std::move(metadata.codecs).turning(std::move(order));
}

Json dtype_to_v2(const ArrayMetadata& metadata) {
  if (!metadata.stored_document.is_null()) return metadata.stored_document;
  return data_type_to_v2(metadata.type, metadata.type_document, metadata.codecs.is_big_endian());
}

Json fill_to_v2(const ArrayMetadata& metadata) {
  FillValue fill = metadata.fill;
  if (!metadata.stored_document.is_null()) {
    fill =
        turned(fill, metadata.type, {big_endian_numbers(record_members(metadata.stored_document))});
  }
  return fill_to_json(fill, metadata.type, metadata.type_document, 2);
}

// What _ARRAY_DIMENSIONS says, if it names every dimension; then it is no attribute.
template <class Described>
void read_attributes(const Json& attributes, Described& array) {
  array.attributes = Attributes::from_json(attributes);
  const auto found = attributes.find(std::string(kDimensions));
  if (found == attributes.end() || !found->is_array() ||
      static_cast<int>(found->size()) != array.shape.rank()) {
    return;
  }
  std::vector<std::string> names;
  for (const Json& name : *found) {
    if (!name.is_string()) return;
    names.push_back(name.get<std::string>());
  }
  array.dimension_names = std::move(names);
  array.attributes.erase(kDimensions);
}

}  // namespace

ArrayMetadata array_metadata_from_v2(const Json& document, const Json& attributes) {
  if (json_int(document, "zarr_format", ".zarray") != 2) {
    throw Error(ErrorKind::corrupt,
                fmt::format(".zarray says Zarr format {}", document["zarr_format"].dump()));
  }
  ArrayMetadata metadata;
  metadata.zarr_format = 2;
  metadata.chunk_keys = ChunkKeys::v2;
  metadata.separator = '.';
  metadata.shape = shape_from_json(json_member(document, "shape", ".zarray"), "shape", 0);
  metadata.chunk = shape_from_json(json_member(document, "chunks", ".zarray"), "chunks", 1);
  const ZarrType dtype = data_type_from_v2(json_member(document, "dtype", ".zarray"),
                                           member_or_null(document, "filters"));
  metadata.type = dtype.type;
  metadata.type_document = dtype.document;
  metadata.codecs = CodecChain::from_v2(member_or_null(document, "compressor"),
                                        member_or_null(document, "filters"),
                                        is_fortran_order(document), dtype.type, dtype.is_big_endian,
                                        metadata.shape.rank(), narrow_of(dtype.document));
  metadata.fill =
      fill_from_json(member_or_null(document, "fill_value"), dtype.type, dtype.document, 2);
  settle_record_order(metadata);
  if (!member_or_null(document, "dimension_separator").is_null()) {
    metadata.separator = separator_from(json_string(document, "dimension_separator", ".zarray"));
  }
  read_attributes(attributes, metadata);
  check_layout(metadata);
  return metadata;
}

UnreadableArray unreadable_array_from_v2(const Json& document, const Json& attributes,
                                         std::string reason) {
  UnreadableArray array;
  array.shape = shape_from_json(json_member(document, "shape", ".zarray"), "shape", 0);
  read_attributes(attributes, array);
  array.reason = std::move(reason);
  return array;
}

Json array_metadata_to_v2(const ArrayMetadata& metadata) {
  if (metadata.sharding) {
    throw Error(ErrorKind::unsupported, "Zarr v2 has no shards; use --zarr-format 3");
  }
  if (metadata.is_rectilinear()) {
    throw Error(ErrorKind::unsupported, "Zarr v2 has no chunks of different extents");
  }
  return {{"zarr_format", 2},
          {"shape", shape_to_json(metadata.shape)},
          {"chunks", shape_to_json(metadata.chunk)},
          {"dtype", dtype_to_v2(metadata)},
          {"compressor", metadata.codecs.v2_compressor()},
          {"fill_value", fill_to_v2(metadata)},
          {"order", metadata.codecs.is_fortran_order() ? "F" : "C"},
          {"filters", metadata.codecs.v2_filters(metadata.type)},
          {"dimension_separator", std::string(1, metadata.separator)}};
}

Json array_attributes_to_v2(const ArrayMetadata& metadata) {
  Json attributes = metadata.attributes.to_json();
  if (metadata.dimension_names) attributes[std::string(kDimensions)] = *metadata.dimension_names;
  return attributes;
}

}  // namespace gridmill
