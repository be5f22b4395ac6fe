#include "gridmill/field/fold_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

const char* name_of(Folding how) {
  return how == Folding::sum ? "sum" : how == Folding::least ? "least" : "greatest";
}

class FoldSource final : public Source {
 public:
  FoldSource(std::shared_ptr<const Source> input, int dimension, std::int64_t piece, Folding how)
      : Source(with_planes(input->dimensions()), cells(input->shape(), dimension, piece),
               types::float64),
        input_(std::move(input)),
        dimension_(dimension),
        piece_(piece),
        how_(how) {}

  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const override {
    input_->leaves(elements_of(region), visit);
  }

  // A piece of its own for each step of the cells: elements of one piece share them.
  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const override {
    if (region.shape[0] != kFoldPlanes) {
      throw Error(ErrorKind::internal, "a region of a fold without both of its planes");
    }
    const Box wanted = elements_of(region);
    const std::optional<Box> box = input_->box_of(leaf);
    if (!box) throw Error(ErrorKind::internal, "a fold of elements that don't lie side by side");
    const Box there = intersect(*box, wanted);
    if (there.is_empty()) return;
    const std::size_t before = parts.size();
    for (std::int64_t at = there.begin[dimension_]; at < there.end(dimension_); at += piece_) {
      Box elements = wanted;
      elements.begin[dimension_] = at;
      elements.shape[dimension_] = piece_;
      const std::int64_t cell = at / piece_ - region.begin[dimension_ + 1];
      input_->scatter(leaf, elements, shared_cells(into, cell, elements.shape), parts);
    }
    for (std::size_t i = before; i < parts.size(); ++i) {
      parts[i].folding = how_;
      parts[i].plane = into.strides[0];
    }
  }

  // Elements of a leaf share cells.
  std::optional<Box> box_of(const Leaf&) const override { return std::nullopt; }

  std::vector<std::int64_t> cuts(int d) const override {
    if (d == 0) return {0, kFoldPlanes};
    std::vector<std::int64_t> cuts = input_->cuts(d - 1);
    for (std::int64_t& cut : cuts) cut /= per_cell(d - 1);
    return cuts;
  }

  LeafCost leaf_cost() const override { return input_->leaf_cost(); }
  MissingValue missing_value() const override { return input_->missing_value(); }
  Folding folding() const override { return how_; }

  LeafLayout layout() const override {
    const LeafLayout below = input_->layout();
    LeafLayout layout;
    layout.leaf.push_back(kFoldPlanes);
    for (int d = 0; d < below.leaf.rank(); ++d) {
      layout.leaf.push_back(ceil_div(below.leaf[d], per_cell(d)));
    }
    for (int d = 0; d < shape().rank(); ++d) layout.cuts.push_back(cuts(d));
    return layout;
  }

  Json to_json() const override {
    return {{"source", "fold"},
            {"fold", name_of(how_)},
            {"dimension", input_->dimensions()[static_cast<std::size_t>(dimension_)]},
            {"piece", piece_},
            {"input", input_->to_json()}};
  }

 private:
  static std::vector<std::string> with_planes(std::vector<std::string> names) {
    names.insert(names.begin(), "(planes)");
    return names;
  }

  static Shape cells(const Shape& input, int dimension, std::int64_t piece) {
    Shape shape{kFoldPlanes};
    for (int d = 0; d < input.rank(); ++d) {
      shape.push_back(d == dimension ? input[d] / piece : input[d]);
    }
    return shape;
  }

  // Elements along the input's dimension d.
  std::int64_t per_cell(int d) const noexcept { return d == dimension_ ? piece_ : 1; }

  // The input's box of which `region` holds the cells.
  Box elements_of(const Box& region) const {
    Box box = whole_box(input_->shape());
    for (int d = 0; d < box.rank(); ++d) {
      box.begin[d] = region.begin[d + 1] * per_cell(d);
      box.shape[d] = region.shape[d + 1] * per_cell(d);
    }
    return box;
  }

  // The values' plane at `cell`, as elements of `shape` see it: along the dimension it is one.
  MutableArrayView shared_cells(const MutableArrayView& into, std::int64_t cell,
                                const Shape& shape) const {
    Box first = whole_box(into.shape);
    first.shape[0] = 1;
    first.begin[dimension_ + 1] = cell;
    first.shape[dimension_ + 1] = 1;
    MutableArrayView view{into.part(first).data, types::float64, shape,
                          Index::filled(shape.rank(), 0)};
    for (int d = 0; d < shape.rank(); ++d) {
      if (d != dimension_) view.strides[d] = into.strides[d + 1];
    }
    return view;
  }

  const std::shared_ptr<const Source> input_;
  const int dimension_;
  const std::int64_t piece_;
  const Folding how_;
};

}  // namespace

std::int64_t fold_piece(const Source& input, int dimension, std::int64_t length) {
  std::int64_t piece = length;
  for (const std::int64_t cut : input.cuts(dimension)) {
    piece = std::gcd(piece, cut);
  }
  return piece;
}

std::shared_ptr<const Source> fold_source(std::shared_ptr<const Source> input, int dimension,
                                          std::int64_t piece, Folding how) {
  if (piece < 1 || fold_piece(*input, dimension, piece) != piece) {
    throw Error(ErrorKind::internal,
                fmt::format("pieces of {} reach over leaves of dimension {}", piece, dimension));
  }
  return std::make_shared<FoldSource>(std::move(input), dimension, piece, how);
}

}  // namespace gridmill
