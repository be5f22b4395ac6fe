#include "gridmill/dataset/concat_axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "gridmill/base/text.h"
#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"

namespace gridmill {
namespace {

// What is kept of one input's coordinate: its ends. The values themselves would be too many.
struct Extent {
  std::int64_t size = 0;
  AxisPlace first = 0;
  AxisPlace last = 0;
  std::string first_text;
  std::string last_text;
  bool is_text = false;
};

struct Candidate {
  std::string path;
  std::string dimension;
  std::string group;
  bool is_time = false;
  std::string difference;  // the first one found; "" while all are equal
  std::vector<Extent> extents;
};

Array read_checked(const Dataset& input, const Variable& coordinate) {
  return in_context([&] { return input.location; },
                    [&] {
                      Array values = read_array(coordinate);
                      if (auto problem = coordinate_problem(coordinate, values)) {
                        throw Error(ErrorKind::corrupt, std::move(*problem));
                      }
                      return values;
                    });
}

Extent extent_of(const Variable& coordinate, const Array& values,
                 const std::vector<AxisPlace>& places) {
  Extent extent;
  extent.size = values.size();
  if (extent.size == 0) return extent;
  extent.first_text = coordinate_text(coordinate, values, 0);
  extent.last_text = coordinate_text(coordinate, values, extent.size - 1);
  extent.is_text = places.empty();
  if (extent.is_text) return extent;
  extent.first = places.front();
  extent.last = places.back();
  return extent;
}

void check_calendars(const Dataset& a, const Variable& left, const Dataset& b,
                     const Variable& right) {
  const auto units_a = time_units_of(left);
  const auto units_b = time_units_of(right);
  if (!units_a || !units_b || units_a->calendar() == units_b->calendar()) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("coordinate {}: calendars differ: {} in {} and {} in {}", left.path(),
                          to_string(units_a->calendar()), a.location,
                          to_string(units_b->calendar()), b.location));
}

// How the coordinate of `b` differs from that of `a`; "" if both name the same places.
std::string difference_of(const Variable& left, const Array& a,
                          const std::vector<AxisPlace>& places_a, const Variable& right,
                          const Array& b, const std::vector<AxisPlace>& places_b) {
  const auto units_a = time_units_of(left);
  const auto units_b = time_units_of(right);
  const bool is_reencoded = units_a && units_b && !units_a->is_same_axis(*units_b);
  if (!is_reencoded) return grid_difference(a, b).value_or("");
  if (places_a == places_b) return "";
  if (a.size() == 0 || b.size() == 0) return "sizes";
  const auto [at_a, at_b] =
      std::mismatch(places_a.begin(), places_a.end(), places_b.begin(), places_b.end());
  const auto position =
      std::min<std::int64_t>(at_a - places_a.begin(), std::min(a.size(), b.size()) - 1);
  return fmt::format("values {} and {} at position {}", coordinate_text(left, a, position),
                     coordinate_text(right, b, position), position);
}

Candidate examine(const std::vector<Dataset>& inputs, const Variable& coordinate) {
  const Dataset& first = inputs.front();
  Candidate candidate{coordinate.path(),
                      coordinate.dimensions[0],
                      coordinate.group,
                      time_units_of(coordinate).has_value(),
                      "",
                      {}};
  const Array values = read_checked(first, coordinate);
  const std::vector<AxisPlace> places = places_of(coordinate, values);
  candidate.extents.push_back(extent_of(coordinate, values, places));
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    const Variable& other = inputs[i].at(coordinate.path());
    check_calendars(first, coordinate, inputs[i], other);
    check_same_meaning({first, coordinate}, {inputs[i], other}, coordinate.name);
    const Array other_values = read_checked(inputs[i], other);
    const std::vector<AxisPlace> other_places = places_of(other, other_values);
    candidate.extents.push_back(extent_of(other, other_values, other_places));
    if (!candidate.difference.empty()) continue;
    candidate.difference =
        difference_of(coordinate, values, places, other, other_values, other_places);
    if (!candidate.difference.empty()) {
      candidate.difference += fmt::format(" ({} and {})", first.location, inputs[i].location);
    }
  }
  return candidate;
}

[[noreturn]] void throw_many_differ(std::vector<Candidate>& differing) {
  // The grid is what surprises; that the times differ was expected.
  std::stable_sort(differing.begin(), differing.end(),
                   [](const Candidate& a, const Candidate& b) { return !a.is_time && b.is_time; });
  std::vector<std::string> parts;
  for (const Candidate& candidate : differing) {
    parts.push_back(fmt::format("coordinate {}: {}", candidate.path, candidate.difference));
  }
  throw Error(ErrorKind::corrupt,
              fmt::format("the inputs are on different grids: they may differ along one dimension, "
                          "but differ in {}: {}",
                          differing.size(), join(parts, "; ")));
}

[[noreturn]] void throw_clash(const std::vector<Dataset>& inputs, const Candidate& axis,
                              std::size_t a, std::size_t b) {
  const Extent& left = axis.extents[a];
  const Extent& right = axis.extents[b];
  throw Error(ErrorKind::corrupt,
              fmt::format("coordinate {}: {} has {} to {} and {} has {} to {}: they overlap",
                          axis.path, inputs[a].location, left.first_text, left.last_text,
                          inputs[b].location, right.first_text, right.last_text));
}

