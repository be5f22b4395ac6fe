#include "gridmill/formats/grib_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_kind.h"

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

// Products of one parameter that are no coordinates of one variable: percentiles, probabilities.
constexpr std::array kProductKeys = {"subCentre",
                                     "percentileValue",
                                     "probabilityType",
                                     "scaleFactorOfLowerLimit",
                                     "scaledValueOfLowerLimit",
                                     "scaleFactorOfUpperLimit",
                                     "scaledValueOfUpperLimit",
                                     "derivedForecast"};

// What tells levels apart whose type ecCodes does not know.
constexpr std::array kRawLevelKeys = {"typeOfFirstFixedSurface", "typeOfSecondFixedSurface",
                                      "indicatorOfTypeOfLevel"};

using Keys = std::map<std::string, Json>;

// What follows from the others, and is asked once per cube.
constexpr std::array kNames = {"cfVarName", "shortName", "centreDescription"};

[[noreturn]] void throw_unknown(const char* what, const std::string& key, const Json& number) {
  const std::string text = number.is_null() ? "(none)" : dump_json(number, -1);
  throw Error(ErrorKind::unsupported,
              fmt::format("its {} {} is not known to this ecCodes; take such messages out "
                          "(grib_copy -w {}!={}), or use a newer ecCodes",
                          what, text, key, text));
}

// Behind a template that ecCodes does not know it finds no keys; what it says of the message then
// is made up of what is missing.
void check_templates(const GribHandle& handle) {
  const auto lacks = [&](const char* key) { return handle.key_as_text(key).is_null(); };
  const auto refuse = [&](const char* what, const char* key) {
    throw_unknown(what, key, handle.key_as_integer(key));
  };
  const bool is_first = handle.integer("edition", 2) == 1;
  if (lacks("gridType")) {
    if (is_first) refuse("data representation type", "dataRepresentationType");
    refuse("grid definition template", "gridDefinitionTemplateNumber");
  }
  if (is_first) return;
  if (lacks("parameterCategory")) {
    refuse("product definition template", "productDefinitionTemplateNumber");
  }
  const Json packing = handle.key_as_text("packingType");
  if ((packing.is_null() || packing == "unknown") && lacks("bitsPerValue")) {
    refuse("data representation template", "dataRepresentationTemplateNumber");
  }
}

// What every field must be asked; ecCodes takes its time to answer.
Keys read_keys(GribHandle& handle) {
  Keys keys;
  for (const char* name : kUniqueTexts) keys[name] = handle.key_as_text(name);
  for (const char* name : kUniqueIntegers) keys[name] = handle.key_as_integer(name);
  for (const char* name : kProductKeys) keys[name] = handle.key(name);
  if (keys["typeOfLevel"] == "unknown") {
    for (const char* name : kRawLevelKeys) keys[name] = handle.key(name);
  }
  if (keys["paramId"] == 0) {
    for (const char* name : kRawParameterKeys) keys[name] = handle.key(name);
  }
  for (const char* name : {"number", "directionNumber", "frequencyNumber"}) {
    keys[name] = handle.key_as_integer(name);
  }
  keys["level"] = handle.key_as_float("level");
  keys["time"] = handle.reference_time();
  keys["step"] = handle.step_hours();
  return keys;
}

void add_names(const GribHandle& handle, Keys& keys) {
  for (const char* name : kNames) keys[name] = handle.key_as_text(name);
}

// Fields with the same signature share a cube: the unique keys, and which coordinates they have.
std::string signature(const Keys& keys) {
  Json parts = Json::array();
  for (const char* name : kUniqueTexts) parts.push_back(keys.at(name));
  for (const char* name : kUniqueIntegers) parts.push_back(keys.at(name));
  for (const char* name : kProductKeys) parts.push_back(keys.at(name));
  const auto add_known = [&](const auto& names) {
    for (const char* name : names) {
      const auto at = keys.find(name);
      if (at != keys.end()) parts.push_back(at->second);
    }
  };
  add_known(kRawLevelKeys);
  add_known(kRawParameterKeys);
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

// A message of one field, which ecCodes understands.
void read_grib_field(const ValueReader& file, const GribField& field, Buffer& into) {
  read_grib_message(file, field.message, into);
  if (field.message.fields > 1) keep_grib_field(field.field, into);
}

using Place = std::array<double, kGribAxisKeys.size()>;

// Of kGribAxisKeys.
constexpr std::size_t kNumber = 0, kTime = 1, kStep = 2;

Place place_of(const Keys& keys) {
  Place place;
  for (std::size_t k = 0; k < kGribAxisKeys.size(); ++k) {
    const Json& value = keys.at(kGribAxisKeys[k]);
    place[k] = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  }
  return place;
}

// To the bit: NaN, where there is no such key, is the same as NaN.
bool same_place(const Place& a, const Place& b) {
  using Bits = std::array<std::uint64_t, std::tuple_size_v<Place>>;
  return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
}

// What ecCodes has said about the first field of a kind.
struct Kind {
  std::size_t cube = 0;
  Place place{};
  GribVarying varying;
  bool is_trusted = true;  // what the headers say is what ecCodes says
  // Which of number, time and step were seen to change, and ecCodes agreed.
  std::array<bool, 3> is_proven{};
};

std::array<bool, 3> changes(const GribVarying& a, const GribVarying& b) {
  return {a.number != b.number, a.time != b.time, a.step != b.step};
}

bool has_proof(const Kind& kind, const GribVarying& varying) {
  const std::array<bool, 3> changed = changes(kind.varying, varying);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (changed[i] && !kind.is_proven[i]) return false;
  }
  return true;
}

