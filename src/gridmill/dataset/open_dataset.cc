#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/zarr/array_reader.h"
#include "gridmill/zarr/base64.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {
namespace {

// ---- netCDF and GRIB

void add_file_variable(const FileVariable& from, const std::string& group, const std::string& origin,
                       Dataset& dataset) {
  Variable variable;
  variable.group = group;
  variable.name = from.name;
  variable.type = from.type;
  variable.dimensions = from.dimensions;
  variable.shape = from.shape;
  variable.attributes = from.attributes;
  variable.chunks = from.chunks;
  variable.encoding = from.encoding;
  variable.blocks.push_back({Index::filled(from.shape.rank(), 0), from.reader, origin});
  dataset.variables.push_back(std::move(variable));
}

Dataset from_file(const FormatFile& file, const Location& location) {
  Dataset dataset;
  dataset.format = file.format;
  dataset.location = location.text();
  dataset.notes = file.notes;
  for (const FileGroup& from : file.groups) {
    Group group;
    group.path = from.path;
    group.attributes = from.attributes;
    for (const FileDimension& dimension : from.dimensions) {
      group.dimensions.push_back({dimension.name, dimension.size, dimension.is_unlimited});
    }
    dataset.groups.push_back(std::move(group));
    for (const FileVariable& variable : from.variables) {
      add_file_variable(variable, from.path, location.path, dataset);
    }
  }
  return dataset;
}

// ---- Zarr

std::vector<std::string> dimension_names(const ArrayMetadata& metadata) {
  std::vector<std::string> names;
  for (int d = 0; d < metadata.shape.rank(); ++d) {
    std::string name =
        metadata.dimension_names ? (*metadata.dimension_names)[static_cast<std::size_t>(d)] : "";
    names.push_back(name.empty() ? fmt::format("dim_{}", d) : std::move(name));
  }
  return names;
}

// xarray writes v3 `_FillValue` of floats as the base64 of a little-endian double.
void decode_fill_attribute(Variable& variable) {
  const AttributeValue* value = variable.attributes.find("_FillValue");
  if (value == nullptr || !value->is_text()) return;
  const auto bytes = base64_decode(value->as_text());
  if (!bytes) return;
  if (variable.type.is_floating() && bytes->size() == sizeof(double)) {
    variable.attributes.set(
        "_FillValue", AttributeValue::floats(variable.type, {load_le<double>(bytes->data())}));
  } else if (variable.type.kind == ScalarKind::bytes) {
    variable.attributes.set("_FillValue", AttributeValue::text(std::string(as_text(*bytes))));
  }
}

// v2's fill_value is what xarray shows as `_FillValue`.
void adopt_v2_fill(const ArrayMetadata& metadata, Variable& variable) {
  if (metadata.fill.is_null() || variable.type.is_string()) return;
  if (variable.attributes.find("_FillValue") != nullptr) return;
  const std::vector<std::byte> element = metadata.fill.element(variable.type);
  if (variable.type.kind == ScalarKind::bytes) {
    std::string text(as_text(element));
    text.resize(text.find_last_not_of('\0') + 1);
    variable.attributes.set("_FillValue", AttributeValue::text(std::move(text)));
    return;
  }
  visit_real(variable.type, [&](auto number) {
    std::memcpy(&number, element.data(), sizeof number);
    using Number = decltype(number);
    AttributeValue value;
    if constexpr (std::is_floating_point_v<Number>) {
      value = AttributeValue::floats(variable.type, {static_cast<double>(number)});
    } else if constexpr (std::is_same_v<Number, std::uint64_t>) {
      value = AttributeValue::unsigned_integers({number});
    } else {
      value = AttributeValue::integers(variable.type, {static_cast<std::int64_t>(number)});
    }
    variable.attributes.set("_FillValue", std::move(value));
  });
}

std::string group_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

Variable from_array(const ZarrNode& node, const std::string& name,
                    const std::shared_ptr<Store>& store, const Key& key,
                    const std::string& origin) {
  const ArrayMetadata& metadata = *node.array;
  Variable variable;
  variable.group = group_of(node.path);
  variable.name = name;
  variable.type = metadata.type;
  variable.dimensions = dimension_names(metadata);
  variable.shape = metadata.shape;
  variable.attributes = metadata.attributes;
  variable.chunks = metadata.chunk;
  if (metadata.sharding) variable.shards = metadata.sharding->shard;
  variable.encoding = {{"codecs", metadata.codecs.summary()}};
  variable.store_fill = metadata.fill.to_json(metadata.type, metadata.zarr_format);
  if (metadata.zarr_format == 2) {
    adopt_v2_fill(metadata, variable);
  } else {
    decode_fill_attribute(variable);
  }
  variable.blocks.push_back({Index::filled(variable.shape.rank(), 0),
                             zarr_leaf_reader(store, key, metadata), origin});
  return variable;
}

// A group's dimensions are those of its own arrays.
void collect_dimensions(Dataset& dataset) {
  for (const Variable& variable : dataset.variables) {
    for (Group& group : dataset.groups) {
      if (group.path != variable.group) continue;
      for (int d = 0; d < variable.shape.rank(); ++d) {
        const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
        const bool is_known =
            std::any_of(group.dimensions.begin(), group.dimensions.end(),
                        [&](const Dimension& dimension) { return dimension.name == name; });
        if (!is_known) group.dimensions.push_back({name, variable.shape[d], false});
      }
    }
  }
}

Dataset from_zarr(Files& files, const Location& location) {
  const std::shared_ptr<Store> store = open_store(files, location);
  const Key root(location.node);
  const ZarrHierarchy hierarchy = open_hierarchy(*store, root);
  Dataset dataset;
  dataset.format = fmt::format("Zarr v{}", hierarchy.zarr_format);
  dataset.location = location.text();
  for (const ZarrNode& node : hierarchy.nodes) {
    if (!node.array) {
      dataset.groups.push_back({node.path, {}, node.attributes});
      continue;
    }
    const bool is_root = node.path.empty();
    if (is_root) dataset.groups.push_back({"", {}, {}});  // an array opened by itself
    const std::string whole = is_root ? root.text() : node.path;
    std::string name = whole.substr(whole.rfind('/') + 1);
    if (name.empty()) name = "array";
    dataset.variables.push_back(from_array(node, name, store,
                                           is_root ? root : Key(root.text()) / node.path,
                                           location.path));
  }
  collect_dimensions(dataset);
  return dataset;
}

// The part of a file's dataset that `#/node` names: a group with all below it, or one variable.
Dataset restricted(Dataset dataset, const std::string& node) {
  if (node.empty()) return dataset;
  const auto is_below = [&](const std::string& path) {
    return path == node || path.starts_with(node + "/");
  };
  const bool is_group = std::any_of(dataset.groups.begin(), dataset.groups.end(),
                                    [&](const Group& group) { return group.path == node; });
  if (!is_group) {
    const Variable chosen = dataset.at(node);
    dataset.variables = {chosen};
    return dataset;
  }
  const auto relative = [&](const std::string& path) {
    return path.size() == node.size() ? std::string() : path.substr(node.size() + 1);
  };
  std::erase_if(dataset.groups, [&](const Group& group) { return !is_below(group.path); });
  std::erase_if(dataset.variables,
                [&](const Variable& variable) { return !is_below(variable.group); });
  for (Group& group : dataset.groups) group.path = relative(group.path);
  for (Variable& variable : dataset.variables) variable.group = relative(variable.group);
  return dataset;
}

}  // namespace

Dataset open_dataset(Files& files, const Location& location) {
  return in_context([&] { return location.text(); }, [&] {
    switch (detect_format(files, location)) {
      case FileFormat::netcdf:
        return restricted(from_file(open_netcdf(files, location), location), location.node);
      case FileFormat::grib:
        return restricted(from_file(open_grib(files, location), location), location.node);
      case FileFormat::zarr: return from_zarr(files, location);
      case FileFormat::unknown: break;
    }
    throw Error(ErrorKind::unsupported,
                "not a format that Gridmill knows: netCDF, GRIB and Zarr are read");
  });
}

}  // namespace gridmill
