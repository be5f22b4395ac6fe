#include "gridmill/field/weighted_field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/field/patches_source.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

constexpr std::string_view kWeightedText = "a mean of cells of the plan";

std::vector<std::string> points_last(std::vector<std::string> dimensions) {
  if (dimensions.empty() || dimensions.back() != kCellsDimension) {
    throw Error(ErrorKind::internal, "a field without cells can't be weighted");
  }
  dimensions.back() = kPointsDimension;
  return dimensions;
}

Shape with_last(Shape shape, std::int64_t extent) {
  shape[shape.rank() - 1] = extent;
  return shape;
}

class WeightedField final : public Operator {
 public:
  WeightedField(const FieldPtr& cells, std::shared_ptr<const PointWeights> weights,
                MissingCells missing)
      : Operator({cells}, points_last(cells->dimensions()),
                 with_last(cells->shape(), static_cast<std::int64_t>(weights->first.size()) - 1),
                 types::float64),
        weights_(std::move(weights)),
        missing_(missing) {}

  Box needs(int, const Box& region) const override {
    const int last = region.rank() - 1;
    const auto first = [&](std::int64_t point) {
      return weights_->first[static_cast<std::size_t>(point)];
    };
    Box cells = region;
    cells.begin[last] = first(region.begin[last]);
    cells.shape[last] = first(region.end(last)) - cells.begin[last];
    return cells;
  }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<WeightedField>(std::move(inputs.at(0)), weights_, missing_);
  }

  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    const ArrayView& cells = inputs[0];
    const int last = region.rank() - 1;
    Box rows = whole_box(region.shape);
    rows.shape[last] = std::min<std::int64_t>(1, region.shape[last]);
    visit_real(cells.type, [&](auto element) {
      for_each_position(rows, [&](const Index& row) {
        compute_row<decltype(element)>(cells.at(row), cells.strides[last], region, out.at(row),
                                       out.strides[last]);
      });
    });
  }

  Json to_json() const override {
    return {{"operator", "weighted"},
            {"first", weights_->first},
            {"weights", weights_->weights},
            {"missing", missing_ == MissingCells::spread ? "spread" : "left_out"},
            {"input", inputs()[0]->to_json()}};
  }

 private:
  template <class Element>
  void compute_row(const std::byte* cell, std::int64_t cell_stride, const Box& region,
                   std::byte* point, std::int64_t point_stride) const {
    const int last = region.rank() - 1;
    for (std::int64_t p = region.begin[last]; p < region.end(last); ++p, point += point_stride) {
      const auto first = static_cast<std::size_t>(weights_->first[static_cast<std::size_t>(p)]);
      const auto end = static_cast<std::size_t>(weights_->first[static_cast<std::size_t>(p) + 1]);
      double sum = 0, weight = 0;
      for (std::size_t c = first; c < end; ++c, cell += cell_stride) {
        Element element;
        std::memcpy(&element, cell, sizeof element);
        const auto value = static_cast<double>(element);
        if (missing_ == MissingCells::left_out && std::isnan(value)) continue;
        sum += weights_->weights[c] * value;
        weight += weights_->weights[c];
      }
      const double mean = weight > 0 ? sum / weight : std::numeric_limits<double>::quiet_NaN();
      std::memcpy(point, &mean, sizeof mean);
    }
  }

  std::shared_ptr<const PointWeights> weights_;
  MissingCells missing_;
};

bool fit_together(const PointWeights& weights, std::int64_t cells) {
  const auto& first = weights.first;
  return !first.empty() && first.front() == 0 && first.back() == cells &&
         std::is_sorted(first.begin(), first.end()) &&
         static_cast<std::int64_t>(weights.weights.size()) == cells &&
         std::all_of(weights.weights.begin(), weights.weights.end(),
                     [](double weight) { return weight > 0 && std::isfinite(weight); });
}

}  // namespace

FieldPtr weighted_field(const FieldPtr& cells, std::shared_ptr<const PointWeights> weights,
                        MissingCells missing) {
  if (!visit_real(cells->type(), [](auto) {})) {
    throw Error(ErrorKind::unsupported,
                fmt::format("values of type {} have no mean", cells->type().name()));
  }
  if (cells->shape().rank() == 0 ||
      !fit_together(*weights, cells->shape()[cells->shape().rank() - 1])) {
    throw Error(ErrorKind::invalid,
                fmt::format("the weights don't fit cells of shape {}", to_string(cells->shape())));
  }
  return std::make_shared<WeightedField>(cells, std::move(weights), missing);
}

FieldPtr weighted_from_json(const Json& node, const FieldPtr& cells) {
  auto weights = std::make_shared<PointWeights>();
  const auto& dimensions = cells->dimensions();
  const std::string missing = json_string(node, "missing", kWeightedText);
  const bool is_known = missing == "spread" || missing == "left_out";
  if (!is_known || dimensions.empty() || dimensions.back() != kCellsDimension) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: it is not as it was written", kWeightedText));
  }
  try {
    weights->first = json_member(node, "first", kWeightedText).get<std::vector<std::int64_t>>();
    weights->weights = json_member(node, "weights", kWeightedText).get<std::vector<double>>();
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {}", kWeightedText, error.what()));
  }
  return weighted_field(cells, std::move(weights),
                        missing == "spread" ? MissingCells::spread : MissingCells::left_out);
}

}  // namespace gridmill
