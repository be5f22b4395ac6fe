#include "gridmill/field/leaf_cells.h"

#include <algorithm>
#include <utility>

namespace gridmill {
namespace {

ChunkGrid cells_between_cuts(const Source& input, const std::vector<int>& fixed) {
  Shape shape;
  std::vector<ChunkRuns> runs;
  for (const int d : fixed) {
    shape.push_back(input.shape()[d]);
    ChunkRuns& along = runs.emplace_back();
    const std::vector<std::int64_t> cuts = input.cuts(d);
    for (std::size_t i = 1; i < cuts.size(); ++i) {
      const std::int64_t extent = cuts[i] - cuts[i - 1];
      if (!along.empty() && along.back().extent == extent) {
        ++along.back().count;
      } else {
        along.push_back({1, extent});
      }
    }
  }
  return ChunkGrid::rectilinear(shape, runs);
}

}  // namespace

LeafCells::LeafCells(const Source& input, const std::vector<int>& fixed, std::int64_t places,
                     const std::function<Box(std::int64_t)>& place)
    : grid_(cells_between_cuts(input, fixed)) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;  // cell and place
  pairs.reserve(static_cast<std::size_t>(places));
  for (std::int64_t number = 0; number < places; ++number) {
    const Box box = place(number);
    if (box.is_empty()) continue;
    for_each_position(grid_.touching(box), [&](const Index& position) {
      pairs.emplace_back(grid_.ordinal(position), number);
    });
  }
  std::sort(pairs.begin(), pairs.end());
  places_.reserve(pairs.size());
  for (const auto& [cell, number] : pairs) {
    if (cells_.empty() || cells_.back() != cell) {
      cells_.push_back(cell);
      begins_.push_back(places_.size());
    }
    places_.push_back(number);
  }
  begins_.push_back(places_.size());
}

void LeafCells::visit_cell(std::size_t cell, std::int64_t first, std::int64_t last,
                           const Visit& visit) const {
  const auto all = std::span(places_).subspan(begins_[cell], begins_[cell + 1] - begins_[cell]);
  const auto begin = std::lower_bound(all.begin(), all.end(), first);
  const auto end = std::lower_bound(begin, all.end(), last);
  if (begin == end) return;
  visit(grid_.box_of(grid_.position(cells_[cell])), {begin, end});
}

void LeafCells::for_each(std::int64_t first, std::int64_t last, const Visit& visit) const {
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) visit_cell(cell, first, last, visit);
}

void LeafCells::for_each_touching(const Box& box, std::int64_t first, std::int64_t last,
                                  const Visit& visit) const {
  // Row by row: along the last dimension ordinals rise by one.
  Box rows = grid_.touching(box);
  std::int64_t row = 1;
  if (rows.rank() > 0) std::swap(row, rows.shape[rows.rank() - 1]);
  for_each_position(rows, [&](const Index& position) {
    const std::int64_t begin = grid_.ordinal(position);
    const auto found = std::lower_bound(cells_.begin(), cells_.end(), begin);
    for (auto cell = static_cast<std::size_t>(found - cells_.begin());
         cell < cells_.size() && cells_[cell] < begin + row; ++cell) {
      visit_cell(cell, first, last, visit);
    }
  });
}

}  // namespace gridmill
