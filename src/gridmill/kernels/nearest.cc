#include "gridmill/kernels/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kRadian = std::numbers::pi / 180.0;

void unit_vector(double latitude_deg, double longitude_deg, double (&at)[3]) noexcept {
  const double latitude = latitude_deg * kRadian;
  const double longitude = longitude_deg * kRadian;
  at[0] = std::cos(latitude) * std::cos(longitude);
  at[1] = std::cos(latitude) * std::sin(longitude);
  at[2] = std::sin(latitude);
}

double squared_distance(const double (&a)[3], const double (&b)[3]) noexcept {
  const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
  return x * x + y * y + z * z;
}

double angle_of_chord(double squared_chord) noexcept {
  return 2 * std::asin(std::min(1.0, std::sqrt(squared_chord) / 2));
}

}  // namespace

double central_angle_rad(double latitude_a_deg, double longitude_a_deg, double latitude_b_deg,
                         double longitude_b_deg) noexcept {
  const double half_latitude = std::sin((latitude_b_deg - latitude_a_deg) * kRadian / 2);
  const double half_longitude = std::sin((longitude_b_deg - longitude_a_deg) * kRadian / 2);
  const double h = half_latitude * half_latitude + std::cos(latitude_a_deg * kRadian) *
                                                       std::cos(latitude_b_deg * kRadian) *
                                                       half_longitude * half_longitude;
  return 2 * std::asin(std::min(1.0, std::sqrt(h)));
}

struct SphereIndex::Search {
  double target[3];
  double best = std::numeric_limits<double>::infinity();
  std::uint32_t index = 0;
};

SphereIndex::SphereIndex(std::span<const double> latitudes_deg,
                         std::span<const double> longitudes_deg) {
  if (latitudes_deg.size() != longitudes_deg.size()) {
    throw Error(ErrorKind::invalid, fmt::format("{} latitudes but {} longitudes",
                                                latitudes_deg.size(), longitudes_deg.size()));
  }
  if (latitudes_deg.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::unsupported, "more than 2^32 grid points");
  }
  nodes_.reserve(latitudes_deg.size());
  for (std::size_t i = 0; i < latitudes_deg.size(); ++i) {
    if (!std::isfinite(latitudes_deg[i]) || !std::isfinite(longitudes_deg[i])) continue;
    Node node{};
    unit_vector(latitudes_deg[i], longitudes_deg[i], node.at);
    node.index = static_cast<std::uint32_t>(i);
    nodes_.push_back(node);
  }
  build(0, nodes_.size());
}

void SphereIndex::build(std::size_t first, std::size_t last) {
  if (last - first < 2) return;
  double low[3], high[3];
  std::fill_n(low, 3, std::numeric_limits<double>::infinity());
  std::fill_n(high, 3, -std::numeric_limits<double>::infinity());
  for (std::size_t i = first; i < last; ++i) {
    for (int k = 0; k < 3; ++k) {
      low[k] = std::min(low[k], nodes_[i].at[k]);
      high[k] = std::max(high[k], nodes_[i].at[k]);
    }
  }
  int axis = 0;
  for (int k = 1; k < 3; ++k) {
    if (high[k] - low[k] > high[axis] - low[axis]) axis = k;
  }
  const std::size_t middle = first + (last - first) / 2;
  const auto at = [&](std::size_t i) { return nodes_.begin() + static_cast<std::ptrdiff_t>(i); };
  std::nth_element(at(first), at(middle), at(last),
                   [axis](const Node& a, const Node& b) { return a.at[axis] < b.at[axis]; });
  nodes_[middle].axis = axis;
  build(first, middle);
  build(middle + 1, last);
}

void SphereIndex::search(std::size_t first, std::size_t last, Search& query) const {
  if (first >= last) return;
  const std::size_t middle = first + (last - first) / 2;
  const Node& node = nodes_[middle];
  const double distance = squared_distance(node.at, query.target);
  if (distance < query.best || (distance == query.best && node.index < query.index)) {
    query.best = distance;
    query.index = node.index;
  }
  const double beyond = query.target[node.axis] - node.at[node.axis];
  const bool left_first = beyond < 0;
  if (left_first) search(first, middle, query);
  if (!left_first) search(middle + 1, last, query);
  // <=: an equally near point with a lower index may lie on the other side.
  if (beyond * beyond > query.best) return;
  if (left_first) search(middle + 1, last, query);
  if (!left_first) search(first, middle, query);
}

std::optional<SphereIndex::Neighbour> SphereIndex::nearest(double latitude_deg,
                                                           double longitude_deg) const {
  if (nodes_.empty()) return std::nullopt;
  Search query;
  unit_vector(latitude_deg, longitude_deg, query.target);
  search(0, nodes_.size(), query);
  return Neighbour{query.index, angle_of_chord(query.best)};
}

void SphereIndex::search_within(std::size_t first, std::size_t last, const Search& query,
                                const std::function<void(const Neighbour&)>& visit) const {
  if (first >= last) return;
  const std::size_t middle = first + (last - first) / 2;
  const Node& node = nodes_[middle];
  const double distance = squared_distance(node.at, query.target);
  if (distance <= query.best) visit({node.index, angle_of_chord(distance)});
  const double beyond = query.target[node.axis] - node.at[node.axis];
  const bool is_across = beyond * beyond <= query.best;
  if (beyond < 0 || is_across) search_within(first, middle, query, visit);
  if (beyond >= 0 || is_across) search_within(middle + 1, last, query, visit);
}

void SphereIndex::within(double latitude_deg, double longitude_deg, double angle_rad,
                         const std::function<void(const Neighbour&)>& visit) const {
  Search query;
  unit_vector(latitude_deg, longitude_deg, query.target);
  const double chord = 2 * std::sin(std::clamp(angle_rad, 0.0, std::numbers::pi) / 2);
  query.best = chord * chord;
  search_within(0, nodes_.size(), query, visit);
}

}  // namespace gridmill
