// Oracle: the bilinear map itself, forwards.
#include "gridmill/kernels/quadrilateral.h"

#include <gtest/gtest.h>

#include <random>

namespace gridmill {
namespace {

using Quad = std::array<PlanePoint, 4>;

std::array<double, 4> forward_weights(double s, double t) {
  return {(1 - s) * (1 - t), s * (1 - t), s * t, (1 - s) * t};
}

PlanePoint image_of(const Quad& corners, const std::array<double, 4>& weights) {
  PlanePoint point;
  for (std::size_t i = 0; i < 4; ++i) {
    point.x += weights[i] * corners[i].x;
    point.y += weights[i] * corners[i].y;
  }
  return point;
}

// With `point` in the origin.
Quad seen_from(Quad corners, const PlanePoint& point) {
  for (PlanePoint& corner : corners) corner = {corner.x - point.x, corner.y - point.y};
  return corners;
}

void expect_weights(const Quad& corners, double s, double t, double tolerance = 1e-7) {
  const auto expected = forward_weights(s, t);
  const auto got = bilinear_weights(seen_from(corners, image_of(corners, expected)));
  ASSERT_TRUE(got) << s << " " << t;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR((*got)[i], expected[i], tolerance) << i;
}

TEST(Quadrilateral, TheMapIsUndone) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> shift(-0.3, 0.3), unit(0, 1), size(1e-4, 1e3);
  for (int round = 0; round < 2000; ++round) {
    const double scale = size(random);
    Quad corners{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
    for (PlanePoint& corner : corners) {
      corner = {scale * (corner.x + shift(random)), scale * (corner.y + shift(random))};
    }
    if (round % 2 == 1) std::swap(corners[1], corners[3]);  // the other way round
    expect_weights(corners, unit(random), unit(random));
  }
}

TEST(Quadrilateral, SpecialShapesAreNone) {
  const Quad square{{{0, 0}, {2, 0}, {2, 2}, {0, 2}}};
  const Quad leaning{{{0, 0}, {2, 1}, {3, 4}, {1, 3}}};
  const Quad trapezium{{{0, 0}, {4, 0}, {3, 2}, {1, 2}}};
  for (const Quad& corners : {square, leaning, trapezium}) {
    for (const double s : {0.0, 0.25, 1.0}) {
      for (const double t : {0.0, 0.5, 1.0}) expect_weights(corners, s, t);
    }
  }
  // A triangle: two corners are one.
  const Quad triangle{{{0, 0}, {2, 0}, {1, 2}, {1, 2}}};
  const auto weights = bilinear_weights(seen_from(triangle, {1, 0.5}));
  ASSERT_TRUE(weights);
  const PlanePoint back = image_of(triangle, *weights);
  EXPECT_NEAR(back.x, 1, 1e-12);
  EXPECT_NEAR(back.y, 0.5, 1e-12);
}

TEST(Quadrilateral, OutsideIsTold) {
  const Quad corners{{{0, 0}, {4, 0}, {3, 2}, {1, 2}}};
  for (const PlanePoint& point : {PlanePoint{0.2, 1}, PlanePoint{5, 1}, PlanePoint{2, -0.1},
                                  PlanePoint{2, 2.1}, PlanePoint{3.9, 1.9}}) {
    EXPECT_FALSE(bilinear_weights(seen_from(corners, point))) << point.x << " " << point.y;
  }
  EXPECT_FALSE(bilinear_weights(Quad{{{1, 1}, {1, 1}, {1, 1}, {1, 1}}}));
  EXPECT_FALSE(bilinear_weights(Quad{{{0, 0}, {0, 0}, {0, 0}, {0, 0}}}));
  EXPECT_FALSE(bilinear_weights(Quad{{{-1, 1}, {1, 1}, {2, 1}, {-2, 1}}}));
}

TEST(Quadrilateral, ACornerHasAllTheWeight) {
  const Quad corners{{{0, 0}, {4, 0.5}, {3, 2}, {1, 2.5}}};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto weights = bilinear_weights(seen_from(corners, corners[i]));
    ASSERT_TRUE(weights);
    EXPECT_EQ((*weights)[i], 1);
  }
}

}  // namespace
}  // namespace gridmill
