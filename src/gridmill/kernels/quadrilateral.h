// quadrilateral.h: where in a quadrilateral of a plane the origin lies, as weights of its corners.
//
// The inverse of the bilinear map of the unit square: the weights w of (s, t) with w0 a + w1 b + w2
// c
// + w3 d = 0, w = (1-s)(1-t), s(1-t), st, (1-s)t (P. W. Jones, First- and second-order conservative
// remapping schemes, Mon. Wea. Rev. 127, 1999, which SCRIP and CDO follow). It is a quadratic
// equation, and is solved as one; a parallelogram or a triangle is no special case.
#pragma once

#include <array>
#include <optional>

namespace gridmill {

struct PlanePoint {
  double x = 0;
  double y = 0;
};

// Corners in order around. nullopt: the origin is outside (by more than a billionth of the size),
// or the quadrilateral has no area there.
std::optional<std::array<double, 4>> bilinear_weights(const std::array<PlanePoint, 4>& corners);

}  // namespace gridmill