// Where a field of this kind belongs, by its header alone.
Place place_by_header(const Kind& kind, const GribVarying& varying) {
  Place place = kind.place;
  const auto as_double = [](std::int64_t value) { return static_cast<double>(value); };
  if (varying.number && !std::isnan(place[kNumber])) {
    place[kNumber] = as_double(*varying.number);
  }
  if (varying.time) place[kTime] = as_double(*varying.time);
  if (varying.step) {
    // An interval's length, which the kind shares, may be added to its beginning.
    const double per_hour = varying.steps_per_hour;
    const double added =
        varying.steps_per_hour == 1 ? kind.place[kStep] - as_double(*kind.varying.step) : 0;
    place[kStep] = as_double(*varying.step) / per_hour + added;
  }
  return place;
}

struct KindHash {
  std::size_t operator()(const std::string& bytes) const noexcept {
    return hash_bytes(as_bytes(bytes)).low;
  }
};

class GribIndexer {
 public:
  explicit GribIndexer(const ValueReader& file) : file_(file) {}

  GribIndex run() {
    std::vector<GribGap> gaps =
        scan_grib(file_, [&](const GribMessage& message, std::span<const GribSections> fields) {
          for (std::size_t i = 0; i < fields.size(); ++i)
            add(message, static_cast<int>(i), fields[i]);
        });
    return {std::move(cubes_), std::move(gaps)};
  }

 private:
  void add(const GribMessage& message, int number, const GribSections& sections) {
    const GribVarying varying = split_grib_header(sections, key_);
    const auto at = kinds_.find(key_);
    if (at == kinds_.end()) return add_kind(message, number, varying);
    Kind& kind = at->second;
    if (kind.is_trusted && has_proof(kind, varying)) {
      cubes_[kind.cube].fields.push_back({message, number, place_by_header(kind, varying)});
      return;
    }
    const GribField field = {message, number, {}};
    const std::size_t cube = add_by_eccodes(field);
    if (!kind.is_trusted) return;
    const Place& place = cubes_[cube].fields.back().place;
    kind.is_trusted = cube == kind.cube && same_place(place, place_by_header(kind, varying));
    const std::array<bool, 3> changed = changes(kind.varying, varying);
    for (std::size_t i = 0; i < changed.size(); ++i) kind.is_proven[i] |= changed[i];
  }

  void add_kind(const GribMessage& message, int number, const GribVarying& varying) {
    Kind kind;
    kind.varying = varying;
    kind.cube = add_by_eccodes({message, number, {}});
    kind.place = cubes_[kind.cube].fields.back().place;
    kind.is_trusted = same_place(kind.place, place_by_header(kind, varying));
    kinds_.emplace(key_, kind);
  }

  // Reads the whole message; returns the cube that got it.
  std::size_t add_by_eccodes(GribField field) {
    read_grib_field(file_, field, bytes_);
    GribHandle handle(bytes_);
    check_templates(handle);
    Keys keys = read_keys(handle);
    field.place = place_of(keys);
    const auto [at, is_new] = by_signature_.emplace(signature(keys), cubes_.size());
    if (is_new) {
      add_names(handle, keys);
      GribCube& cube = cubes_.emplace_back();
      cube.name = variable_name(keys);
      cube.keys = std::move(keys);
    }
    cubes_[at->second].fields.push_back(field);
    return at->second;
  }

  const ValueReader& file_;
  std::vector<GribCube> cubes_;
  std::map<std::string, std::size_t> by_signature_;
  std::unordered_map<std::string, Kind, KindHash> kinds_;
  std::string key_;
  Buffer bytes_;
};

