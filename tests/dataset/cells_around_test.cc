// Oracles: fields that interpolation must give back, areas of the sphere, and every cell tried one
// by one.
#include "gridmill/dataset/cells_around.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "memory_dataset.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

constexpr double kTestRadian = std::numbers::pi / 180;

struct Earth {
  Dataset dataset;
  HorizontalGrid grid;
  CellsAround around;

  explicit Earth(Dataset made)
      : dataset(std::move(made)), grid(dataset, dataset.at("t")), around(grid) {}
};

std::vector<double> row_of_degrees(double first, double step, int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(first + i * step);
  return values;
}

Dataset axes_dataset(const std::vector<double>& latitudes, const std::vector<double>& longitudes,
                     bool is_latitude_first = true) {
  const auto rows = static_cast<std::int64_t>(latitudes.size());
  const auto columns = static_cast<std::int64_t>(longitudes.size());
  std::vector<std::string> names{"lat", "lon"};
  Shape shape{rows, columns};
  if (!is_latitude_first) {
    names = {"lon", "lat"};
    shape = {columns, rows};
  }
  return testing::dataset_with(
      "axes.nc",
      {testing::axis_with<double>("lat", latitudes, {{"units", "degrees_north"}}),
       testing::axis_with<double>("lon", longitudes, {{"units", "degrees_east"}}),
       testing::variable_with<float>(
           "t", names, shape, std::vector<float>(static_cast<std::size_t>(rows * columns)))});
}

// Two-dimensional coordinates: a grid of steps around a centre, turned by an angle.
Dataset turned_dataset(double latitude_deg, double longitude_deg, double angle_deg, int rows,
                       int columns, double step_deg) {
  std::vector<double> latitudes, longitudes;
  const double c = std::cos(angle_deg * kTestRadian), s = std::sin(angle_deg * kTestRadian);
  for (int r = 0; r < rows; ++r) {
    for (int k = 0; k < columns; ++k) {
      const double y = (r - (rows - 1) / 2.0) * step_deg, x = (k - (columns - 1) / 2.0) * step_deg;
      latitudes.push_back(latitude_deg + s * x + c * y + 0.002 * x * y);
      longitudes.push_back(longitude_deg + c * x - s * y + 0.003 * y * y);
    }
  }
  return testing::dataset_with(
      "turned.nc",
      {testing::variable_with<double>("nav_lat", {"y", "x"}, {rows, columns}, latitudes,
                                      {{"units", "degrees_north"}}),
       testing::variable_with<double>("nav_lon", {"y", "x"}, {rows, columns}, longitudes,
                                      {{"units", "degrees_east"}}),
       testing::variable_with<float>("t", {"y", "x"}, {rows, columns},
                                     std::vector<float>(static_cast<std::size_t>(rows * columns)),
                                     {{"coordinates", "nav_lat nav_lon"}})});
}

// A grid around the pole, as seen from above: x and y in degrees from it.
Dataset polar_dataset(int size, double step_deg) {
  std::vector<double> latitudes, longitudes;
  for (int r = 0; r < size; ++r) {
    for (int k = 0; k < size; ++k) {
      const double y = (r - (size - 1) / 2.0) * step_deg, x = (k - (size - 1) / 2.0) * step_deg;
      latitudes.push_back(90 - std::hypot(x, y));
      longitudes.push_back(std::atan2(x, -y) / kTestRadian);
    }
  }
  return testing::dataset_with(
      "polar.nc",
      {testing::variable_with<double>("lat2", {"y", "x"}, {size, size}, latitudes,
                                      {{"units", "degrees_north"}}),
       testing::variable_with<double>("lon2", {"y", "x"}, {size, size}, longitudes,
                                      {{"units", "degrees_east"}}),
       testing::variable_with<float>("t", {"y", "x"}, {size, size},
                                     std::vector<float>(static_cast<std::size_t>(size * size)))});
}

