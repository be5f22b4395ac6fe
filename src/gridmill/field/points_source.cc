#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/field/leaf_set.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

class PointsSource final : public Source {
 public:
  PointsSource(std::shared_ptr<const Source> input, std::vector<int> fixed,
               std::vector<GridPoint> points)
      : Source(kept_dimensions(*input, fixed), kept_shape(*input, fixed, points.size()),
               input->type()),
        input_(std::move(input)),
        fixed_(std::move(fixed)),
        points_(std::move(points)) {
    for (int d = 0; d < input_->shape().rank(); ++d) {
      if (!is_fixed(fixed_, d)) kept_.push_back(d);
    }
    for (const GridPoint& point : points_) check(point);
  }

  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const override {
    LeafSet seen;
    for_each_point(region, [&](std::int64_t point) {
      input_->leaves(input_box(region, point), [&](const Leaf& leaf) {
        if (seen.insert(leaf).second) visit(leaf);
      });
    });
  }

  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const override {
    const int last = region.rank() - 1;
    for_each_point(region, [&](std::int64_t point) {
      input_->scatter(leaf, input_box(region, point), column(into, point - region.begin[last]),
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
  MissingValue missing_value() const override { return input_->missing_value(); }

  // Points lie anywhere: along them a leaf has no end.
  LeafLayout layout() const override {
    const LeafLayout below = input_->layout();
    const auto points = static_cast<std::int64_t>(points_.size());
    LeafLayout layout;
    for (const int d : kept_) {
      layout.cuts.push_back(below.cuts[static_cast<std::size_t>(d)]);
      layout.leaf.push_back(below.leaf[d]);
    }
    layout.cuts.push_back(points > 0 ? std::vector<std::int64_t>{0, points}
                                     : std::vector<std::int64_t>{0});
    layout.leaf.push_back(points);
    return layout;
  }

  Json to_json() const override {
    Json points = Json::array();
    for (const GridPoint& point : points_) {
      points.push_back(index_to_json(point.index));
    }
    return {
        {"source", "points"}, {"fixed", fixed_}, {"points", points}, {"input", input_->to_json()}};
  }

 private:
  static bool is_fixed(const std::vector<int>& fixed, int d) {
    return std::find(fixed.begin(), fixed.end(), d) != fixed.end();
  }

  static std::vector<std::string> kept_dimensions(const Source& input,
                                                  const std::vector<int>& fixed) {
    std::vector<std::string> names;
    for (int d = 0; d < input.shape().rank(); ++d) {
      if (!is_fixed(fixed, d)) names.push_back(input.dimensions()[static_cast<std::size_t>(d)]);
    }
    names.emplace_back(kPointsDimension);
    return names;
  }

  static Shape kept_shape(const Source& input, const std::vector<int>& fixed, std::size_t points) {
    Shape shape;
    for (int d = 0; d < input.shape().rank(); ++d) {
      if (!is_fixed(fixed, d)) shape.push_back(input.shape()[d]);
    }
    shape.push_back(static_cast<std::int64_t>(points));
    return shape;
  }

  void check(const GridPoint& point) const {
    for (std::size_t i = 0; i < fixed_.size(); ++i) {
      const std::int64_t at = point.index[static_cast<int>(i)];
      if (at < 0 || at >= input_->shape()[fixed_[i]]) {
        throw Error(ErrorKind::invalid,
                    fmt::format("point {} is outside the grid {}", to_string(point.index),
                                to_string(input_->shape())));
      }
    }
  }

  template <class Visit>
  static void for_each_point(const Box& region, Visit&& visit) {
    const int last = region.rank() - 1;
    for (std::int64_t p = region.begin[last]; p < region.end(last); ++p) visit(p);
  }

  // The input's box that one point of `region` reads.
  Box input_box(const Box& region, std::int64_t point) const {
    Box box{Index::filled(input_->shape().rank(), 0), Index::filled(input_->shape().rank(), 1)};
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      box.begin[kept_[k]] = region.begin[static_cast<int>(k)];
      box.shape[kept_[k]] = region.shape[static_cast<int>(k)];
    }
    const GridPoint& at = points_[static_cast<std::size_t>(point)];
    for (std::size_t i = 0; i < fixed_.size(); ++i) {
      box.begin[fixed_[i]] = at.index[static_cast<int>(i)];
    }
    return box;
  }

  // One point's column of the output, seen with the input's dimensions (extent 1 where fixed).
  MutableArrayView column(const MutableArrayView& into, std::int64_t point) const {
    const int last = into.rank() - 1;
    Box whole = whole_box(into.shape);
    whole.begin[last] = point;
    whole.shape[last] = 1;
    MutableArrayView view{into.part(whole).data, into.type,
                          Index::filled(input_->shape().rank(), 1),
                          Index::filled(input_->shape().rank(), 0)};
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      view.shape[kept_[k]] = into.shape[static_cast<int>(k)];
      view.strides[kept_[k]] = into.strides[static_cast<int>(k)];
    }
    return view;
  }

  std::shared_ptr<const Source> input_;
  std::vector<int> fixed_;
  std::vector<int> kept_;
  std::vector<GridPoint> points_;
};

}  // namespace

std::shared_ptr<const Source> points_source(std::shared_ptr<const Source> input,
                                            std::vector<int> fixed, std::vector<GridPoint> points) {
  return std::make_shared<PointsSource>(std::move(input), std::move(fixed), std::move(points));
}

}  // namespace gridmill
