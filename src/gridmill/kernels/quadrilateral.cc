#include "gridmill/kernels/quadrilateral.h"

#include <algorithm>
#include <cmath>

namespace gridmill {
namespace {

constexpr double kSlack = 1e-9;

PlanePoint minus(const PlanePoint& a, const PlanePoint& b) { return {a.x - b.x, a.y - b.y}; }
double cross(const PlanePoint& a, const PlanePoint& b) { return a.x * b.y - a.y * b.x; }

// Into [0, 1]; nullopt if that is not rounding.
std::optional<double> in_unit(double value) {
  if (!(value >= -kSlack && value <= 1 + kSlack)) return std::nullopt;
  if (value < kSlack) return 0.0;
  if (value > 1 - kSlack) return 1.0;
  return value;
}

double size_of(const std::array<PlanePoint, 4>& corners) {
  double size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const PlanePoint edge = minus(corners[i], corners[(i + 1) % 4]);
    size = std::max({size, std::abs(edge.x), std::abs(edge.y)});
  }
  return size;
}

bool is_beside(const std::array<PlanePoint, 4>& corners, double slack) {
  const auto all = [&](auto&& test) { return std::all_of(corners.begin(), corners.end(), test); };
  return all([=](const PlanePoint& p) { return p.x > slack; }) ||
         all([=](const PlanePoint& p) { return p.x < -slack; }) ||
         all([=](const PlanePoint& p) { return p.y > slack; }) ||
         all([=](const PlanePoint& p) { return p.y < -slack; });
}

}  // namespace

std::optional<std::array<double, 4>> bilinear_weights(const std::array<PlanePoint, 4>& corners) {
  const double size = size_of(corners);
  if (!(size > 0) || !std::isfinite(size) || is_beside(corners, kSlack * size)) {
    return std::nullopt;
  }
  // The origin is a + e s + f t + g s t, so (h - f t) and (e + g t) are parallel.
  const PlanePoint e = minus(corners[1], corners[0]), f = minus(corners[3], corners[0]);
  const PlanePoint g = minus(minus(corners[2], corners[1]), f);
  const PlanePoint h{-corners[0].x, -corners[0].y};
  const double k2 = cross(g, f), k1 = cross(e, f) + cross(h, g), k0 = cross(h, e);
  const double discriminant = k1 * k1 - 4 * k2 * k0;
  if (!(discriminant >= 0)) return std::nullopt;
  const double q = -(k1 + std::copysign(std::sqrt(discriminant), k1)) / 2;
  for (const double root : {k0 / q, q / k2}) {  // the second is infinite for parallel sides
    const auto t = in_unit(root);
    if (!t) continue;
    const PlanePoint along{e.x + g.x * *t, e.y + g.y * *t};
    const PlanePoint rest{h.x - f.x * *t, h.y - f.y * *t};
    const auto s =
        in_unit(std::abs(along.x) > std::abs(along.y) ? rest.x / along.x : rest.y / along.y);
    if (!s) continue;
    return std::array{(1 - *s) * (1 - *t), *s * (1 - *t), *s * *t, (1 - *s) * *t};
  }
  return std::nullopt;
}

}  // namespace gridmill
