// Roles of dimensions, from each of the signs that CF knows.
#include "gridmill/dataset/axis_role.h"

#include <gtest/gtest.h>

#include "memory_dataset.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using testing::variable_with;
using Texts = std::vector<std::pair<std::string, std::string>>;

// The role of a dimension named `d` whose coordinate has these attributes.
AxisRole role_with(const Texts& attributes) {
  const Dataset dataset = dataset_with("a.nc", {variable_with<float>("v", {"d"}, {2}, {1, 2}),
                                                axis_with<double>("d", {1, 2}, attributes)});
  return axis_roles(dataset, dataset.at("v")).at(0);
}

AxisRole role_of_name(const std::string& name) {
  const Dataset dataset = dataset_with("a.nc", {variable_with<float>("v", {name}, {2}, {1, 2})});
  return axis_roles(dataset, dataset.at("v")).at(0);
}

TEST(AxisRoles, AreToldByAttributes) {
  const std::vector<std::pair<Texts, AxisRole>> cases{
      {{{"units", "hours since 1900-01-01"}}, AxisRole::time},
      {{{"standard_name", "forecast_period"}, {"units", "hours"}}, AxisRole::time},
      {{{"axis", "T"}}, AxisRole::time},
      {{{"units", "degrees_north"}}, AxisRole::latitude},
      {{{"standard_name", "projection_y_coordinate"}, {"units", "m"}}, AxisRole::latitude},
      {{{"units", "degrees_east"}}, AxisRole::longitude},
      {{{"standard_name", "grid_longitude"}, {"units", "degrees"}}, AxisRole::longitude},
      {{{"positive", "down"}, {"units", "m"}}, AxisRole::vertical},
      {{{"units", "hPa"}}, AxisRole::vertical},
      {{{"standard_name", "atmosphere_hybrid_sigma_pressure_coordinate"}}, AxisRole::vertical},
      {{{"standard_name", "realization"}}, AxisRole::member},
      {{{"units", "m"}}, AxisRole::unknown},
      {{}, AxisRole::unknown}};
  for (const auto& [attributes, role] : cases) {
    EXPECT_EQ(role_with(attributes), role)
        << (attributes.empty() ? "nothing" : attributes[0].first + " " + attributes[0].second);
  }
}

TEST(AxisRoles, NamesCountWhereNothingElseDoes) {
  EXPECT_EQ(role_of_name("time"), AxisRole::time);
  EXPECT_EQ(role_of_name("Lat"), AxisRole::latitude);
  EXPECT_EQ(role_of_name("isobaricInhPa"), AxisRole::vertical);
  EXPECT_EQ(role_of_name("number"), AxisRole::member);
  EXPECT_EQ(role_of_name("band"), AxisRole::unknown);
}

// A name that says one thing and attributes that say another.
TEST(AxisRoles, AttributesCountMoreThanNames) {
  const Dataset dataset =
      dataset_with("a.nc", {variable_with<float>("v", {"time"}, {2}, {1, 2}),
                            axis_with<double>("time", {1, 2}, {{"units", "degrees_north"}})});
  EXPECT_EQ(axis_roles(dataset, dataset.at("v")).at(0), AxisRole::latitude);
}

TEST(AxisRoles, AuxiliaryCoordinatesSpeakForTheirDimensions) {
  const Dataset dataset = dataset_with(
      "a.nc", {variable_with<float>("v", {"n", "j", "i"}, {1, 1, 2}, {1, 2}),
               variable_with<float>("s", {"n", "site"}, {1, 2}, {1, 2}),
               variable_with<double>("when", {"n"}, {1}, {1}, {{"units", "days since 2000-01-01"}}),
               variable_with<double>("a", {"j", "i"}, {1, 2}, {1, 2}, {{"units", "degrees_north"}}),
               variable_with<double>("b", {"j", "i"}, {1, 2}, {1, 2}, {{"units", "degrees_east"}}),
               variable_with<double>("c", {"site"}, {2}, {1, 2}, {{"units", "degrees_north"}})});
  EXPECT_EQ(axis_roles(dataset, dataset.at("v")),
            (std::vector{AxisRole::time, AxisRole::latitude, AxisRole::longitude}));
  EXPECT_EQ(axis_roles(dataset, dataset.at("s")),
            (std::vector{AxisRole::time, AxisRole::longitude}));
}

}  // namespace
}  // namespace gridmill
