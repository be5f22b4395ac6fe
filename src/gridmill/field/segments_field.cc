#include "gridmill/field/segments_field.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

class SegmentsField final : public Operator {
 public:
  SegmentsField(const FieldPtr& input, int dimension, const Segments& segments)
      : Operator({input}, input->dimensions(), reduced(input->shape(), dimension, segments.length),
                 segments_type(input->type())),
        dimension_(dimension),
        segments_(segments) {}

  Box needs(int, const Box& region) const override {
    Box needed = region;
    needed.begin[dimension_] *= segments_.length;
    needed.shape[dimension_] *= segments_.length;
    return needed;
  }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<SegmentsField>(inputs.at(0), dimension_, segments_);
  }

  void compute(std::span<const ArrayView> inputs, const Box&,
               const MutableArrayView& out) const override {
    segment_statistic(segments_.statistic, inputs[0], dimension_, segments_.length, out);
  }

  Json to_json() const override {
    return {{"operator", "segments"},
            {"dimension", segments_.dimension},
            {"length", segments_.length},
            {"statistic", name_of(segments_.statistic)},
            {"input", inputs()[0]->to_json()}};
  }

 private:
  static Shape reduced(Shape shape, int dimension, std::int64_t length) {
    shape[dimension] /= length;
    return shape;
  }

  const int dimension_;
  const Segments segments_;
};

}  // namespace

FieldPtr segments_field(FieldPtr input, const Segments& segments) {
  const auto& names = input->dimensions();
  const auto found = std::find(names.begin(), names.end(), segments.dimension);
  if (found == names.end()) return input;
  const int d = static_cast<int>(found - names.begin());
  if (segments.length < 1 || input->shape()[d] % segments.length != 0) {
    throw Error(
        ErrorKind::invalid,
        fmt::format(
            "{} positions of {} don't make whole segments of {}: take a part that "
            "does, e.g. --region {}=0:{}",
            input->shape()[d], segments.dimension, segments.length, segments.dimension,
            input->shape()[d] / std::max<std::int64_t>(segments.length, 1) * segments.length));
  }
  if (!input->type().is_real()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("elements of {} have no {}: choose others with --variables",
                            input->type().name(), name_of(segments.statistic)));
  }
  return std::make_shared<SegmentsField>(input, d, segments);
}

}  // namespace gridmill
