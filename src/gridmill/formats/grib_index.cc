#include "gridmill/formats/grib_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_handle.h"

namespace gridmill {
namespace {

// cfgrib wants one value of each of these per variable; the grid's hash is ours, because a variable
// has one grid. By their native types, which ecCodes need not be asked for then.
constexpr std::array kUniqueTexts = {"dataType", "typeOfLevel",    "stepType",
                                     "gridType", "md5GridSection", "centre"};
constexpr std::array kUniqueIntegers = {"paramId", "numberOfPoints", "uvRelativeToGrid", "edition"};

// What tells parameters apart that ecCodes does not know (paramId 0).
constexpr std::array kRawParameterKeys = {"discipline", "parameterCategory", "parameterNumber",
                                          "table2Version", "indicatorOfParameter"};

using Keys = std::map<std::string, Json>;

// What every field must be asked; ecCodes takes its time to answer.
Keys read_keys(GribHandle& handle) {
  Keys keys;
  for (const char* name : kUniqueTexts) keys[name] = handle.key_as_text(name);
  for (const char* name : kUniqueIntegers) keys[name] = handle.key_as_integer(name);
  keys["subCentre"] = handle.key("subCentre");
  if (keys["paramId"] == 0) {
    for (const char* name : kRawParameterKeys) keys[name] = handle.key(name);
  }
  for (const char* name : {"number", "directionNumber", "frequencyNumber"}) {
    keys[name] = handle.key_as_integer(name);
  }
  keys["level"] = handle.key_as_float("level");
  keys["time"] = handle.reference_time();
  keys["stepRange"] = handle.key_as_text("stepRange");
  keys["step"] = handle.step_hours();
  return keys;
}

// What follows from those, and is asked once per cube.
void add_names(const GribHandle& handle, Keys& keys) {
  for (const char* name : {"cfVarName", "shortName", "centreDescription"}) {
    keys[name] = handle.key_as_text(name);
  }
}

// Fields with the same signature share a cube: the unique keys, and which coordinates they have.
std::string signature(const Keys& keys) {
  Json parts = Json::array();
  for (const char* name : kUniqueTexts) parts.push_back(keys.at(name));
  for (const char* name : kUniqueIntegers) parts.push_back(keys.at(name));
  parts.push_back(keys.at("subCentre"));
  for (const char* name : kRawParameterKeys) {
    const auto at = keys.find(name);
    if (at != keys.end()) parts.push_back(at->second);
  }
  for (const char* name : kGribAxisKeys) parts.push_back(keys.at(name).is_number());
  return dump_json(parts, -1);
}

bool is_known(const Json& text) {
  return text.is_string() && text != "undef" && text != "unknown" && text != "";
}

std::string variable_name(const Keys& keys) {
  if (is_known(keys.at("cfVarName"))) return keys.at("cfVarName");
  if (is_known(keys.at("shortName"))) return keys.at("shortName");
  const Json& parameter = keys.at("paramId");
  if (parameter != 0) return "paramId_" + dump_json(parameter, -1);
  std::string name = "unknown";
  for (const char* key : kRawParameterKeys) {
    const Json& part = keys.at(key);
    if (part.is_number()) name += "_" + dump_json(part, -1);
  }
  return name;
}

std::string axis_name(const Keys& keys, const std::string& key) {
  const Json& level_type = keys.at("typeOfLevel");
  return key == "level" && is_known(level_type) ? level_type.get<std::string>() : key;
}

GribField field_of(const GribMessage& message, int number, const Keys& keys) {
  GribField field{message, number, {}, ""};
  for (std::size_t k = 0; k < kGribAxisKeys.size(); ++k) {
    const Json& value = keys.at(kGribAxisKeys[k]);
    field.place[k] =
        value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  }
  field.step_range = dump_json(keys.at("stepRange"), -1);
  return field;
}

void find_axes(GribCube& cube) {
  for (std::size_t k = 0; k < kGribAxisKeys.size(); ++k) {
    const Json& first = cube.keys.at(kGribAxisKeys[k]);
    if (!first.is_number()) continue;
    GribAxis axis;
    axis.key = k;
    axis.name = axis_name(cube.keys, kGribAxisKeys[k]);
    axis.is_integer = first.is_number_integer();
    for (const GribField& field : cube.fields) axis.values.push_back(field.place[k]);
    std::sort(axis.values.begin(), axis.values.end());
    axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
    if (axis.name == "isobaricInhPa" || axis.name == "isobaricInPa") {
      std::reverse(axis.values.begin(), axis.values.end());
    }
    axis.values.shrink_to_fit();
    cube.axes.push_back(std::move(axis));
  }
}

[[noreturn]] void refuse_double(const GribCube& cube, const GribField& a, const GribField& b) {
  if (a.step_range != b.step_range) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} and {} both hold {} for the same time, with step ranges {} and {}; "
                            "put them into separate files",
                            a.describe(), b.describe(), cube.name, a.step_range, b.step_range));
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
    const bool descends = axis.values.front() > axis.values.back();
    const auto before = [&](double a, double b) { return descends ? a > b : a < b; };
    const auto at =
        std::lower_bound(axis.values.begin(), axis.values.end(), field.place[axis.key], before);
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
      Keys keys = read_keys(handle);
      GribField field = field_of(message, i, keys);
      const auto [at, is_new] = by_signature.emplace(signature(keys), cubes.size());
      if (is_new) {
        add_names(handle, keys);
        GribCube& cube = cubes.emplace_back();
        cube.name = variable_name(keys);
        cube.keys = std::move(keys);
      }
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
