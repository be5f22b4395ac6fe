// Oracle: the great-circle distance to every cell of the grid, tried one by one, and the grids'
// geometry.
#include "gridmill/dataset/horizontal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "memory_dataset.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using ::testing::HasSubstr;
using testing::message_of;
using testing::variable_with;

std::vector<double> steps(double first, double step, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(first + i * step);
  return values;
}

Dataset on_axes(const std::vector<double>& latitudes, const std::vector<double>& longitudes,
                const std::string& latitude_units = "degrees_north") {
  const auto rows = static_cast<std::int64_t>(latitudes.size());
  const auto columns = static_cast<std::int64_t>(longitudes.size());
  return dataset_with(
      "g.nc", {axis_with<double>("yc", latitudes, {{"units", latitude_units}}),
               axis_with<double>("xc", longitudes, {{"units", "degrees_east"}}),
               variable_with<float>("t", {"yc", "xc"}, {rows, columns},
                                    std::vector<float>(static_cast<std::size_t>(rows * columns)))});
}

PointLocation nearest(const Dataset& dataset, double latitude, double longitude) {
  return HorizontalGrid(dataset, dataset.at("t")).nearest(latitude, longitude);
}

TEST(Axes, LongitudesWrapOnAGlobalGrid) {
  const Dataset world = on_axes(steps(90, -1, 181), steps(0, 1, 360));
  EXPECT_EQ(nearest(world, 51.4, -0.1).position, Index({39, 0}));
  EXPECT_EQ(nearest(world, 51.4, -0.6).position, Index({39, 359}));
  EXPECT_EQ(nearest(world, -90, -180).position, Index({180, 180}));
  EXPECT_EQ(nearest(world, 0, 359.7).position, Index({90, 0}));
  const PointLocation paris = nearest(world, 48.85, 2.35);
  EXPECT_EQ(paris.latitude_deg, 49);
  EXPECT_NEAR(paris.distance_m, kEarthRadius_m * central_angle_rad(48.85, 2.35, 49, 2), 1e-6);
  const Dataset centred = on_axes(steps(-89.5, 1, 180), steps(-179.5, 1, 360));
  EXPECT_EQ(nearest(centred, 0.2, 359.7).position, Index({90, 179}));
}

TEST(Axes, AWiderSeamBelongsToTheCellsBesideIt) {
  // Steps of 1, then of 3, and 2 from the last to the first.
  std::vector<double> longitudes = steps(0, 1, 302);
  for (const double longitude : steps(304, 3, 19)) longitudes.push_back(longitude);
  ASSERT_EQ(longitudes.back(), 358);
  const Dataset world = on_axes(steps(90, -1, 181), longitudes);
  EXPECT_EQ(nearest(world, 0, 359.2).position, Index({90, 0}));
  EXPECT_EQ(nearest(world, 0, -1.2).position, Index({90, 320}));
  longitudes.push_back(360);
  const PointLocation again = nearest(on_axes(steps(90, -1, 181), longitudes), 0, 359.2);
  EXPECT_EQ(std::remainder(again.longitude_deg, 360.0), 0);
  // A gap that is wider than cells is none of theirs.
  longitudes.resize(longitudes.size() - 2);
  ErrorKind kind{};
  const Dataset open = on_axes(steps(90, -1, 181), longitudes);
  EXPECT_THAT(message_of([&] { nearest(open, 0, 359.2); }, kind), HasSubstr("outside the grid"));
}

TEST(Axes, TheCapBelongsToTheLastRow) {
  const Dataset gaussian = on_axes(steps(89.14, -1.12, 160), steps(0, 1.125, 320));
  EXPECT_EQ(nearest(gaussian, 89.99, 0).position, Index({0, 0}));
}

TEST(Axes, OutsideARegionalGridNamesItsExtent) {
  const Dataset region = on_axes(steps(60, -0.25, 49), steps(-10, 0.25, 53));
  EXPECT_EQ(nearest(region, 60.12, 2.99).position, Index({0, 52}));
  ErrorKind kind{};
  for (const auto& at :
       {std::pair{60.2, 0.0}, {40.0, 0.0}, {55.0, 3.2}, {55.0, 180.0}, {55.0, -10.2}}) {
    EXPECT_THAT(message_of([&] { nearest(region, at.first, at.second); }, kind),
                HasSubstr("outside the grid: latitude 48 to 60, longitude -10 to 3"));
    EXPECT_EQ(kind, ErrorKind::invalid);
  }
  for (const auto& at :
       {std::pair{std::nan(""), 0.0}, {50.0, std::nan("")}, {90.5, 0.0}, {50.0, 1e9}}) {
    EXPECT_THROW(nearest(region, at.first, at.second), Error);
  }
}

