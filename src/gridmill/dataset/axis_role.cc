#include "gridmill/dataset/axis_role.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {
namespace {

struct RoleOfText {
  std::string_view text;
  AxisRole role;
};

std::optional<AxisRole> role_in(std::span<const RoleOfText> table, std::string_view text) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const RoleOfText& entry) { return entry.text == text; });
  return found == table.end() ? std::nullopt : std::optional(found->role);
}

constexpr std::array kStandardNames{
    RoleOfText{"time", AxisRole::time},
    RoleOfText{"forecast_reference_time", AxisRole::time},
    RoleOfText{"forecast_period", AxisRole::time},
    RoleOfText{"realization", AxisRole::member},
    RoleOfText{"grid_latitude", AxisRole::latitude},
    RoleOfText{"projection_y_coordinate", AxisRole::latitude},
    RoleOfText{"grid_longitude", AxisRole::longitude},
    RoleOfText{"projection_x_coordinate", AxisRole::longitude},
    RoleOfText{"air_pressure", AxisRole::vertical},
    RoleOfText{"altitude", AxisRole::vertical},
    RoleOfText{"depth", AxisRole::vertical},
    RoleOfText{"height", AxisRole::vertical},
    RoleOfText{"geopotential_height", AxisRole::vertical},
    RoleOfText{"model_level_number", AxisRole::vertical},
    RoleOfText{"air_potential_temperature", AxisRole::vertical},
};

constexpr std::array kAxisLetters{
    RoleOfText{"T", AxisRole::time},     RoleOfText{"Z", AxisRole::vertical},
    RoleOfText{"Y", AxisRole::latitude}, RoleOfText{"X", AxisRole::longitude},
    RoleOfText{"E", AxisRole::member},  // not CF's, but GrADS's and cfgrib's
};

// CF 4.3: a coordinate in units of pressure is vertical, whatever else it says.
constexpr std::array kPressures{
    RoleOfText{"pa", AxisRole::vertical},       RoleOfText{"hpa", AxisRole::vertical},
    RoleOfText{"kpa", AxisRole::vertical},      RoleOfText{"bar", AxisRole::vertical},
    RoleOfText{"mbar", AxisRole::vertical},     RoleOfText{"mb", AxisRole::vertical},
    RoleOfText{"millibar", AxisRole::vertical}, RoleOfText{"millibars", AxisRole::vertical},
    RoleOfText{"dbar", AxisRole::vertical},     RoleOfText{"decibar", AxisRole::vertical},
};

constexpr std::array kNamesOfAxes{
    RoleOfText{"time", AxisRole::time},
    RoleOfText{"t", AxisRole::time},
    RoleOfText{"valid_time", AxisRole::time},
    RoleOfText{"time_counter", AxisRole::time},
    RoleOfText{"forecast_time", AxisRole::time},
    RoleOfText{"lead_time", AxisRole::time},
    RoleOfText{"step", AxisRole::time},
    RoleOfText{"date", AxisRole::time},
    RoleOfText{"datetime", AxisRole::time},
    RoleOfText{"lat", AxisRole::latitude},
    RoleOfText{"latitude", AxisRole::latitude},
    RoleOfText{"rlat", AxisRole::latitude},
    RoleOfText{"y", AxisRole::latitude},
    RoleOfText{"lon", AxisRole::longitude},
    RoleOfText{"longitude", AxisRole::longitude},
    RoleOfText{"rlon", AxisRole::longitude},
    RoleOfText{"x", AxisRole::longitude},
    RoleOfText{"station", AxisRole::longitude},
    RoleOfText{"cell", AxisRole::longitude},
    RoleOfText{"ncells", AxisRole::longitude},
    RoleOfText{"lev", AxisRole::vertical},
    RoleOfText{"level", AxisRole::vertical},
    RoleOfText{"plev", AxisRole::vertical},
    RoleOfText{"depth", AxisRole::vertical},
    RoleOfText{"height", AxisRole::vertical},
    RoleOfText{"z", AxisRole::vertical},
    RoleOfText{"isobaricinhpa", AxisRole::vertical},
    RoleOfText{"pressure_level", AxisRole::vertical},
    RoleOfText{"member", AxisRole::member},
    RoleOfText{"number", AxisRole::member},
    RoleOfText{"ensemble", AxisRole::member},
    RoleOfText{"realization", AxisRole::member},
};