// +1 ascending, -1 descending, 0 a single value.
int direction_of(const Extent& extent) noexcept {
  return extent.size < 2 ? 0 : (extent.last > extent.first ? 1 : -1);
}

int common_direction(const std::vector<Dataset>& inputs, const Candidate& axis) {
  std::optional<std::size_t> decided;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (direction_of(axis.extents[i]) == 0) continue;
    if (!decided) decided = i;
    if (direction_of(axis.extents[i]) != direction_of(axis.extents[*decided])) {
      throw Error(
          ErrorKind::corrupt,
          fmt::format("coordinate {}: {} goes from {} to {}, {} the other way from {} to {}",
                      axis.path, inputs[*decided].location, axis.extents[*decided].first_text,
                      axis.extents[*decided].last_text, inputs[i].location,
                      axis.extents[i].first_text, axis.extents[i].last_text));
    }
  }
  if (decided) return direction_of(axis.extents[*decided]);
  // Single positions have no direction of their own; pressure levels of GRIB files say it.
  const Variable& coordinate = inputs.front().at(axis.path);
  return coordinate.attributes.text("stored_direction") == "decreasing" ? -1 : 1;
}

std::vector<std::size_t> order_along(const std::vector<Dataset>& inputs, const Candidate& axis) {
  std::vector<std::size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](std::size_t i) { return axis.extents[i].size == 0; });
  if (order.empty()) throw_none_differs(inputs);
  const bool is_text = axis.extents[order.front()].is_text;
  if (is_text) return order;  // labels have no order but the user's
  const int direction = common_direction(inputs, axis);
  const auto before = [&](std::size_t a, std::size_t b) {
    return direction > 0 ? axis.extents[a].first < axis.extents[b].first
                         : axis.extents[a].first > axis.extents[b].first;
  };
  std::stable_sort(order.begin(), order.end(), before);
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Extent& left = axis.extents[order[i - 1]];
    const Extent& right = axis.extents[order[i]];
    const bool follows = direction > 0 ? left.last < right.first : left.last > right.first;
    if (!follows) throw_clash(inputs, axis, order[i - 1], order[i]);
  }
  return order;
}

// Groups are datasets of their own: each has its coordinate.
bool are_of_separate_groups(const std::vector<Candidate>& candidates) {
  const auto is_inside = [](const std::string& group, const std::string& parent) {
    return parent.empty() || group == parent || group.starts_with(parent + "/");
  };
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    if (candidates[i].dimension != candidates[0].dimension) return false;
    for (std::size_t k = 0; k < i; ++k) {
      const std::string &a = candidates[i].group, &b = candidates[k].group;
      if (is_inside(a, b) || is_inside(b, a)) return false;
    }
  }
  return true;
}

ConcatAxis axis_of(const std::vector<Dataset>& inputs, std::vector<Candidate>& candidates) {
  if (!are_of_separate_groups(candidates)) throw_many_differ(candidates);
  ConcatAxis axis{candidates[0].dimension, {}, order_along(inputs, candidates[0])};
  for (const Candidate& candidate : candidates) {
    axis.groups.push_back(candidate.group);
    if (order_along(inputs, candidate) == axis.order) continue;
    throw Error(ErrorKind::corrupt,
                fmt::format("coordinates {} and {} want different orders of the inputs",
                            candidates[0].path, candidate.path));
  }
  return axis;
}

}  // namespace

std::vector<AxisPlace> places_of(const Variable& coordinate, const Array& values) {
  std::vector<AxisPlace> places;
  if (const auto units = time_units_of(coordinate)) {
    for (const Instant instant : decode_times(*units, values.view())) places.push_back(instant);
    return places;
  }
  visit_real(values.type(), [&](auto element) {
    const auto* at = values.values<decltype(element)>();
    for (std::int64_t i = 0; i < values.size(); ++i)
      places.push_back(static_cast<AxisPlace>(at[i]));
  });
  return places;
}

std::optional<ConcatAxis> find_concat_axis(const std::vector<Dataset>& inputs) {
  std::vector<Candidate> differing;
  for (const Variable& variable : inputs.front().variables) {
    if (!is_dimension_coordinate(variable)) continue;
    Candidate candidate = examine(inputs, variable);
    if (!candidate.difference.empty()) differing.push_back(std::move(candidate));
  }
  if (differing.empty()) return std::nullopt;
  return axis_of(inputs, differing);
}

ConcatAxis concat_axis_along(const std::vector<Dataset>& inputs,
                             const std::vector<std::string>& paths) {
  std::vector<Candidate> candidates;
  for (const std::string& path : paths) {
    candidates.push_back(examine(inputs, inputs.front().at(path)));
  }
  return axis_of(inputs, candidates);
}

std::string place_difference(const Variable& left, const Array& a, const Variable& right,
                             const Array& b) {
  return difference_of(left, a, places_of(left, a), right, b, places_of(right, b));
}

void throw_none_differs(const std::vector<Dataset>& inputs) {
  throw Error(
      ErrorKind::corrupt,
      fmt::format("{} and {} hold the same variables at the same coordinates: nothing tells "
                  "which one to take",
                  inputs[0].location, inputs[1].location));
}

}  // namespace gridmill
