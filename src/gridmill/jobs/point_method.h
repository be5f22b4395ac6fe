// point_method.h: how the values at a point are taken from a grid, as it is asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gridmill/base/json.h"
#include "gridmill/dataset/cells_around.h"

namespace gridmill {

// Texts, as they were given; "" where they weren't. docs/points.md says what they mean.
struct PointMethod {
  std::string name = "nearest";  // nearest, bilinear, box
  std::string box;               // DEGREES or LATxLON
  std::string mask;              // a variable or an expression
  std::string mask_valid;        // a variable
  std::string mask_radius;       // km

  bool has_mask() const noexcept { return !mask.empty() || !mask_valid.empty(); }
};

// Throws Error(invalid) for a method that is unknown, or options that don't go together.
void check_point_method(const PointMethod& method);

// "2" or "2x4": degrees of latitude and longitude. Throws Error(invalid).
BoxSize parse_box_size(const std::string& text);
// nullopt: none was given. Throws Error(invalid).
std::optional<double> mask_radius_m(const PointMethod& method);

Json point_method_to_json(const PointMethod& method);
// Throws Error(corrupt), with `where`.
PointMethod point_method_from_json(const Json& json, std::string_view where);

}  // namespace gridmill
