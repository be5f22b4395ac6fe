// open_grib: the hypercubes of a GRIB file as variables with coordinates, in one group where their
// coordinates agree, in several where they don't.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/checked.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/formats/grib_attributes.h"
#include "gridmill/formats/grib_grid.h"
#include "gridmill/formats/grib_groups.h"
#include "gridmill/formats/grib_index_file.h"
#include "gridmill/formats/grib_leaf.h"
#include "gridmill/formats/memory_reader.h"

namespace gridmill {
namespace {

struct Coordinate {
  std::string name;
  std::vector<std::string> dimensions;
  std::shared_ptr<const Array> values;
  Attributes attributes;
};

bool same_values(const Array& a, const Array& b) {
  return a.type() == b.type() && a.shape() == b.shape() &&
         std::memcmp(a.values<char>(), b.values<char>(),
                     static_cast<std::size_t>(a.view().byte_size())) == 0;
}

bool operator==(const Coordinate& a, const Coordinate& b) {
  return a.name == b.name && a.dimensions == b.dimensions &&
         a.attributes.to_json() == b.attributes.to_json() &&
         (a.values == b.values || same_values(*a.values, *b.values));
}

// A cube with all that its variable needs.
struct Field {
  FileVariable variable;
  std::vector<Coordinate> coordinates;
  Attributes dataset;
  std::string level_type;
};

// Fields that agree in what they share.
struct Hypercube {
  std::vector<Field> fields;
};

std::shared_ptr<const Array> axis_array(const GribAxis& axis) {
  const auto count = static_cast<std::int64_t>(axis.values.size());
  const Shape shape = axis.is_scalar() ? Shape{} : Shape{count};
  auto array = std::make_shared<Array>(axis.is_integer ? types::int64 : types::float64, shape);
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    if (axis.is_integer) {
      array->values<std::int64_t>()[i] = static_cast<std::int64_t>(axis.values[i]);
    } else {
      array->values<double>()[i] = axis.values[i];
    }
  }
  return array;
}

const GribAxis* find_axis(const GribCube& cube, std::string_view name) {
  for (const GribAxis& axis : cube.axes) {
    if (axis.name == name) return &axis;
  }
  return nullptr;
}

// time + step, over those of the two that are dimensions.
std::optional<Coordinate> valid_time(const GribCube& cube) {
  const GribAxis* time = find_axis(cube, "time");
  const GribAxis* step = find_axis(cube, "step");
  if (time == nullptr || step == nullptr) return std::nullopt;
  Coordinate result{"valid_time", {}, nullptr, grib_coordinate_attributes("valid_time", "")};
  Shape shape;
  for (const GribAxis* axis : {time, step}) {
    if (axis->is_scalar()) continue;
    result.dimensions.push_back(axis->name);
    shape.push_back(static_cast<std::int64_t>(axis->values.size()));
  }
  auto array = std::make_shared<Array>(types::float64, shape);
  double* at = array->values<double>();
  for (const double t : time->values) {
    for (const double s : step->values) *at++ = t + s * 3600;
  }
  result.values = std::move(array);
  return result;
}

std::vector<GribLeafPlace> leaf_places(const GribCube& cube, const Shape& header) {
  std::vector<GribLeafPlace> places(static_cast<std::size_t>(volume(header)));
  for (const GribField& field : cube.fields) {
    places[static_cast<std::size_t>(ordinal_of(cube, field))] = {field.message, field.field};
  }
  return places;
}

std::string note_of(const GribGap& gap) {
  return fmt::format(
      "from byte {} on there are {} zero bytes {}: more than padding; messages may be missing",
      gap.offset, gap.length,
      gap.before == 0 ? "behind the last message" : fmt::format("before message {}", gap.before));
}

class GribBuilder {
 public:
  GribBuilder(Files& files, const std::string& path, GribIndexUse use)
      : path_(path), index_use_(use) {
    OpenedSource opened = open_source(files, path, "GRIB");
    file_ = std::move(opened.bytes);
    source_ = std::move(opened.source);
  }

  FormatFile build() {
    std::vector<Hypercube> hypercubes;
    const GribIndex index = open_grib_index(*source_, *file_, index_use_, notes_);
    add_notes(index.gaps);
    for (const GribCube& cube : index.cubes) {
      Field field =
          in_context([&] { return cube.fields[0].describe(); }, [&] { return make_field(cube); });
      place(hypercubes, std::move(field), nullptr);
    }
    if (hypercubes.size() > 1) hypercubes = split_by_level(std::move(hypercubes));
    return write(std::move(hypercubes));
  }

