// Oracle: the haversine formula tried on every point (kernels/nearest.h), and known distances.
#include "gridmill/kernels/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

TEST(CentralAngle, KnownDistances) {
  EXPECT_NEAR(central_angle_rad(0, 0, 0, 90), std::numbers::pi / 2, 1e-15);
  EXPECT_NEAR(central_angle_rad(90, 17, -90, 200), std::numbers::pi, 1e-15);
  EXPECT_NEAR(central_angle_rad(10, 179.5, 10, -179.5), central_angle_rad(10, 0, 10, 1), 1e-15);
  // Nashville to Los Angeles airport, 2887.26 km on a sphere of 6372.8 km (Rosetta Code's example).
  EXPECT_NEAR(central_angle_rad(36.12, -86.67, 33.94, -118.40) * 6372.8, 2887.2599, 1e-4);
}

TEST(SphereIndex, FindsWhatTryingEveryPointFinds) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> latitude(-90, 90), longitude(-180, 360);
  std::vector<double> latitudes, longitudes;
  for (int i = 0; i < 2000; ++i) {
    latitudes.push_back(latitude(random));
    longitudes.push_back(longitude(random));
  }
  const SphereIndex index(latitudes, longitudes);
  for (int i = 0; i < 1000; ++i) {
    const double lat = latitude(random), lon = longitude(random);
    double best = 10;
    std::size_t best_at = 0;
    for (std::size_t k = 0; k < latitudes.size(); ++k) {
      const double angle = central_angle_rad(lat, lon, latitudes[k], longitudes[k]);
      if (angle < best) best = angle, best_at = k;
    }
    const auto found = index.nearest(lat, lon);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->index, static_cast<std::int64_t>(best_at));
    EXPECT_NEAR(found->angle_rad, best, 1e-7);
  }
}

TEST(SphereIndex, CrossesTheDateLineAndThePole) {
  const std::vector<double> latitudes{0, 0, 89, 50};
  const std::vector<double> longitudes{-179.9, 170, 0, 180};
  const SphereIndex index(latitudes, longitudes);
  EXPECT_EQ(index.nearest(0, 179.9)->index, 0);
  EXPECT_EQ(index.nearest(0, 539.9)->index, 0);
  EXPECT_EQ(index.nearest(85, 180)->index, 2);
}

TEST(SphereIndex, LowestIndexOfEqualPointsAndNoNaN) {
  std::vector<double> latitudes(101, 10.0), longitudes(101, 20.0);
  latitudes[0] = std::numeric_limits<double>::quiet_NaN();
  longitudes[1] = std::numeric_limits<double>::quiet_NaN();
  const SphereIndex index(latitudes, longitudes);
  EXPECT_EQ(index.size(), 99);
  EXPECT_EQ(index.nearest(10, 20)->index, 2);
  EXPECT_FALSE(SphereIndex({}, {}).nearest(0, 0));
  EXPECT_THROW(SphereIndex(latitudes, std::vector<double>(3)), Error);
}

TEST(SphereIndex, WithinVisitsEveryPointOfACircleOnce) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> latitude(-90, 90), longitude(-180, 180), angle(0, 1.5);
  std::vector<double> latitudes, longitudes;
  for (int i = 0; i < 400; ++i) {
    latitudes.push_back(latitude(random));
    longitudes.push_back(longitude(random));
  }
  const SphereIndex index(latitudes, longitudes);
  for (int round = 0; round < 100; ++round) {
    const double lat = latitude(random), lon = longitude(random), reach = angle(random);
    std::vector<std::int64_t> found, expected;
    index.within(lat, lon, reach, [&](const SphereIndex::Neighbour& point) {
      found.push_back(point.index);
      EXPECT_LE(point.angle_rad, reach + 1e-9);
    });
    for (std::size_t k = 0; k < latitudes.size(); ++k) {
      const double away = central_angle_rad(lat, lon, latitudes[k], longitudes[k]);
      if (away <= reach) expected.push_back(static_cast<std::int64_t>(k));
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);
  }
  int all = 0;
  index.within(0, 0, 10, [&](const SphereIndex::Neighbour&) { ++all; });
  EXPECT_EQ(all, 400);
}

}  // namespace
}  // namespace gridmill