bool is_of_times(const Variable& coordinate) {
  if (holds_times(coordinate)) return true;
  return coordinate.zarr && coordinate.zarr->type == coordinate.type &&
         is_time_document(coordinate.zarr->document);
}

bool is_dimensionless_vertical(std::string_view standard_name) {
  const bool is_model = standard_name.starts_with("atmosphere_") ||
                        standard_name.starts_with("ocean_") || standard_name.starts_with("height_");
  return is_model || standard_name.ends_with("_sigma_coordinate");
}

// What its attributes say; nullopt: nothing.
std::optional<AxisRole> described_role(const Variable& coordinate) {
  const Attributes& attributes = coordinate.attributes;
  if (is_of_times(coordinate)) return AxisRole::time;
  const std::string_view standard_name = attributes.text("standard_name");
  if (const auto role = role_in(kStandardNames, standard_name)) return role;
  if (is_latitude(coordinate)) return AxisRole::latitude;
  if (is_longitude(coordinate)) return AxisRole::longitude;
  if (is_dimensionless_vertical(standard_name) || attributes.find("positive") != nullptr) {
    return AxisRole::vertical;
  }
  if (const auto role = role_in(kPressures, to_lower(attributes.text("units")))) return role;
  return role_in(kAxisLetters, attributes.text("axis"));
}

bool is_seen_from(const Variable& coordinate, const Variable& variable) {
  return coordinate.group.empty() || coordinate.group == variable.group ||
         variable.group.starts_with(coordinate.group + "/");
}

// What auxiliary coordinates say of `dimension`: CF 5.2 (two dimensions), 5.3 and 9 (lists).
std::optional<AxisRole> auxiliary_role(const Dataset& dataset, const Variable& variable,
                                       const std::string& dimension) {
  std::optional<AxisRole> role;
  for (const Variable& other : dataset.variables) {
    const int d = other.dimension_index(dimension);
    const int rank = other.shape.rank();
    if (d < 0 || rank > 2 || other.path() == variable.path() || !is_seen_from(other, variable)) {
      continue;
    }
    if (is_latitude(other) || is_longitude(other)) {
      return rank == 2 && d == 0 ? AxisRole::latitude : AxisRole::longitude;
    }
    if (rank == 1 && is_of_times(other)) role = AxisRole::time;
  }
  return role;
}

AxisRole role_along(const Dataset& dataset, const Variable& variable,
                    const std::string& dimension) {
  const Variable* coordinate = find_dimension_coordinate(dataset, variable.group, dimension);
  if (coordinate != nullptr) {
    if (const auto role = described_role(*coordinate)) return *role;
  }
  if (const auto role = auxiliary_role(dataset, variable, dimension)) return *role;
  return role_in(kNamesOfAxes, to_lower(dimension)).value_or(AxisRole::unknown);
}

}  // namespace

std::string_view name_of(AxisRole role) noexcept {
  switch (role) {
    case AxisRole::time:
      return "time";
    case AxisRole::member:
      return "member";
    case AxisRole::vertical:
      return "vertical";
    case AxisRole::latitude:
      return "latitude";
    case AxisRole::longitude:
      return "longitude";
    default:
      return "unknown";
  }
}

std::vector<AxisRole> axis_roles(const Dataset& dataset, const Variable& variable) {
  std::vector<AxisRole> roles;
  for (const std::string& dimension : variable.dimensions) {
    roles.push_back(role_along(dataset, variable, dimension));
  }
  return roles;
}

}  // namespace gridmill