 private:
  void add_notes(const std::vector<GribGap>& gaps) {
    constexpr std::size_t kMost = 3;
    for (std::size_t i = 0; i < std::min(kMost, gaps.size()); ++i) {
      notes_.push_back(note_of(gaps[i]));
    }
    if (gaps.size() > kMost) {
      notes_.push_back(fmt::format("{} more such runs of zero bytes", gaps.size() - kMost));
    }
  }

  Field make_field(const GribCube& cube) {
    const GribField& first = cube.fields[0];
    editions_.insert(first.message.edition);
    Buffer bytes;
    read_grib_message(*file_, first.message, bytes);
    if (first.message.fields > 1) keep_grib_field(first.field, bytes);
    const GribHandle handle(bytes);
    const GribGrid& grid = grid_of(cube, handle, bytes);

    Field field;
    const Json& level_type = cube.keys.at("typeOfLevel");
    field.level_type = level_type.is_string() ? level_type.get<std::string>() : "unknown";
    field.dataset = grib_dataset_attributes(cube);
    field.coordinates = coordinates_of(cube, grid);

    FileVariable& variable = field.variable;
    variable.name = cube.name;
    variable.type = types::float32;
    for (const GribAxis& axis : cube.axes) {
      if (!axis.is_scalar()) variable.dimensions.push_back(axis.name);
    }
    const Shape header = header_shape(cube);
    variable.shape = header;
    Shape chunks = Index::filled(header.rank(), 1);
    for (int d = 0; d < grid.shape.rank(); ++d) {
      variable.dimensions.push_back(grid.dimensions[static_cast<std::size_t>(d)]);
      variable.shape.push_back(grid.shape[d]);
      chunks.push_back(grid.shape[d]);
    }
    variable.chunks = chunks;
    std::vector<std::string> names;
    for (const Coordinate& coordinate : field.coordinates) names.push_back(coordinate.name);
    variable.attributes = grib_variable_attributes(handle, names);
    variable.encoding["storage"] = "messages";
    variable.encoding["messages"] = cube.fields.size();
    variable.encoding["packing"] = handle.key("packingType");
    // For this key ecCodes may decode the values.
    if (has_sound_groups(bytes, volume(grid.shape))) {
      variable.encoding["bits_per_value"] = handle.key("bitsPerValue");
    }
    variable.reader = grib_leaf_reader(source_, cube.name, variable.shape, grid.shape.rank(),
                                       grid.layout, leaf_places(cube, header));
    return field;
  }

  const GribGrid& grid_of(const GribCube& cube, const GribHandle& handle, ByteView message) {
    const std::string key = dump_json(cube.keys.at("md5GridSection"), -1) +
                            dump_json(cube.keys.at("gridType"), -1) +
                            dump_json(cube.keys.at("numberOfPoints"), -1);
    const auto at = grids_.find(key);
    if (at != grids_.end()) return at->second;
    return grids_.emplace(key, grib_grid(handle, message)).first->second;
  }

  static std::vector<Coordinate> coordinates_of(const GribCube& cube, const GribGrid& grid) {
    std::vector<Coordinate> result;
    for (const GribAxis& axis : cube.axes) {
      std::vector<std::string> dimensions;
      if (!axis.is_scalar()) dimensions.push_back(axis.name);
      result.push_back({axis.name, dimensions, axis_array(axis),
                        grib_coordinate_attributes(axis.name, kGribAxisKeys[axis.key])});
    }
    for (const GribCoordinate& coordinate : grid.coordinates) {
      result.push_back({coordinate.name, coordinate.dimensions, coordinate.values,
                        grib_coordinate_attributes(coordinate.name, "")});
      if (coordinate.is_decreasing) {
        result.back().attributes.set("stored_direction", AttributeValue::text("decreasing"));
      }
    }
    if (auto time = valid_time(cube)) result.push_back(std::move(*time));
    return result;
  }

  static bool fits(const Hypercube& hypercube, const Field& field) {
    for (const Field& other : hypercube.fields) {
      if (other.variable.name == field.variable.name) return false;
      if (!(other.dataset.to_json() == field.dataset.to_json())) return false;
      for (const Coordinate& a : other.coordinates) {
        for (const Coordinate& b : field.coordinates) {
          if (a.name == b.name && !(a == b)) return false;
        }
        if (a.name == field.variable.name) return false;
      }
    }
    return true;
  }

