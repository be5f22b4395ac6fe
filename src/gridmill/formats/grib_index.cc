#include "gridmill/formats/grib_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_handle.h"

namespace gridmill {
namespace {

// cfgrib wants one value of each of these per variable; the grid's hash is ours, because a variable
// has one grid.
constexpr std::array kUniqueKeys = {"paramId",          "dataType",       "numberOfPoints",
                                    "typeOfLevel",      "stepType",       "gridType",
                                    "uvRelativeToGrid", "md5GridSection", "edition",
                                    "centre",           "subCentre",      "centreDescription"};

// What tells parameters apart that ecCodes does not know (paramId 0).
constexpr std::array kRawParameterKeys = {"discipline", "parameterCategory", "parameterNumber",
                                          "table2Version", "indicatorOfParameter"};

constexpr std::array kAxisKeys = {"number",          "time",           "step", "level",
                                  "directionNumber", "frequencyNumber"};

std::map<std::string, Json> read_keys(GribHandle& handle) {
  std::map<std::string, Json> keys;
  for (const char* name : kUniqueKeys) keys[name] = handle.key(name);
  for (const char* name : {"cfVarName", "shortName", "stepRange"}) keys[name] = handle.key(name);
  if (keys["paramId"] == 0) {
    for (const char* name : kRawParameterKeys) keys[name] = handle.key(name);
  }
  for (const char* name : {"number", "directionNumber", "frequencyNumber"}) {
    keys[name] = handle.key(name);
  }
  keys["level"] = handle.key_as_float("level");
  keys["time"] = handle.reference_time();
  keys["step"] = handle.step_hours();
  return keys;
}

// Fields with the same signature share a cube: the unique keys, and which coordinates they have.
std::string signature(const GribField& field) {
  Json parts = Json::array();
  for (const char* name : kUniqueKeys) parts.push_back(field.keys.at(name));
  for (const char* name : kRawParameterKeys) {
    const auto at = field.keys.find(name);
    if (at != field.keys.end()) parts.push_back(at->second);
  }
  for (const char* name : kAxisKeys) parts.push_back(field.keys.at(name).is_number());
  return dump_json(parts, -1);
}

bool is_known(const Json& text) {
  return text.is_string() && text != "undef" && text != "unknown" && text != "";
}

std::string variable_name(const GribField& field) {
  if (is_known(field.keys.at("cfVarName"))) return field.keys.at("cfVarName");
  if (is_known(field.keys.at("shortName"))) return field.keys.at("shortName");
  const Json& parameter = field.keys.at("paramId");
  if (parameter != 0) return "paramId_" + dump_json(parameter, -1);
  std::string name = "unknown";
  for (const char* key : kRawParameterKeys) {
    const Json& part = field.keys.at(key);
    if (part.is_number()) name += "_" + dump_json(part, -1);
  }
  return name;
}

std::string axis_name(const GribField& field, const std::string& key) {
  const Json& level_type = field.keys.at("typeOfLevel");
  return key == "level" && is_known(level_type) ? level_type.get<std::string>() : key;
}

void find_axes(GribCube& cube) {
  for (const std::string key : kAxisKeys) {
    if (!cube.fields[0].keys.at(key).is_number()) continue;
    GribAxis axis;
    axis.key = key;
    axis.name = axis_name(cube.fields[0], key);
    axis.is_integer = cube.fields[0].keys.at(key).is_number_integer();
    for (const GribField& field : cube.fields) {
      axis.values.push_back(field.keys.at(key).get<double>());
    }
    std::sort(axis.values.begin(), axis.values.end());
    axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
    if (axis.name == "isobaricInhPa" || axis.name == "isobaricInPa") {
      std::reverse(axis.values.begin(), axis.values.end());
    }
    cube.axes.push_back(std::move(axis));
  }
}

[[noreturn]] void refuse_double(const GribCube& cube, const GribField& a, const GribField& b) {
  const std::string range_a = dump_json(a.keys.at("stepRange"), -1);
  const std::string range_b = dump_json(b.keys.at("stepRange"), -1);
  if (range_a != range_b) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} and {} both hold {} for the same time, with step ranges {} and {}; "
                            "put them into separate files",
                            a.describe(), b.describe(), cube.name, range_a, range_b));
  }
  throw Error(ErrorKind::corrupt,
              fmt::format("{} and {} both hold {} for the same place in every coordinate",
                          a.describe(), b.describe(), cube.name));
}

void check_unique(const GribCube& cube) {
  std::map<std::vector<std::int64_t>, const GribField*> taken;
  for (const GribField& field : cube.fields) {
    const auto [at, is_new] = taken.emplace(position_of(cube, field), &field);
    if (!is_new) refuse_double(cube, *at->second, field);
  }
}

}  // namespace

std::string GribField::describe() const {
  return fmt::format("message {} at byte {}", message.number, message.offset);
}

std::vector<std::int64_t> position_of(const GribCube& cube, const GribField& field) {
  std::vector<std::int64_t> position;
  for (const GribAxis& axis : cube.axes) {
    if (axis.is_scalar()) continue;
    const double value = field.keys.at(axis.key).get<double>();
    const auto at = std::find(axis.values.begin(), axis.values.end(), value);
    position.push_back(at - axis.values.begin());
  }
  return position;
}

std::vector<GribCube> index_grib(const ReadableFile& file) {
  std::vector<GribCube> cubes;
  std::map<std::string, std::size_t> by_signature;
  Buffer single;
  scan_grib(file, [&](const GribMessage& message, ByteView bytes) {
    for (int i = 0; i < message.fields; ++i) {
      ByteView one = bytes;
      if (message.fields > 1) {
        single.clear();
        single.append(bytes);
        keep_grib_field(i, single);
        one = single;
      }
      GribHandle handle(one);
      GribField field{message, i, read_keys(handle)};
      const auto [at, is_new] = by_signature.emplace(signature(field), cubes.size());
      if (is_new) cubes.emplace_back().name = variable_name(field);
      cubes[at->second].fields.push_back(std::move(field));
    }
  });
  for (GribCube& cube : cubes) {
    find_axes(cube);
    check_unique(cube);
  }
  return cubes;
}

}  // namespace gridmill
