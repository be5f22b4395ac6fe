// From the three kinds of files to one picture: see dataset.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "gridmill/base/base64.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/named_coordinates.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/formats/grib_index_file.h"
#include "gridmill/store/cached_store.h"
#include "gridmill/zarr/array_reader.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/fill_json.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

std::string leaf_name(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

Index origin_of(const Shape& shape) { return Index::filled(shape.rank(), 0); }

// ---- netCDF and GRIB ----

Variable variable_of(const std::string& group, const FileVariable& source,
                     const std::string& origin) {
  Variable variable;
  variable.group = group;
  variable.name = source.name;
  variable.type = source.type;
  variable.dimensions = source.dimensions;
  variable.shape = source.shape;
  variable.attributes = source.attributes;
  variable.chunks = source.chunks;
  variable.encoding = source.encoding;
  variable.blocks.push_back({origin_of(source.shape), source.reader, origin});
  return variable;
}

Dataset dataset_of(const FormatFile& file, const Location& location) {
  Dataset dataset;
  dataset.format = file.format;
  dataset.location = location.text();
  dataset.notes = file.notes;
  for (const FileGroup& source : file.groups) {
    Group group{source.path, {}, source.attributes};
    for (const FileDimension& dimension : source.dimensions) {
      group.dimensions.push_back({dimension.name, dimension.size, dimension.is_unlimited});
    }
    dataset.groups.push_back(std::move(group));
    for (const FileVariable& variable : source.variables) {
      dataset.variables.push_back(variable_of(source.path, variable, location.path));
    }
  }
  if (dataset.groups.empty()) dataset.groups.emplace_back();
  mark_named_coordinates(dataset);  // before those that name others may be left out
  return dataset;
}

bool is_inside(const std::string& path, const std::string& node) {
  return path == node || path.starts_with(node + "/");
}

// A group of the file, seen as the root: what it inherits comes along.
void restrict_to_group(Dataset& dataset, const std::string& node) {
  const auto relative = [&](const std::string& path) {
    return path == node ? std::string() : path.substr(node.size() + 1);
  };
  std::vector<Dimension> inherited;
  for (const Group& group : dataset.groups) {
    if (group.path.empty() || (is_inside(node, group.path) && group.path != node)) {
      inherited.insert(inherited.end(), group.dimensions.begin(), group.dimensions.end());
    }
  }
  std::erase_if(dataset.groups, [&](const Group& g) { return !is_inside(g.path, node); });
  std::erase_if(dataset.variables, [&](const Variable& v) { return !is_inside(v.group, node); });
  for (Group& group : dataset.groups) group.path = relative(group.path);
  for (Variable& variable : dataset.variables) variable.group = relative(variable.group);
  std::vector<Dimension>& own = dataset.groups.front().dimensions;
  for (auto dimension = inherited.rbegin(); dimension != inherited.rend(); ++dimension) {
    const bool hidden = std::any_of(own.begin(), own.end(),
                                    [&](const Dimension& d) { return d.name == dimension->name; });
    if (!hidden) own.push_back(*dimension);
  }
}

void restrict_to_node(Dataset& dataset, const std::string& node) {
  if (node.empty()) return;
  const bool is_group = std::any_of(dataset.groups.begin(), dataset.groups.end(),
                                    [&](const Group& g) { return g.path == node; });
  if (is_group) return restrict_to_group(dataset, node);
  const std::string path = dataset.at(node).path();  // or says what is near
  std::erase_if(dataset.variables, [&](const Variable& v) { return v.path() != path; });
}

// ---- Zarr ----

// xarray writes a v3 array's _FillValue attribute as base64 of the little-endian float64 (its
// FillValueCoder), whatever the float type.
void decode_fill_attribute(Variable& variable) {
  const AttributeValue* fill = variable.attributes.find("_FillValue");
  if (fill == nullptr || !variable.type.is_floating()) return;
  if (fill->is_text()) {
    const auto bytes = base64_decode(fill->as_text());
    if (!bytes || bytes->size() != sizeof(double)) return;  // not xarray's: left as it is
    variable.attributes.set(
        "_FillValue", AttributeValue::floats(variable.type, {load_le<double>(bytes->data())}));
  } else if (const auto number = fill->as_double()) {
    variable.attributes.set("_FillValue", AttributeValue::floats(variable.type, {*number}));
  }
}

// In v2 the array's fill value is the CF _FillValue too (xarray: use_zarr_fill_value_as_mask).
void adopt_v2_fill(Variable& variable, const ArrayMetadata& metadata) {
  if (metadata.fill.is_null() || variable.attributes.find("_FillValue") != nullptr) return;
  if (!metadata.type_document.is_null()) return;  // a time: NaT says it
  if (!variable.type.is_real() || variable.type == types::float16) return;
  const std::vector<std::byte> element = metadata.fill.element(variable.type);
  visit_real(variable.type, [&](auto value) {
    value = load_le<decltype(value)>(element.data());
    if constexpr (std::is_floating_point_v<decltype(value)>) {
      variable.attributes.set("_FillValue", AttributeValue::floats(variable.type, {value}));
    } else if constexpr (std::is_same_v<decltype(value), std::uint64_t>) {
      variable.attributes.set("_FillValue", AttributeValue::unsigned_integers({value}));
    } else {
      variable.attributes.set("_FillValue", AttributeValue::integers(variable.type, {value}));
    }
  });
}

template <class Described>
bool is_named(const Described& array, int d) {
  const auto at = static_cast<std::size_t>(d);
  return array.dimension_names && at < array.dimension_names->size() &&
         !(*array.dimension_names)[at].empty();
}

template <class Described>
std::vector<std::string> dimension_names(const Described& array) {
  std::vector<std::string> names;
  for (int d = 0; d < array.shape.rank(); ++d) {
    names.push_back(is_named(array, d) ? (*array.dimension_names)[static_cast<std::size_t>(d)]
                                       : fmt::format("dim_{}", d));
  }
  return names;
}

constexpr std::string_view kDimensionsAttribute = "_ARRAY_DIMENSIONS";

// xarray's attribute of v2, which some write in v3 as well. What differs from the names is kept.
bool says_dimensions_again(const ArrayMetadata& metadata) {
  const AttributeValue* said = metadata.attributes.find(kDimensionsAttribute);
  return said != nullptr && metadata.dimension_names &&
         said->to_json() == Json(*metadata.dimension_names);
}

Json codecs_of(const ArrayMetadata& metadata) {
  if (metadata.zarr_format == 2) {
    const Json document = array_metadata_to_v2(metadata);
    Json encoding = Json::object();
    for (const char* name : {"compressor", "filters", "order"}) {
      if (document.contains(name)) encoding[name] = document[name];
    }
    return encoding;
  }
  return Json{{"codecs", array_metadata_to_v3(metadata)["codecs"]}};
}

Variable variable_of(const ArrayMetadata& metadata, const std::string& path,
                     const std::shared_ptr<Store>& store, const Key& key,
                     const std::shared_ptr<ShardIndexes>& indexes, const std::string& origin) {
  Variable variable;
  variable.group = parent_of(path);
  variable.name = leaf_name(path);
  variable.type = metadata.type;
  variable.dimensions = dimension_names(metadata);
  variable.shape = metadata.shape;
  variable.attributes = metadata.attributes;
  if (says_dimensions_again(metadata)) variable.attributes.erase(kDimensionsAttribute);
  variable.chunks = metadata.chunk;
  if (metadata.sharding) variable.shards = metadata.sharding->shard;
  variable.keys = metadata.key_grid();
  variable.has_index_in_front = metadata.sharding && !metadata.sharding->index.is_at_end;
  variable.encoding = codecs_of(metadata);
  variable.zarr = {
      metadata.zarr_format,
      metadata.type,
      metadata.type_document,
      fill_to_json(metadata.fill, metadata.type, metadata.type_document, metadata.zarr_format),
      {},
      metadata.chunk_keys,
      metadata.separator};
  for (int d = 0; d < metadata.shape.rank(); ++d) {
    if (is_named(metadata, d)) continue;
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    variable.zarr->invented.insert(name);
    if (metadata.blank_names.contains(d)) variable.zarr->blank.insert(name);
  }
  if (!metadata.type_document.is_null()) variable.encoding["data_type"] = metadata.type_document;
  if (metadata.zarr_format == 3) decode_fill_attribute(variable);
  if (metadata.zarr_format == 2) adopt_v2_fill(variable, metadata);
  variable.blocks.push_back(
      {origin_of(metadata.shape), zarr_leaf_reader(store, key, metadata, indexes), origin});
  return variable;
}

// Listed, so that the others can be read; refused when it is asked for its values.
Variable unreadable_variable(const UnreadableArray& array, const std::string& path,
                             const Store& store, const Key& key, const std::string& origin) {
  Variable variable;
  variable.group = parent_of(path);
  variable.name = leaf_name(path);
  variable.type = types::bytes(1);
  variable.dimensions = dimension_names(array);
  variable.shape = array.shape;
  variable.attributes = array.attributes;
  const bool is_damaged = array.kind == ErrorKind::corrupt;
  variable.encoding[is_damaged ? "damaged" : "unsupported"] = array.reason;
  const std::string reason = fmt::format("{}; leave it out with --drop {}", array.reason, path);
  variable.blocks.push_back({origin_of(array.shape),
                             refusing_array_reader(store, key, array.shape, array.kind, reason),
                             origin});
  return variable;
}

// What the arrays of a group say of a dimension, by group and name.
struct SaidOfDimension {
  std::int64_t size = 0;
  bool has_coordinate = false;
};
using SaidOfDimensions = std::map<std::pair<std::string, std::string>, SaidOfDimension>;

SaidOfDimensions said_of_dimensions(const Dataset& dataset) {
  SaidOfDimensions said;
  for (const Variable& variable : dataset.variables) {
    for (int d = 0; d < variable.shape.rank(); ++d) {
      const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
      SaidOfDimension& one = said[{variable.group, name}];
      const bool is_coordinate = is_dimension_coordinate(variable);
      if (one.size == 0 || is_coordinate) one.size = variable.shape[d];
      one.has_coordinate = one.has_coordinate || is_coordinate;
    }
  }
  return said;
}

// Whether the nearest group above that has the coordinate has it in this size, and none between
// uses the name for another.
bool is_inherited(const SaidOfDimensions& said, const std::string& group, const std::string& name,
                  std::int64_t size) {
  for (std::string above = group; !above.empty();) {
    above = parent_of(above);
    const auto found = said.find({above, name});
    if (found == said.end()) continue;
    if (found->second.size != size) return false;
    if (found->second.has_coordinate) return true;
  }
  return false;
}

// Zarr declares no dimensions: they are what the arrays of a group say, and must agree; but one
// that has a coordinate in a group above, of the same size, is that group's, as in netCDF. A name
// that two arrays use for different sizes is left to each array (only dim_N may do that; CF data
// never does).
void declare_dimensions(Dataset& dataset) {
  const SaidOfDimensions said = said_of_dimensions(dataset);
  for (const Variable& variable : dataset.variables) {
    for (int d = 0; d < variable.shape.rank(); ++d) {
      const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
      const bool is_own = said.at({variable.group, name}).has_coordinate;
      if (!is_own && is_inherited(said, variable.group, name, variable.shape[d])) continue;
      for (Group& group : dataset.groups) {
        if (group.path != variable.group) continue;
        const bool is_known =
            std::any_of(group.dimensions.begin(), group.dimensions.end(),
                        [&](const Dimension& known) { return known.name == name; });
        if (!is_known) group.dimensions.push_back({name, variable.shape[d], false});
      }
    }
  }
}

Dataset open_zarr(Files& files, const Location& location,
                  const std::shared_ptr<InputCache>& cache) {
  const std::shared_ptr<Store> store = open_input_store(files, location, cache);
  const Key root = location.node.empty() ? Key() : Key(location.node);
  const ZarrHierarchy hierarchy = open_hierarchy(*store, root);
  Dataset dataset;
  dataset.format = fmt::format("Zarr v{}", hierarchy.zarr_format);
  dataset.location = location.text();
  const auto indexes = std::make_shared<ShardIndexes>();
  if (!hierarchy.nodes.front().is_group()) dataset.groups.emplace_back();
  for (const ZarrNode& node : hierarchy.nodes) {
    for (const std::string& name : node.ignored) {
      dataset.notes.push_back(fmt::format(
          "{}: its extension \"{}\" is not known here, and is left aside as it says it may be",
          node.path.empty() ? "the root" : node.path, name));
    }
    if (node.is_group()) {
      dataset.groups.push_back({node.path, {}, node.attributes});
      continue;
    }
    const std::string fallback = leaf_name(location.node.empty() ? "array" : location.node);
    const std::string path = node.path.empty() ? fallback : node.path;
    const Key key = node.path.empty() ? root : root / node.path;
    dataset.variables.push_back(
        node.array ? variable_of(*node.array, path, store, key, indexes, location.path)
                   : unreadable_variable(*node.unreadable, path, *store, key, location.path));
    if (node.array && node.array->type.is_string() && node.array->codecs.holds_objects()) {
      dataset.notes.push_back(
          fmt::format("{}: its codec keeps any objects; null among the texts is read as an empty "
                      "text, what else is no text as its JSON",
                      path));
    }
    if (node.unreadable && node.unreadable->kind == ErrorKind::corrupt) {
      dataset.notes.push_back(fmt::format("{}: its metadata are damaged, and it can't be read: {}",
                                          path, node.unreadable->reason));
    }
  }
  declare_dimensions(dataset);
  mark_named_coordinates(dataset);
  return dataset;
}

[[noreturn]] void refuse_index(const std::string& path) {
  const std::string file = path.substr(0, path.rfind('.'));
  throw Error(ErrorKind::unsupported,
              fmt::format("{} is the index that was kept of a GRIB file (--grib-index), not data; "
                          "give the file itself, {}",
                          path, file));
}

// Before it is opened: what is read is of this version or a later one.
void tell(const std::shared_ptr<InputCache>& cache, Files& files, const Location& location) {
  if (cache != nullptr) cache->note(look_at_file(files, location));
}

}  // namespace

Dataset open_dataset(Files& files, const Location& location, GribIndexUse grib_index,
                     const std::shared_ptr<InputCache>& cache) {
  const FileFormat format = detect_format(files, location);
  if (is_grib_index_path(location.path)) refuse_index(location.path);
  switch (format) {
    case FileFormat::zarr:
      return open_zarr(files, location, cache);
    case FileFormat::netcdf: {
      tell(cache, files, location);
      Dataset dataset = dataset_of(open_netcdf(files, location), location);
      restrict_to_node(dataset, location.node);
      return dataset;
    }
    case FileFormat::grib: {
      tell(cache, files, location);
      Dataset dataset = dataset_of(open_grib(files, location, grib_index), location);
      restrict_to_node(dataset, location.node);
      return dataset;
    }
    case FileFormat::unknown:
      break;
  }
  throw Error(
      ErrorKind::unsupported,
      fmt::format("{} is not a format that is known here (netCDF, GRIB, Zarr)", location.path));
}

}  // namespace gridmill
