#include "gridmill/field/field_json.h"

#include <fmt/format.h>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/field/feature_field.h"
#include "gridmill/field/mask.h"
#include "gridmill/field/pack.h"
#include "gridmill/field/patches_source.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/synthetic_field.h"
#include "gridmill/field/unpack.h"
#include "gridmill/field/weighted_field.h"

namespace gridmill {
namespace {

constexpr std::string_view kWhere = "a field of the plan";

std::vector<std::string> texts(const Json& node, std::string_view name) {
  const Json& list = json_member(node, name, kWhere);
  std::vector<std::string> result;
  for (const Json& text : list) {
    if (!text.is_string()) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a list of texts", kWhere, name));
    }
    result.push_back(text.get<std::string>());
  }
  return result;
}

std::shared_ptr<const Source> source_below(const Json& node, FieldSurroundings& surroundings) {
  const FieldPtr input = field_from_json(json_member(node, "input", kWhere), surroundings);
  if (auto source = std::dynamic_pointer_cast<const Source>(input)) return source;
  throw Error(ErrorKind::corrupt, fmt::format("{}: the input of a {} is no source", kWhere,
                                              json_string(node, "source", kWhere)));
}

FieldPtr variable_from(const Json& node, FieldSurroundings& surroundings) {
  const std::string dataset = json_string(node, "dataset", kWhere);
  const std::string path = json_string(node, "variable", kWhere);
  return variable_source(surroundings.dataset(dataset).at(path), dataset);
}

FieldPtr array_from(const Json& node, FieldSurroundings& surroundings) {
  const std::string store = json_string(node, "store", kWhere);
  const Json& document = json_member(node, "document", kWhere);
  const bool is_v2 = json_int(document, "zarr_format", kWhere) == 2;
  const ArrayMetadata metadata =
      is_v2 ? array_metadata_from_v2(document, Json::object()) : array_metadata_from_v3(document);
  return array_source(surroundings.store(store), store, Key(json_string(node, "array", kWhere)),
                      metadata, texts(node, "dimensions"),
                      node.contains("absent") ? Absent::is_fill : Absent::is_unwritten);
}

// Dimensions of `input`, rising.
std::vector<int> fixed_from(const Json& node, const Source& input) {
  const Index fixed = index_from_json(json_member(node, "fixed", kWhere), kWhere);
  std::int64_t before = -1;
  for (const std::int64_t d : fixed) {
    if (d <= before || d >= input.shape().rank()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{}: fixed {} are no dimensions of {} in order", kWhere,
                              to_string(fixed), to_string(input.shape())));
    }
    before = d;
  }
  return {fixed.begin(), fixed.end()};
}

FieldPtr points_from(const Json& node, FieldSurroundings& surroundings) {
  std::vector<GridPoint> points;
  for (const Json& point : json_member(node, "points", kWhere)) {
    points.push_back({index_from_json(point, kWhere)});
  }
  const auto input = source_below(node, surroundings);
  std::vector<int> fixed = fixed_from(node, *input);
  for (const GridPoint& point : points) {
    if (point.index.rank() == static_cast<int>(fixed.size())) continue;
    throw Error(ErrorKind::corrupt, fmt::format("{}: point {} has not one index for each of {}",
                                                kWhere, to_string(point.index), fixed.size()));
  }
  return points_source(input, std::move(fixed), points);
}

FieldPtr patches_from(const Json& node, FieldSurroundings& surroundings) {
  auto patches = std::make_shared<std::vector<Box>>();
  for (const Json& patch : json_member(node, "patches", kWhere)) {
    patches->push_back(box_from_json(patch, kWhere));
  }
  const auto input = source_below(node, surroundings);
  return patches_source(input, fixed_from(node, *input), std::move(patches));
}

FieldPtr source_from(const Json& node, const std::string& kind, FieldSurroundings& surroundings) {
  if (kind == "variable") return variable_from(node, surroundings);
  if (kind == "array") return array_from(node, surroundings);
  if (kind == "points") return points_from(node, surroundings);
  if (kind == "patches") return patches_from(node, surroundings);
  if (kind == "slice") {
    const Box region = box_from_json(json_member(node, "region", kWhere), kWhere);
    return slice_source(source_below(node, surroundings), region);
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: this version knows no source \"{}\"", kWhere, kind));
}

std::optional<double> optional_number(const Json& node, const char* name) {
  if (!node.contains(name)) return std::nullopt;
  if (node[name].is_number()) return node[name].get<double>();
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a number", kWhere, name));
}

Packing packing_from(const Json& node) {
  Packing packing;
  packing.packed = data_type_from_name(json_string(node, "packed", kWhere));
  packing.read_as = data_type_from_name(json_string(node, "read_as", kWhere));
  packing.unpacked = data_type_from_name(json_string(node, "type", kWhere));
  const bool is_float = packing.unpacked == types::float32 || packing.unpacked == types::float64;
  if (packing.read_as.size != packing.packed.size ||
      (!is_float && packing.unpacked != packing.read_as)) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not read as {} and unpacked to {}",
                                                kWhere, packing.packed.name(),
                                                packing.read_as.name(), packing.unpacked.name()));
  }
  packing.scale_factor = optional_number(node, "scale_factor");
  packing.add_offset = optional_number(node, "add_offset");
  packing.in_double = json_member(node, "in_double", kWhere) == Json(true);
  for (const Json& missing : json_member(node, "missing", kWhere)) {
    packing.missing.push_back(missing.get<double>());
  }
  return packing;
}

FieldPtr operator_from(const Json& node, const std::string& kind, FieldSurroundings& surroundings) {
  if (kind == "feature") {
    return feature_from_json(
        node, [&](const Json& input) { return field_from_json(input, surroundings); });
  }
  if (kind == "synthetic") return synthetic_field(synthetic_recipe_from_json(node, kWhere));
  const FieldPtr input = field_from_json(json_member(node, "input", kWhere), surroundings);
  if (kind == "unpack") return unpack_field(input, packing_from(node));
  if (kind == "weighted") return weighted_from_json(node, input);
  if (kind == "pack") {
    return pack_field(input, packing_codes_from_json(json_member(node, "codes", kWhere)),
                      json_string(node, "name", kWhere));
  }
  if (kind == "mask") {
    const DataType type = input->type();
    return mask_field(input, surroundings.side(json_string(node, "side", kWhere)),
                      FillValue::from_json(json_member(node, "fill", kWhere), type, 3));
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{}: this version knows no operator \"{}\"", kWhere, kind));
}

}  // namespace

FieldPtr field_from_json(const Json& node, FieldSurroundings& surroundings) {
  if (!node.is_object()) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is no field", kWhere, dump_json(node, -1)));
  }
  if (node.contains("source")) {
    return source_from(node, json_string(node, "source", kWhere), surroundings);
  }
  return operator_from(node, json_string(node, "operator", kWhere), surroundings);
}

}  // namespace gridmill
