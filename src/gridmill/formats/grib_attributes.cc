#include "gridmill/formats/grib_attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "gridmill/formats/grib_grid.h"

namespace gridmill {
namespace {

constexpr std::array kFirstKeys = {"paramId",   "dataType", "numberOfPoints", "typeOfLevel",
                                   "stepUnits", "stepType", "gridType",       "uvRelativeToGrid"};
constexpr std::array kExtraKeys = {"NV",
                                   "cfName",
                                   "cfVarName",
                                   "gridDefinitionDescription",
                                   "missingValue",
                                   "name",
                                   "numberOfDirections",
                                   "numberOfFrequencies",
                                   "shortName",
                                   "totalNumber",
                                   "units"};

bool is_undefined(const Json& value) {
  return value.is_null() || value == "undef" || value == "unknown";
}

void set(Attributes& attributes, const std::string& name, const Json& value) {
  if (!value.is_null()) attributes.set(name, AttributeValue::from_json(value));
}

void set_texts(Attributes& attributes,
               std::initializer_list<std::pair<const char*, const char*>> texts) {
  for (const auto& [name, text] : texts) attributes.set(name, AttributeValue::text(text));
}

void set_time(Attributes& attributes, const char* standard_name, const char* long_name) {
  set_texts(attributes, {{"units", "seconds since 1970-01-01T00:00:00"},
                         {"calendar", "proleptic_gregorian"},
                         {"standard_name", standard_name},
                         {"long_name", long_name}});
}

void set_vertical(Attributes& attributes, const char* units, const char* positive,
                  const char* standard_name, const char* long_name) {
  set_texts(attributes, {{"units", units},
                         {"positive", positive},
                         {"standard_name", standard_name},
                         {"long_name", long_name}});
}

}  // namespace

Attributes grib_variable_attributes(const GribHandle& first,
                                    const std::vector<std::string>& coordinates) {
  Attributes attributes;
  for (const std::string key : kFirstKeys) {
    // Steps are always told in hours here.
    const Json value = key == "stepUnits" ? Json(1) : first.key(key);
    if (!is_undefined(value)) set(attributes, "GRIB_" + key, value);
  }
  std::vector<std::string> keys(kExtraKeys.begin(), kExtraKeys.end());
  const std::string grid_type(attributes.text("GRIB_gridType"));
  const std::vector<std::string>& grid_keys = grib_grid_keys(grid_type);
  keys.insert(keys.end(), grid_keys.begin(), grid_keys.end());
  std::sort(keys.begin(), keys.end());
  for (const std::string& key : keys) {
    const Json value = key == "missingValue"
                           ? Json(static_cast<double>(std::numeric_limits<float>::max()))
                           : first.key(key);
    set(attributes, "GRIB_" + key, value);
  }
  const auto text_or = [&](const char* key, const std::string& otherwise) {
    const std::string text(attributes.text(key));
    return AttributeValue::text(text.empty() ? otherwise : text);
  };
  const std::string parameter = dump_json(first.key("paramId"), -1);
  attributes.set("long_name", text_or("GRIB_name", "original GRIB paramId: " + parameter));
  attributes.set("units", text_or("GRIB_units", "1"));
  if (attributes.find("GRIB_cfName") != nullptr) {
    attributes.set("standard_name", text_or("GRIB_cfName", "unknown"));
  }
  attributes.set("coordinates",
                 AttributeValue::text(fmt::format("{}", fmt::join(coordinates, " "))));
  return attributes;
}

Attributes grib_coordinate_attributes(const std::string& name, const std::string& key) {
  Attributes attributes;
  if (name == "latitude" || name == "longitude") {
    set_texts(attributes, {{"units", name == "latitude" ? "degrees_north" : "degrees_east"},
                           {"standard_name", name.c_str()},
                           {"long_name", name.c_str()}});
    return attributes;
  }
  if (name == "valid_time") {
    set_time(attributes, "time", "time");
    return attributes;
  }
  set_texts(attributes, {{"long_name", ""}, {"units", "1"}});
  attributes.set("long_name", AttributeValue::text(fmt::format(
                                  "original GRIB coordinate for key: {}({})", key, name)));
  if (name == "number") {
    set_texts(attributes, {{"units", "1"},
                           {"standard_name", "realization"},
                           {"long_name", "ensemble member numerical id"}});
  } else if (name == "time") {
    set_time(attributes, "forecast_reference_time", "initial time of forecast");
  } else if (name == "step") {
    set_texts(attributes, {{"units", "hours"},
                           {"standard_name", "forecast_period"},
                           {"long_name", "time since forecast_reference_time"},
                           {"dtype", "timedelta64[ns]"}});
  } else if (name == "depthBelowLand" || name == "depthBelowLandLayer") {
    set_vertical(attributes, "m", "down", "depth", "soil depth");
  } else if (name == "hybrid") {
    set_vertical(attributes, "1", "down", "atmosphere_hybrid_sigma_pressure_coordinate",
                 "hybrid level");
  } else if (name == "heightAboveGround") {
    set_vertical(attributes, "m", "up", "height", "height above the surface");
  } else if (name == "isobaricInhPa" || name == "isobaricInPa") {
    set_texts(attributes, {{"units", name == "isobaricInPa" ? "Pa" : "hPa"},
                           {"positive", "down"},
                           {"stored_direction", "decreasing"},
                           {"standard_name", "air_pressure"},
                           {"long_name", "pressure"}});
  } else if (name == "isobaricLayer") {
    set_vertical(attributes, "Pa", "down", "air_pressure", "pressure");
  }
  return attributes;
}

Attributes grib_dataset_attributes(const GribCube& cube) {
  Attributes attributes;
  for (const std::string key : {"edition", "centre", "centreDescription", "subCentre"}) {
    const Json& value = cube.keys.at(key);
    if (!is_undefined(value)) set(attributes, "GRIB_" + key, value);
  }
  set_texts(attributes, {{"Conventions", "CF-1.7"}});
  set(attributes, "institution",
      is_undefined(cube.keys.at("centreDescription")) ? Json() : cube.keys.at("centreDescription"));
  return attributes;
}

}  // namespace gridmill