// Two-dimensional coordinates along parallels and meridians: rows of latitudes.
Dataset mesh_dataset(const std::vector<double>& rows, const std::vector<double>& columns) {
  std::vector<double> latitudes, longitudes;
  for (const double latitude : rows) {
    for (const double longitude : columns) {
      latitudes.push_back(latitude);
      longitudes.push_back(longitude);
    }
  }
  const Shape shape{static_cast<std::int64_t>(rows.size()),
                    static_cast<std::int64_t>(columns.size())};
  return testing::dataset_with(
      "mesh.nc", {testing::variable_with<double>("nav_lat", {"y", "x"}, shape, latitudes,
                                                 {{"units", "degrees_north"}}),
                  testing::variable_with<double>("nav_lon", {"y", "x"}, shape, longitudes,
                                                 {{"units", "degrees_east"}}),
                  testing::variable_with<float>("t", {"y", "x"}, shape,
                                                std::vector<float>(latitudes.size()))});
}

// The mean of f(latitude, longitude) over cells; longitudes next to that of the point.
template <class Function>
double mean_over(const Earth& earth, const std::vector<WeightedCell>& cells, double longitude_deg,
                 Function&& function) {
  double sum = 0, weight = 0;
  for (const WeightedCell& cell : cells) {
    const auto [latitude, longitude] =
        earth.around.centre_of(earth.around.number_of(cell.position));
    const double near = longitude_deg + std::remainder(longitude - longitude_deg, 360.0);
    sum += cell.weight * function(latitude, near);
    weight += cell.weight;
  }
  return sum / weight;
}

double plane(double latitude, double longitude) { return 3 + 0.5 * latitude - 0.25 * longitude; }

void expect_linear(const Earth& earth, double latitude, double longitude, double tolerance = 1e-5) {
  const auto cells = earth.around.bilinear(latitude, longitude);
  EXPECT_LE(cells.size(), 4U);
  EXPECT_NEAR(mean_over(earth, cells, longitude, plane), plane(latitude, longitude), tolerance)
      << latitude << " " << longitude;
}

TEST(BilinearCells, GiveBackALinearFieldOnAxes) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> north(-89.9, 89.9), east(-180, 360), step(0.5, 4);
  const Earth falling(axes_dataset(row_of_degrees(90, -2.5, 73), row_of_degrees(0, 2.5, 144)));
  const Earth rising(axes_dataset(row_of_degrees(-90, 1, 181), row_of_degrees(-179.5, 1, 360)));
  const Earth transposed(
      axes_dataset(row_of_degrees(-90, 1, 181), row_of_degrees(-179.5, 1, 360), false));
  std::vector<double> uneven{-90};
  while (uneven.back() < 86) uneven.push_back(uneven.back() + step(random));
  uneven.push_back(90);
  const Earth stretched(axes_dataset(uneven, row_of_degrees(0, 3, 120)));
  for (int round = 0; round < 200; ++round) {
    const double latitude = north(random), longitude = east(random);
    for (const Earth* earth : {&falling, &rising, &transposed, &stretched}) {
      expect_linear(*earth, latitude, longitude);
    }
  }
  expect_linear(falling, 10, 359);  // across the seam
  expect_linear(rising, 10, 180);
}

TEST(BilinearCells, ACentreIsItself) {
  const Earth world(axes_dataset(row_of_degrees(90, -2.5, 73), row_of_degrees(0, 2.5, 144)));
  const auto cells = world.around.bilinear(50, -10);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].position, Index({16, 140}));
  EXPECT_EQ(world.around.bilinear(50, -9).size(), 2U);
}

TEST(BilinearCells, ThePoleIsTheMeanOfTheLastRow) {
  const Earth world(axes_dataset(row_of_degrees(-89, 2, 90), row_of_degrees(0, 10, 36)));
  const auto by_longitude = [](double, double longitude) {
    return std::cos(longitude * kTestRadian);
  };
  const auto at_pole = world.around.bilinear(90, 77);
  EXPECT_EQ(at_pole.size(), 36U);
  EXPECT_NEAR(mean_over(world, at_pole, 0, by_longitude), 0, 1e-12);
  const auto halfway = world.around.bilinear(-89.5, 20);
  EXPECT_NEAR(mean_over(world, halfway, 0, by_longitude), std::cos(20 * kTestRadian) / 2, 1e-12);
  // Not around the earth: the row's own value.
  const Earth sector(axes_dataset(row_of_degrees(-89, 2, 90), row_of_degrees(0, 10, 9)));
  EXPECT_EQ(sector.around.bilinear(90, 77).size(), 2U);
}

