#include "gridmill/codec/part_index.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Up to here looking at all of them costs no more than looking for some.
constexpr std::size_t kFewParts = 16;
// Of extents that fit into memory.
constexpr std::size_t kClasses = 62;

// The exponent of the smallest power of two that is not less than an extent.
std::size_t size_class(std::int64_t extent) {
  return static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(extent) - 1));
}

}  // namespace

PartIndex::PartIndex(std::span<const Part> parts, int rank)
    : rank_(rank), dimensions_(static_cast<std::size_t>(rank)) {
  if (parts.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorKind::unsupported, "more than four billion parts of one leaf");
  }
  bounds_.reserve(parts.size() * dimensions_ * 2);
  parts_.reserve(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Box& box = parts[i].box;
    for (int d = 0; d < rank; ++d) {
      bounds_.push_back(box.begin[d]);
      bounds_.push_back(box.end(d));
    }
    if (!box.is_empty()) parts_.push_back(static_cast<std::uint32_t>(i));
  }
  if (parts_.size() <= kFewParts || rank == 0) return;
  levels_.resize(dimensions_);
  levels_[0].found = parts_;
  sort(levels_[0], 0);
}

std::size_t PartIndex::first_reaching(const Level& level, const Class& similar, int d,
                                      std::int64_t at) const {
  const auto begin = level.sorted.begin();
  const auto found = std::partition_point(
      begin + static_cast<std::ptrdiff_t>(similar.begin),
      begin + static_cast<std::ptrdiff_t>(similar.end),
      [&](std::uint32_t part) { return begin_of(part, d) <= at - similar.longest; });
  return static_cast<std::size_t>(found - begin);
}

void PartIndex::narrow(int d, std::int64_t begin, std::int64_t end) {
  Level& level = levels_[static_cast<std::size_t>(d)];
  if (level.begin == begin && level.end == end) return;
  level.begin = begin;
  level.end = end;
  found_.clear();
  for_each_along(d, begin, end,
                 [&](std::size_t part) { found_.push_back(static_cast<std::uint32_t>(part)); });
  Level& next = levels_[static_cast<std::size_t>(d) + 1];
  if (found_ == next.found) return;  // as on every map of series at points
  next.found.swap(found_);
  sort(next, d + 1);
}

void PartIndex::sort(Level& level, int d) {
  level.begin = level.end = 0;
  level.classes.clear();
  std::array<std::size_t, kClasses> ends{};
  for (const std::uint32_t part : level.found) {
    ++ends[size_class(end_of(part, d) - begin_of(part, d))];
  }
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::array<std::size_t, kClasses> begins{};
  std::copy(ends.begin(), ends.end() - 1, begins.begin() + 1);
  std::array<std::size_t, kClasses> at = begins;
  level.sorted.resize(level.found.size());
  for (const std::uint32_t part : level.found) {
    level.sorted[at[size_class(end_of(part, d) - begin_of(part, d))]++] = part;
  }
  for (std::size_t k = 0; k < ends.size(); ++k) {
    if (begins[k] == ends[k]) continue;
    level.classes.push_back({std::int64_t{1} << k, begins[k], ends[k]});
    sort_by_begin(std::span(level.sorted).subspan(begins[k], ends[k] - begins[k]), d);
  }
}

void PartIndex::sort_by_begin(std::span<std::uint32_t> parts, int d) {
  const auto is_before = [&](std::uint32_t a, std::uint32_t b) {
    return begin_of(a, d) < begin_of(b, d);
  };
  if (std::is_sorted(parts.begin(), parts.end(), is_before)) return;
  const auto [first, last] = std::minmax_element(parts.begin(), parts.end(), is_before);
  const std::int64_t least = begin_of(*first, d), range = begin_of(*last, d) - least;
  // Points lie closer than that.
  if (range < 4 * static_cast<std::int64_t>(parts.size())) {
    return count_by_begin(parts, d, least, static_cast<std::size_t>(range) + 1);
  }
  std::stable_sort(parts.begin(), parts.end(), is_before);
}

void PartIndex::count_by_begin(std::span<std::uint32_t> parts, int d, std::int64_t least,
                               std::size_t different) {
  const auto slot = [&](std::uint32_t part) {
    return static_cast<std::size_t>(begin_of(part, d) - least);
  };
  counts_.assign(different + 1, 0);
  for (const std::uint32_t part : parts) ++counts_[slot(part) + 1];
  std::partial_sum(counts_.begin(), counts_.end(), counts_.begin());
  spare_.assign(parts.begin(), parts.end());
  for (const std::uint32_t part : spare_) parts[counts_[slot(part)]++] = part;
}

Part part_within(const Part& part, const Box& box) {
  const Box common = intersect(box, part.box);
  Part inside = part;
  inside.box = shifted(common, box.begin, -1);
  inside.into = part.into.part(shifted(common, part.box.begin, -1));
  return inside;
}

}  // namespace gridmill
