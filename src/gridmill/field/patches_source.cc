#include "gridmill/field/patches_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/array/box_runs.h"
#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/field/gathered_source.h"

namespace gridmill {
namespace {

using Patches = std::shared_ptr<const std::vector<Box>>;

std::int64_t cells_of(const std::vector<Box>& patches) {
  std::int64_t cells = 0;
  for (const Box& patch : patches) cells = checked_add(cells, volume(patch.shape), "the cells");
  return cells;
}

// A place is a patch; its elements are its cells in C order.
class PatchesSource final : public GatheredSource {
 public:
  PatchesSource(std::shared_ptr<const Source> input, std::vector<int> fixed, Patches patches)
      : GatheredSource(std::move(input), std::move(fixed), kCellsDimension, cells_of(*patches),
                       static_cast<std::int64_t>(patches->size()),
                       [&](std::int64_t number, const Shape& grid) {
                         return checked((*patches)[static_cast<std::size_t>(number)], grid);
                       }),
        patches_(std::move(patches)) {
    first_.reserve(patches_->size() + 1);
    for (const Box& patch : *patches_) first_.push_back(first_.back() + volume(patch.shape));
  }

  Json to_json() const override {
    Json patches = Json::array();
    for (const Box& patch : *patches_) patches.push_back(box_to_json(patch));
    return {{"source", "patches"},
            {"fixed", fixed()},
            {"patches", patches},
            {"input", input().to_json()}};
  }

 private:
  static Box checked(const Box& patch, const Shape& grid) {
    if (patch.rank() == grid.rank() && contains(whole_box(grid), patch)) return patch;
    throw Error(ErrorKind::invalid,
                fmt::format("patch {} is outside the grid {}", to_string(patch), to_string(grid)));
  }

  Range places_of(Range elements) const override {
    const auto begin = std::upper_bound(first_.begin(), first_.end(), elements.begin) - 1;
    const auto end = std::lower_bound(begin, first_.end(), elements.end);
    return {begin - first_.begin(), end - first_.begin()};
  }

  void for_each_piece(std::span<const std::int64_t> places, Range elements,
                      const VisitPiece& visit) const override {
    for (const std::int64_t number : places) {
      const auto at = static_cast<std::size_t>(number);
      const Box& patch = (*patches_)[at];
      const std::int64_t begin = std::max(elements.begin, first_[at]) - first_[at];
      const std::int64_t end = std::min(elements.end, first_[at + 1]) - first_[at];
      const Index steps = c_strides(patch.shape, 1);
      for_each_box_of_run(patch.shape, begin, end, [&](const Box& box, int) {
        std::int64_t first = first_[at];
        for (int d = 0; d < box.rank(); ++d) first += box.begin[d] * steps[d];
        visit(shifted(box, patch.begin), first, steps);
      });
    }
  }

  const Patches patches_;
  std::vector<std::int64_t> first_{0};  // cell of each patch, and the end of the last one's
};

}  // namespace

std::shared_ptr<const Source> patches_source(std::shared_ptr<const Source> input,
                                             std::vector<int> fixed, Patches patches) {
  return std::make_shared<PatchesSource>(std::move(input), std::move(fixed), std::move(patches));
}

}  // namespace gridmill