TEST(BilinearCells, BetweenTheCentresAndTheEdgeTheOutermostCellHolds) {
  const Earth region(axes_dataset(row_of_degrees(40, 1, 21), row_of_degrees(-10, 1, 31)));
  const auto corner = region.around.bilinear(39.6, -10.4);
  ASSERT_EQ(corner.size(), 1U);
  EXPECT_EQ(corner[0].position, Index({0, 0}));
  EXPECT_EQ(region.around.bilinear(60.3, 3.25).size(), 2U);
  EXPECT_THROW((void)region.around.bilinear(60.6, 3), Error);
  EXPECT_THROW((void)region.around.bilinear(50, 30), Error);
}

TEST(BilinearCells, GiveBackALinearFieldOnACurvilinearGrid) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> away(-4, 4);
  for (const double angle : {0.0, 30.0, 75.0, 200.0}) {
    const Earth turned(turned_dataset(55, 179, angle, 25, 31, 0.7));
    for (int round = 0; round < 100; ++round) {
      const double latitude = 55 + away(random), longitude = 179 + away(random);
      const auto cells = turned.around.bilinear(latitude, longitude);
      EXPECT_NEAR(mean_over(turned, cells, longitude, plane), plane(latitude, longitude), 1e-6)
          << angle << ": " << latitude << " " << longitude;
    }
  }
}

TEST(BilinearCells, ACurvilinearGridMayHoldThePole) {
  const Earth polar(polar_dataset(24, 1.0));
  const auto pole = polar.around.bilinear(90, 0);
  ASSERT_EQ(pole.size(), 4U);
  for (const WeightedCell& cell : pole) EXPECT_NEAR(cell.weight, 0.25, 1e-9);
  std::mt19937 random(7);
  std::uniform_real_distribution<double> north(81, 90), east(-180, 180);
  for (int round = 0; round < 100; ++round) {
    const double latitude = north(random), longitude = east(random);
    const auto cells = polar.around.bilinear(latitude, longitude);
    // Where the map is nearly flat, x and y come back.
    const double x = mean_over(
        polar, cells, 0, [](double p, double l) { return (90 - p) * std::sin(l * kTestRadian); });
    EXPECT_NEAR(x, (90 - latitude) * std::sin(longitude * kTestRadian), 0.01);
  }
}

TEST(BilinearCells, ThreeColumnsOrThreeRowsAreNotAroundTheEarth) {
  const auto side = row_of_degrees(10, 1, 3), other = row_of_degrees(40, 1, 4);
  const Earth columns(mesh_dataset(other, side)), rows(mesh_dataset(side, other));
  const auto square = [](double degrees) { return (degrees - 11) * (degrees - 11); };
  const auto of_longitude = [&](double, double longitude) { return square(longitude); };
  const auto of_latitude = [&](double latitude, double) { return square(latitude); };
  EXPECT_NEAR(mean_over(columns, columns.around.bilinear(41.5, 10.25), 10.25, of_longitude), 0.75,
              1e-9);
  EXPECT_NEAR(mean_over(columns, columns.around.bilinear(41.5, 11.75), 11.75, of_longitude), 0.75,
              1e-9);
  EXPECT_NEAR(mean_over(rows, rows.around.bilinear(10.25, 41.5), 41.5, of_latitude), 0.75, 1e-9);
  EXPECT_NEAR(mean_over(rows, rows.around.bilinear(11.75, 41.5), 41.5, of_latitude), 0.75, 1e-9);
  // The last is no further from the first than twice the widest step.
  const Earth uneven(mesh_dataset(other, {10, 11.9, 12, 14}));
  expect_linear(uneven, 41.5, 10.5);
  expect_linear(uneven, 41.5, 13.5);
}

