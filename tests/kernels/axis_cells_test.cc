// Oracles: closed forms, and sums over the whole earth.
#include "gridmill/kernels/axis_cells.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using Shares = std::vector<AxisCells::Share>;

std::vector<double> even_axis(double first, double step, int count) {
  std::vector<double> axis;
  for (int i = 0; i < count; ++i) axis.push_back(first + i * step);
  return axis;
}

double total_of(const Shares& shares) {
  double total = 0;
  for (const auto& share : shares) total += share.weight;
  return total;
}

double weight_at(const Shares& shares, std::int64_t position) {
  double weight = 0;
  for (const auto& share : shares) weight += share.position == position ? share.weight : 0;
  return weight;
}

TEST(AxisCells, GiveBackThePlaceBetweenCentres) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> step(0.1, 3), unit(0, 1);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> axis{-60};
    while (axis.size() < 30) axis.push_back(axis.back() + step(random));
    const double at = axis.front() + unit(random) * (axis.back() - axis.front());
    if (round % 2 == 1) std::reverse(axis.begin(), axis.end());
    for (const auto& cells : {AxisCells::latitudes(axis), AxisCells::longitudes(axis)}) {
      double mean = 0;
      for (const auto& share : cells.between(at)) {
        mean += share.weight * axis[static_cast<std::size_t>(share.position)];
      }
      EXPECT_NEAR(mean, at, 1e-5);  // a millionth of a cell counts as its centre
      EXPECT_NEAR(total_of(cells.between(at)), 1, 1e-15);
      EXPECT_LE(cells.between(at).size(), 2U);
    }
  }
}

TEST(AxisCells, ACentreStandsAlone) {
  const auto cells = AxisCells::longitudes(even_axis(0, 0.25, 1440));
  for (const double turn : {-360.0, 0.0, 360.0}) {
    const auto shares = cells.between(2.5 + turn);
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].position, 10);
    EXPECT_EQ(shares[0].weight, 1);
  }
}

TEST(AxisCells, LongitudesCloseTheirSeam) {
  for (const double step : {2.5, -2.5}) {
    const auto cells = AxisCells::longitudes(even_axis(0, step, 144));
    EXPECT_TRUE(cells.is_circular());
    const auto shares = cells.between(step > 0 ? 359 : 1);  // 1 degree before the first
    ASSERT_EQ(shares.size(), 2U);
    EXPECT_NEAR(weight_at(shares, 0), 0.6, 1e-12);
    EXPECT_NEAR(weight_at(shares, 143), 0.4, 1e-12);
    EXPECT_EQ(cells.between(-1).size(), 2U);
  }
  EXPECT_FALSE(AxisCells::longitudes(even_axis(0, 2.5, 100)).is_circular());
  EXPECT_FALSE(AxisCells::longitudes({10}).is_circular());
  // A jump in the middle, as where 180 is written -180.
  const auto jumping = AxisCells::longitudes({90, 180, -90, 0});
  EXPECT_TRUE(jumping.is_circular());
  EXPECT_NEAR(weight_at(jumping.between(225), 2), 0.5, 1e-12);
  EXPECT_NEAR(weight_at(jumping.between(-135), 1), 0.5, 1e-12);
}

TEST(AxisCells, ALongitudeThatComesTwiceCountsOnce) {
  const auto cells = AxisCells::longitudes(even_axis(0, 2, 181));  // 0 and 360
  EXPECT_TRUE(cells.is_circular());
  EXPECT_NEAR(total_of(cells.overlap(-180, 180)), 360, 1e-9);
  EXPECT_EQ(weight_at(cells.overlap(-2, 2), 180), 0);
  EXPECT_NEAR(weight_at(cells.between(359), 179), 0.5, 1e-12);
  EXPECT_NEAR(weight_at(cells.between(359), 0), 0.5, 1e-12);
}

TEST(AxisCells, OutsideTheCentresTheOutermostHolds) {
  const auto rows = AxisCells::latitudes(even_axis(60, -1, 21));
  ASSERT_EQ(rows.between(60.4).size(), 1U);
  EXPECT_EQ(rows.between(60.4)[0].position, 0);
  EXPECT_EQ(rows.between(39.7)[0].position, 20);
  const auto columns = AxisCells::longitudes(even_axis(-10, 1, 31));
  EXPECT_EQ(columns.between(-10.3)[0].position, 0);
  EXPECT_EQ(columns.between(349.7)[0].position, 0);
  EXPECT_EQ(columns.between(20.5)[0].position, 30);
}

TEST(AxisCells, SharesOfAStretchAddUp) {
  constexpr double kRad = std::numbers::pi / 180;
  for (const double step : {1.0, -1.0}) {
    const auto rows = AxisCells::latitudes(even_axis(-90 * step, step, 181));
    EXPECT_NEAR(total_of(rows.overlap(-90, 90)), 2, 1e-14);
    EXPECT_NEAR(total_of(rows.all()), 2, 1e-14);
    const auto shares = rows.overlap(9.75, 10.75);
    ASSERT_EQ(shares.size(), 2U);
    const std::int64_t ten = step > 0 ? 100 : 80;
    EXPECT_NEAR(weight_at(shares, ten), std::sin(10.5 * kRad) - std::sin(9.75 * kRad), 1e-14);
  }
  const auto columns = AxisCells::longitudes(even_axis(-179.5, 1, 360));
  EXPECT_NEAR(total_of(columns.overlap(170, 190)), 20, 1e-9);
  EXPECT_NEAR(total_of(columns.overlap(-185, 175)), 360, 1e-9);
  EXPECT_EQ(columns.overlap(170, 190).size(), 20U);  // no sliver of a cell at the edges
  EXPECT_NEAR(weight_at(columns.overlap(-179.75, -179.25), 0), 0.5, 1e-12);
  const auto region = AxisCells::longitudes(even_axis(0, 1, 50));
  EXPECT_NEAR(total_of(region.overlap(-5, 5)), 5.5, 1e-12);
  EXPECT_TRUE(region.overlap(60, 70).empty());
}

TEST(AxisCells, TheLastRowReachesThePole) {
  const auto gaussian = AxisCells::latitudes(even_axis(89.14, -1.12, 160));
  EXPECT_NEAR(total_of(gaussian.overlap(-90, 90)), 2, 1e-14);
  EXPECT_NEAR(gaussian.share_of_pole(89.57), 0.5, 1e-12);
  EXPECT_NEAR(gaussian.share_of_pole(90), 1, 1e-12);
  EXPECT_NEAR(gaussian.share_of_pole(-90), 1, 1e-12);
  EXPECT_EQ(gaussian.share_of_pole(89.14), 0);
  EXPECT_EQ(gaussian.share_of_pole(50), 0);
  EXPECT_EQ(AxisCells::latitudes(even_axis(90, -1, 181)).share_of_pole(90), 0);
  EXPECT_EQ(AxisCells::latitudes(even_axis(60, -1, 30)).share_of_pole(60.3), 0);
}

TEST(AxisCells, WhatHasNoOrderIsRefused) {
  EXPECT_THROW((void)AxisCells::latitudes({10, 20, 15}), Error);
  EXPECT_THROW((void)AxisCells::latitudes({10, 10}), Error);
  EXPECT_THROW((void)AxisCells::latitudes({10, std::nan(""), 30}), Error);
  EXPECT_THROW((void)AxisCells::longitudes({10, 40, 20}), Error);
  EXPECT_THROW((void)AxisCells::longitudes({}), Error);
}

}  // namespace
}  // namespace gridmill
