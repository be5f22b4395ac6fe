#include "gridmill/field/patches_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "gridmill/array/box_json.h"
#include "gridmill/base/checked.h"
#include "gridmill/field/leaf_set.h"

namespace gridmill {
namespace {

using Patches = std::shared_ptr<const std::vector<Box>>;

class PatchesSource final : public Source {
 public:
  PatchesSource(std::shared_ptr<const Source> input, std::vector<int> fixed, Patches patches)
      : Source(other_dimensions(*input, fixed), other_shape(*input, fixed, *patches),
               input->type()),
        input_(std::move(input)),
        fixed_(std::move(fixed)),
        patches_(std::move(patches)) {
    for (int d = 0; d < input_->shape().rank(); ++d) {
      if (!contains_dimension(fixed_, d)) kept_.push_back(d);
    }
    std::int64_t first = 0;
    for (const Box& patch : *patches_) {
      check_inside(patch);
      first_.push_back(first);
      first += volume(patch.shape);
    }
  }

  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const override {
    LeafSet seen;
    for_each_piece(region, [&](const Box& piece, std::int64_t, const Shape&) {
      input_->leaves(input_box(region, piece), [&](const Leaf& leaf) {
        if (seen.insert(leaf).second) visit(leaf);
      });
    });
  }

  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const override {
    for_each_piece(region, [&](const Box& piece, std::int64_t first, const Shape& within) {
      input_->scatter(leaf, input_box(region, piece), piece_view(into, piece, first, within),
                      parts);
    });
  }

  // Anywhere along the last dimension.
  Box box_of(const Leaf& leaf) const override {
    const Box below = input_->box_of(leaf);
    Box box = whole_box(shape());
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      box.begin[static_cast<int>(k)] = below.begin[kept_[k]];
      box.shape[static_cast<int>(k)] = below.shape[kept_[k]];
    }
    return box;
  }

  LeafCost leaf_cost() const override { return input_->leaf_cost(); }

  // Cells lie anywhere: along them a leaf has no end.
  LeafLayout layout() const override {
    const LeafLayout below = input_->layout();
    const std::int64_t cells = shape()[shape().rank() - 1];
    LeafLayout layout;
    for (const int d : kept_) {
      layout.cuts.push_back(below.cuts[static_cast<std::size_t>(d)]);
      layout.leaf.push_back(below.leaf[d]);
    }
    layout.cuts.push_back(cells > 0 ? std::vector<std::int64_t>{0, cells}
                                    : std::vector<std::int64_t>{0});
    layout.leaf.push_back(cells);
    return layout;
  }

  MissingValue missing_value() const override { return input_->missing_value(); }

  Json to_json() const override {
    Json patches = Json::array();
    for (const Box& patch : *patches_) patches.push_back(box_to_json(patch));
    return {{"source", "patches"},
            {"fixed", fixed_},
            {"patches", patches},
            {"input", input_->to_json()}};
  }

 private:
  static bool contains_dimension(const std::vector<int>& fixed, int d) {
    return std::find(fixed.begin(), fixed.end(), d) != fixed.end();
  }

  static std::vector<std::string> other_dimensions(const Source& input,
                                                   const std::vector<int>& fixed) {
    std::vector<std::string> names;
    for (int d = 0; d < input.shape().rank(); ++d) {
      const std::string& name = input.dimensions()[static_cast<std::size_t>(d)];
      if (!contains_dimension(fixed, d)) names.push_back(name);
    }
    names.emplace_back(kCellsDimension);
    return names;
  }

  static Shape other_shape(const Source& input, const std::vector<int>& fixed,
                           const std::vector<Box>& patches) {
    Shape shape;
    for (int d = 0; d < input.shape().rank(); ++d) {
      if (!contains_dimension(fixed, d)) shape.push_back(input.shape()[d]);
    }
    std::int64_t cells = 0;
    for (const Box& patch : patches) cells = checked_add(cells, volume(patch.shape), "the cells");
    shape.push_back(cells);
    return shape;
  }

  void check_inside(const Box& patch) const {
    Shape grid;
    for (const int d : fixed_) grid.push_back(input_->shape()[d]);
    if (patch.rank() == grid.rank() && contains(whole_box(grid), patch)) return;
    throw Error(ErrorKind::invalid,
                fmt::format("patch {} is outside the grid {}", to_string(patch), to_string(grid)));
  }

  // Visits what `region` takes of the grid: a box of it, its first cell in the region, and the
  // shape in whose C order the box's cells lie. A patch that is cut is taken cell by cell.
  template <class Visit>
  void for_each_piece(const Box& region, Visit&& visit) const {
    const int last = region.rank() - 1;
    const std::int64_t begin = region.begin[last], end = region.end(last);
    const auto behind = std::upper_bound(first_.begin(), first_.end(), begin);
    for (auto i =
             static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, behind - first_.begin() - 1));
         i < patches_->size() && first_[i] < end; ++i) {
      const Box& patch = (*patches_)[i];
      if (first_[i] >= begin && first_[i] + volume(patch.shape) <= end) {
        if (!patch.is_empty()) visit(patch, first_[i] - begin, patch.shape);
        continue;
      }
      const Shape one = Index::filled(patch.rank(), 1);
      std::int64_t cell = first_[i];
      for_each_position(patch, [&](const Index& at) {
        if (cell >= begin && cell < end) visit(Box{at, one}, cell - begin, one);
        ++cell;
      });
    }
  }

  // The input's box that a piece reads.
  Box input_box(const Box& region, const Box& piece) const {
    Box box{Index::filled(input_->shape().rank(), 0), Index::filled(input_->shape().rank(), 1)};
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      box.begin[kept_[k]] = region.begin[static_cast<int>(k)];
      box.shape[kept_[k]] = region.shape[static_cast<int>(k)];
    }
    for (std::size_t i = 0; i < fixed_.size(); ++i) {
      box.begin[fixed_[i]] = piece.begin[static_cast<int>(i)];
      box.shape[fixed_[i]] = piece.shape[static_cast<int>(i)];
    }
    return box;
  }

  // A piece's cells of the output, seen with the input's dimensions.
  MutableArrayView piece_view(const MutableArrayView& into, const Box& piece, std::int64_t first,
                              const Shape& within) const {
    const int last = into.rank() - 1;
    const std::int64_t step = into.strides[last];
    MutableArrayView view{into.data + first * step, into.type,
                          Index::filled(input_->shape().rank(), 1),
                          Index::filled(input_->shape().rank(), 0)};
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      view.shape[kept_[k]] = into.shape[static_cast<int>(k)];
      view.strides[kept_[k]] = into.strides[static_cast<int>(k)];
    }
    const Index strides = c_strides(within, 1);
    for (std::size_t i = 0; i < fixed_.size(); ++i) {
      view.shape[fixed_[i]] = piece.shape[static_cast<int>(i)];
      view.strides[fixed_[i]] = strides[static_cast<int>(i)] * step;
    }
    return view;
  }

  std::shared_ptr<const Source> input_;
  std::vector<int> fixed_;
  std::vector<int> kept_;
  Patches patches_;
  std::vector<std::int64_t> first_;  // cell of each patch
};

}  // namespace

std::shared_ptr<const Source> patches_source(std::shared_ptr<const Source> input,
                                             std::vector<int> fixed, Patches patches) {
  return std::make_shared<PatchesSource>(std::move(input), std::move(fixed), std::move(patches));
}

}  // namespace gridmill