  // Into the first hypercube where it fits (and that holds this type of level, if one is asked
  // for).
  static void place(std::vector<Hypercube>& hypercubes, Field field,
                    const std::string* level_type) {
    for (Hypercube& hypercube : hypercubes) {
      const bool right_level =
          level_type == nullptr || hypercube.fields[0].level_type == *level_type;
      if (right_level && fits(hypercube, field)) {
        hypercube.fields.push_back(std::move(field));
        return;
      }
    }
    hypercubes.emplace_back().fields.push_back(std::move(field));
  }

  static std::vector<Hypercube> split_by_level(std::vector<Hypercube> mixed) {
    std::vector<Hypercube> result;
    for (Hypercube& hypercube : mixed) {
      for (Field& field : hypercube.fields) {
        const std::string level_type = field.level_type;
        place(result, std::move(field), &level_type);
      }
    }
    std::stable_sort(result.begin(), result.end(), [](const Hypercube& a, const Hypercube& b) {
      return a.fields[0].level_type < b.fields[0].level_type;
    });
    return result;
  }

  FileGroup group_of(Hypercube hypercube, std::string group_path) const {
    FileGroup group;
    group.path = std::move(group_path);
    group.attributes = hypercube.fields[0].dataset;
    std::set<std::string> known;
    for (Field& field : hypercube.fields) {
      for (const Coordinate& coordinate : field.coordinates) {
        if (!known.insert(coordinate.name).second) continue;
        FileVariable variable;
        variable.name = coordinate.name;
        variable.type = coordinate.values->type();
        variable.dimensions = coordinate.dimensions;
        variable.shape = coordinate.values->shape();
        variable.attributes = coordinate.attributes;
        variable.encoding["storage"] = "keys";
        variable.reader = memory_leaf_reader(coordinate.values, coordinate.name + " of " + path_);
        add_dimensions(group, variable);
        group.variables.push_back(std::move(variable));
      }
      add_dimensions(group, field.variable);
      group.variables.push_back(std::move(field.variable));
    }
    return group;
  }

  static void add_dimensions(FileGroup& group, const FileVariable& variable) {
    for (std::size_t d = 0; d < variable.dimensions.size(); ++d) {
      const std::string& name = variable.dimensions[d];
      const bool known =
          std::any_of(group.dimensions.begin(), group.dimensions.end(),
                      [&](const FileDimension& other) { return other.name == name; });
      if (!known) group.dimensions.push_back({name, variable.shape[static_cast<int>(d)], false});
    }
  }

  FormatFile write(std::vector<Hypercube> hypercubes) const {
    FormatFile result;
    result.notes = notes_;
    result.format =
        editions_.size() > 1 ? "GRIB 1 and 2" : fmt::format("GRIB {}", *editions_.begin());
    for (const auto& [key, grid] : grids_) {
      if (!grid.note.empty()) result.notes.push_back(grid.note);
    }
    if (hypercubes.size() == 1) {
      result.groups.push_back(group_of(std::move(hypercubes[0]), ""));
      return result;
    }
    result.groups.emplace_back();
    result.groups[0].attributes.set("Conventions", AttributeValue::text("CF-1.7"));
    std::map<std::string, int> used;
    std::vector<std::string> names;
    for (Hypercube& hypercube : hypercubes) {
      const std::string level_type = hypercube.fields[0].level_type;
      const int count = ++used[level_type];
      names.push_back(count == 1 ? level_type : fmt::format("{}_{}", level_type, count));
      result.groups.push_back(group_of(std::move(hypercube), names.back()));
    }
    result.notes.push_back(
        fmt::format("the fields do not share their coordinates; they form {} groups: {}",
                    names.size(), fmt::join(names, ", ")));
    return result;
  }

  std::string path_;
  GribIndexUse index_use_;
  std::vector<std::string> notes_;
  std::unique_ptr<ValueReader> file_;
  std::shared_ptr<const SourceFile> source_;
  std::map<std::string, GribGrid> grids_;
  std::set<int> editions_;
};

}  // namespace

FormatFile open_grib(Files& files, const Location& location, GribIndexUse use) {
  return in_context([&] { return "file " + location.path; },
                    [&] { return GribBuilder(files, location.path, use).build(); });
}

}  // namespace gridmill