TEST(Axes, DimensionsInTheVariablesOrder) {
  Dataset dataset = on_axes(steps(0, 1, 3), steps(0, 1, 4));
  dataset.variables[2] = variable_with<float>("t", {"xc", "yc"}, {4, 3}, std::vector<float>(12));
  EXPECT_EQ(nearest(dataset, 2, 1).position, Index({1, 2}));
}

Dataset curvilinear(double latitude0, double longitude0) {
  std::vector<double> latitudes, longitudes;
  for (int i = 0; i < 40; ++i) {
    for (int j = 0; j < 50; ++j) {
      latitudes.push_back(latitude0 + 0.4 * i + 0.05 * j);
      longitudes.push_back(longitude0 + 0.5 * j - 0.1 * i);
    }
  }
  latitudes[7] = longitudes[7] = std::nan("");
  return dataset_with("c.nc",
                      {variable_with<double>("nav_lat", {"y", "x"}, {40, 50}, latitudes,
                                             {{"units", "degrees_north"}}),
                       variable_with<double>("nav_lon", {"y", "x"}, {40, 50}, longitudes,
                                             {{"units", "degrees_east"}}),
                       variable_with<float>("t", {"y", "x"}, {40, 50}, std::vector<float>(2000))});
}

TEST(Curvilinear, AsTryingEveryCell) {
  const Dataset dataset = curvilinear(50, 170);  // across the date line
  const std::vector<double> latitudes = to_doubles(read_array(dataset.at("nav_lat")).view());
  const std::vector<double> longitudes = to_doubles(read_array(dataset.at("nav_lon")).view());
  for (double latitude = 53; latitude < 64; latitude += 0.37) {
    for (double longitude = -188; longitude < -172; longitude += 0.41) {
      std::size_t best = 0;
      double best_angle = 10;
      for (std::size_t k = 0; k < latitudes.size(); ++k) {
        const double angle = central_angle_rad(latitude, longitude, latitudes[k], longitudes[k]);
        if (angle < best_angle) best = k, best_angle = angle;
      }
      const PointLocation found = nearest(dataset, latitude, longitude);
      ASSERT_EQ(found.position[0] * 50 + found.position[1], static_cast<std::int64_t>(best));
      EXPECT_NEAR(found.distance_m, kEarthRadius_m * best_angle, 1e-3);
    }
  }
  EXPECT_THROW(nearest(dataset, 45, 180), Error);
  EXPECT_THROW(nearest(dataset, 58, 100), Error);
}

TEST(List, StationsAtAnyDistance) {
  const Dataset stations = dataset_with(
      "s.nc", {variable_with<float>("lat", {"location"}, {3}, {49.25F, 67.8F, 48.8F}),
               variable_with<float>("lon", {"location"}, {3}, {-123.1F, -115.1F, -78.0F}),
               variable_with<float>("t", {"time", "location"}, {1, 3}, {1, 2, 3})});
  const HorizontalGrid grid(stations, stations.at("t"));
  EXPECT_EQ(grid.kind(), GridKind::list);
  EXPECT_EQ(grid.dimensions(), std::vector<std::string>{"location"});
  EXPECT_EQ(grid.nearest(45.5, -73.6).position, Index({2}));
  EXPECT_NEAR(grid.nearest(49.25, -123.1).distance_m, 0, 1);
}

TEST(Rotated, NamesWhatIsMissing) {
  Dataset rotated = on_axes(steps(-5, 1, 11), steps(-5, 1, 11), "degrees");
  rotated.variables[0].attributes.set("standard_name", AttributeValue::text("grid_latitude"));
  rotated.variables[1].attributes.set("standard_name", AttributeValue::text("grid_longitude"));
  ErrorKind kind{};
  EXPECT_THAT(message_of([&] { nearest(rotated, 0, 0); }, kind), HasSubstr("grid_latitude"));
  EXPECT_EQ(kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace gridmill