TEST(BilinearCells, AClosedMeshHoldsItsSeamHoweverManyColumnsItRepeats) {
  for (const int repeated : {0, 1, 2}) {
    const Earth world(
        mesh_dataset(row_of_degrees(-40, 10, 9), row_of_degrees(0, 10, 36 + repeated)));
    for (const double longitude : {351.0, 354.0, 357.0, -1.0, 2.0, 8.0}) {
      expect_linear(world, 12, longitude);
    }
  }
}

TEST(BilinearCells, WhatNoQuadrilateralHoldsIsRefused) {
  const Earth turned(turned_dataset(55, 179, 0, 25, 31, 0.7));
  ErrorKind kind = ErrorKind::internal;
  const std::string edge =
      testing::message_of([&] { (void)turned.around.bilinear(46.4, 179); }, kind);
  EXPECT_EQ(kind, ErrorKind::invalid);
  EXPECT_THAT(edge, HasSubstr("no quadrilateral"));
  EXPECT_THAT(edge, HasSubstr("--method nearest"));
  const Dataset stations = testing::dataset_with(
      "list.nc",
      {testing::variable_with<double>("lat", {"s"}, {3}, {1, 2, 3}, {{"units", "degrees_north"}}),
       testing::variable_with<double>("lon", {"s"}, {3}, {1, 2, 3}, {{"units", "degrees_east"}}),
       testing::variable_with<float>("t", {"s"}, {3}, {0, 0, 0})});
  const HorizontalGrid list(stations, stations.at("t"));
  const std::string message =
      testing::message_of([&] { (void)CellsAround(list).bilinear(2, 2); }, kind);
  EXPECT_EQ(kind, ErrorKind::unsupported);
  EXPECT_THAT(message, HasSubstr("--method nearest"));
}

double area_of(const std::vector<WeightedCell>& cells) {
  double area = 0;
  for (const WeightedCell& cell : cells) area += cell.weight;
  return area;
}

TEST(BoxCells, SharesAreAreasOfTheSphere) {
  const Earth world(axes_dataset(row_of_degrees(90, -2.5, 73), row_of_degrees(0, 2.5, 144)));
  const auto area = [](double low, double high, double width) {
    return width * (std::sin(high * kTestRadian) - std::sin(low * kTestRadian));
  };
  EXPECT_NEAR(area_of(world.around.box(0, 0, {180, 360})), 720, 1e-9);
  EXPECT_NEAR(area_of(world.around.box(50, 1, {3, 7})), area(48.5, 51.5, 7), 1e-9);
  EXPECT_NEAR(area_of(world.around.box(89, 1, {4, 360})), area(87, 90, 360), 1e-9);
  // Smaller than a cell: the cells that it touches.
  EXPECT_EQ(world.around.box(50, 0, {0.1, 0.1}).size(), 1U);
  EXPECT_EQ(world.around.box(51.25, 1.25, {0.1, 0.1}).size(), 4U);
  // Exactly two cells by two, no slivers beside them.
  EXPECT_EQ(world.around.box(51.25, 1.25, {5, 5}).size(), 4U);
  const Earth region(axes_dataset(row_of_degrees(40, 1, 21), row_of_degrees(-10, 1, 31)));
  EXPECT_NEAR(area_of(region.around.box(40, -10, {4, 4})), area(39.5, 42, 2.5), 1e-9);
}

TEST(BoxCells, OfACurvilinearGridAreThoseWithTheirCentreInside) {
  const Earth turned(turned_dataset(55, 179, 30, 25, 31, 0.7));
  const BoxSize size{3, 5};
  const auto cells = turned.around.box(55.2, 179.5, size);
  std::size_t inside = 0;
  for (std::int64_t number = 0; number < 25 * 31; ++number) {
    const auto [latitude, longitude] = turned.around.centre_of(number);
    const bool is_in = std::abs(latitude - 55.2) <= 1.5 &&
                       std::abs(std::remainder(longitude - 179.5, 360.0)) <= 2.5;
    inside += is_in ? 1 : 0;
  }
  EXPECT_EQ(cells.size(), inside);
  EXPECT_GT(inside, 10U);
  // In degrees the cells are alike, on the earth narrower in the north.
  for (const WeightedCell& cell : cells) {
    const double latitude = turned.around.centre_of(turned.around.number_of(cell.position)).first;
    const double flat = 0.49 * kTestRadian * kTestRadian * std::cos(latitude * kTestRadian);
    EXPECT_NEAR(cell.weight / flat, 1, 0.05);
  }
}

