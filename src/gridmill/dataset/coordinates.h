// coordinates.h: the checks that stand before any data move (invariant 8): nothing is sorted,
// flipped, rounded or dropped in silence, so what would need that is refused, with file,
// coordinate, position and values.
//
// A coordinate here is a dimension coordinate: one-dimensional and named like its dimension. It
// must have no missing values, be unique, and be strictly monotonic; text, and integers without
// units, axis or standard_name, are labels (station numbers): unique is enough.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

// What is wrong with one coordinate's values: "latitude: positions 3 and 4 are 10.5 and 10.5: not
// unique".
std::optional<std::string> coordinate_problem(const Variable& coordinate, const Array& values);
// Those of all coordinates; damaged coordinates and time units that nobody can decode count. For
// `verify`. Throws what keeps it from looking (no permission, a failing disk).
struct CoordinateProblem {
  std::string variable;  // its path
  std::string what;
};
std::vector<CoordinateProblem> coordinate_problems(const Dataset& dataset);
// Throws Error(corrupt) with the first problem, the dataset named.
void check_coordinates(const Dataset& dataset);

// Where two coordinates differ (type, length, values bit for bit), with both values; nullopt: the
// same grid.
std::optional<std::string> grid_difference(const Array& a, const Array& b);

// The dimension coordinate of `dimension` as seen from a group: its own or the nearest parent's.
const Variable* find_dimension_coordinate(const Dataset& dataset, std::string_view group,
                                          std::string_view dimension) noexcept;
// The group that declares `dimension` as seen from a group: itself or its nearest parent; null if
// none does.
const Group* declaring_group(const Dataset& dataset, std::string_view group,
                             std::string_view dimension) noexcept;

// One value of a coordinate as people write it: a date for times, the shortest exact number, or the
// text.
std::string coordinate_text(const Variable& coordinate, const Array& values, std::int64_t position);

}  // namespace gridmill