// The distinct values of one coordinate.
std::vector<double> axis_values(const GribCube& cube, std::size_t key) {
  std::vector<double> values;
  for (const GribField& field : cube.fields) {
    if (values.empty() || values.back() != field.place[key]) values.push_back(field.place[key]);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  values.shrink_to_fit();
  return values;
}

Json step_range(const ValueReader& file, const GribField& field) {
  Buffer bytes;
  read_grib_field(file, field, bytes);
  return GribHandle(bytes).key_as_text("stepRange");
}

[[noreturn]] void refuse_double(const ValueReader& file, const GribCube& cube, const GribField& a,
                                const GribField& b) {
  const Json first = step_range(file, a), second = step_range(file, b);
  if (first != second) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} and {} both hold {} for the same time, with step ranges {} and {}; "
                            "put them into separate files",
                            a.describe(), b.describe(), cube.name, dump_json(first, -1),
                            dump_json(second, -1)));
  }
  throw Error(ErrorKind::corrupt,
              fmt::format("{} and {} both hold {} for the same place in every coordinate",
                          a.describe(), b.describe(), cube.name));
}

// The first pair in file order that shares a place is named.
void check_unique(const ValueReader& file, const GribCube& cube) {
  std::vector<std::pair<std::int64_t, std::size_t>> places;
  places.reserve(cube.fields.size());
  for (std::size_t i = 0; i < cube.fields.size(); ++i) {
    places.emplace_back(ordinal_of(cube, cube.fields[i]), i);
  }
  std::sort(places.begin(), places.end());
  std::size_t second = cube.fields.size(), first = 0;
  for (std::size_t i = 1; i < places.size(); ++i) {
    const bool is_double = places[i].first == places[i - 1].first;
    if (is_double && places[i].second < second) {
      second = places[i].second;
      first = places[i - 1].second;
    }
  }
  if (second < cube.fields.size()) {
    refuse_double(file, cube, cube.fields[first], cube.fields[second]);
  }
}

}  // namespace

std::string GribField::describe() const {
  return fmt::format("message {} at byte {}", message.number, message.offset);
}

Shape header_shape(const GribCube& cube) {
  Shape shape;
  for (const GribAxis& axis : cube.axes) {
    if (!axis.is_scalar()) shape.push_back(static_cast<std::int64_t>(axis.values.size()));
  }
  return shape;
}

std::int64_t ordinal_of(const GribCube& cube, const GribField& field) {
  std::int64_t ordinal = 0;
  for (const GribAxis& axis : cube.axes) {
    if (axis.is_scalar()) continue;
    const bool descends = axis.values.front() > axis.values.back();
    const auto before = [&](double a, double b) { return descends ? a > b : a < b; };
    const auto at =
        std::lower_bound(axis.values.begin(), axis.values.end(), field.place[axis.key], before);
    ordinal = ordinal * static_cast<std::int64_t>(axis.values.size()) + (at - axis.values.begin());
  }
  return ordinal;
}

bool is_descending(const GribAxis& axis) {
  return axis.name == "isobaricInhPa" || axis.name == "isobaricInPa";
}

bool has_grib_keys(const GribCube& cube) {
  const auto has_all = [&](const auto& names) {
    return std::all_of(names.begin(), names.end(),
                       [&](const char* name) { return cube.keys.contains(name); });
  };
  return has_all(kUniqueTexts) && has_all(kUniqueIntegers) && has_all(kProductKeys) &&
         has_all(kGribAxisKeys) && has_all(kNames);
}

std::vector<GribAxis> grib_axes(const GribCube& cube) {
  std::vector<GribAxis> axes;
  for (std::size_t k = 0; k < kGribAxisKeys.size(); ++k) {
    const Json& first = cube.keys.at(kGribAxisKeys[k]);
    if (!first.is_number()) continue;
    axes.push_back({axis_name(cube.keys, kGribAxisKeys[k]), k, {}, first.is_number_integer()});
  }
  return axes;
}

void check_sparseness(const GribCube& cube) {
  constexpr double kCells = 1e6, kCellsPerMessage = 100;
  double cells = 1;
  for (const GribAxis& axis : cube.axes) cells *= static_cast<double>(axis.values.size());
  if (cells <= kCells + kCellsPerMessage * static_cast<double>(cube.fields.size())) return;
  throw Error(
      ErrorKind::unsupported,
      fmt::format("the {} messages of {} would fill a hypercube of shape {}; split the file",
                  cube.fields.size(), cube.name, to_string(header_shape(cube))));
}

GribIndex index_grib(const ValueReader& file) {
  GribIndex index = GribIndexer(file).run();
  for (GribCube& cube : index.cubes) {
    cube.axes = grib_axes(cube);
    for (GribAxis& axis : cube.axes) {
      axis.values = axis_values(cube, axis.key);
      if (is_descending(axis)) std::reverse(axis.values.begin(), axis.values.end());
    }
    check_sparseness(cube);
    check_unique(file, cube);
  }
  return index;
}

}  // namespace gridmill