TEST(BoxCells, OfARepeatedPlaceTheValidCellIsTaken) {
  const Earth world(mesh_dataset(row_of_degrees(-40, 10, 9), row_of_degrees(0, 10, 38)));
  const auto columns_of = [](const std::vector<WeightedCell>& cells) {
    std::vector<std::int64_t> columns;
    for (const WeightedCell& cell : cells) columns.push_back(cell.position[1]);
    return columns;
  };
  const BoxSize size{4, 12};
  EXPECT_EQ(columns_of(world.around.box(10, 5, size)), (std::vector<std::int64_t>{0, 1}));
  const auto is_behind = [](std::int64_t number) { return number % 38 > 30; };
  EXPECT_EQ(columns_of(world.around.box(10, 5, size, is_behind)),
            (std::vector<std::int64_t>{36, 37}));
  const auto is_first_or_last = [](std::int64_t number) {
    return number % 38 == 0 || number % 38 == 37;
  };
  EXPECT_EQ(columns_of(world.around.box(10, 5, size, is_first_or_last)),
            (std::vector<std::int64_t>{0, 37}));
}

TEST(BoxCells, AnEmptyBoxNamesTheSpacing) {
  const Earth turned(turned_dataset(55, 179, 0, 25, 31, 0.7));
  ErrorKind kind = ErrorKind::internal;
  const std::string message = testing::message_of(
      [&] {
        (void)turned.around.box(55.3, 179.3, {0.01, 0.01});
      },
      kind);
  EXPECT_EQ(kind, ErrorKind::invalid);
  EXPECT_THAT(message, HasSubstr("spacing"));
  EXPECT_THAT(message, HasSubstr("--box"));
}

TEST(NearestValidCell, IsTheNearestOfAllThatAreValid) {
  const Earth world(axes_dataset(row_of_degrees(88, -4, 45), row_of_degrees(0, 5, 72)));
  const Earth sideways(axes_dataset(row_of_degrees(88, -4, 45), row_of_degrees(0, 5, 72), false));
  const Earth turned(turned_dataset(55, 179, 30, 25, 31, 0.7));
  std::mt19937 random(8);
  std::uniform_real_distribution<double> north(-90, 90), east(-180, 360), radius(50e3, 3000e3);
  for (int round = 0; round < 300; ++round) {
    const Earth& earth = round % 3 == 0 ? world : round % 3 == 1 ? sideways : turned;
    const double latitude = round % 3 == 2 ? 53 + round % 5 : north(random);
    const double longitude = round % 3 == 2 ? 177 + round % 4 : east(random);
    const double reach = radius(random);
    const std::uint32_t salt = random();
    const auto is_valid = [&](std::int64_t number) {
      return ((static_cast<std::uint32_t>(number) * 2654435761U) ^ salt) % 7 == 0;
    };
    std::int64_t best = -1;
    double least = reach / kEarthRadius_m;
    for (std::int64_t number = 0; number < volume(earth.grid.shape()); ++number) {
      const auto [cell_latitude, cell_longitude] = earth.around.centre_of(number);
      const double angle = central_angle_rad(latitude, longitude, cell_latitude, cell_longitude);
      if (!is_valid(number) || angle > least || (best >= 0 && angle == least)) continue;
      best = number;
      least = angle;
    }
    const auto found = earth.around.nearest_valid(latitude, longitude, is_valid, reach);
    ASSERT_EQ(found.has_value(), best >= 0);
    if (!found) continue;
    EXPECT_NEAR(found->distance_m, least * kEarthRadius_m, 1e-3);
    EXPECT_TRUE(is_valid(earth.around.number_of(found->position)));
  }
}

}  // namespace
}  // namespace gridmill
