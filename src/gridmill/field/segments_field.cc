#include "gridmill/field/segments_field.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/field/fold_source.h"
#include "gridmill/field/gathered_source.h"

namespace gridmill {
namespace {

Shape reduced(Shape shape, int dimension, std::int64_t length) {
  shape[dimension] /= length;
  return shape;
}

Json described(const Segments& segments, const Field& input) {
  return {{"operator", "segments"},
          {"dimension", segments.dimension},
          {"length", segments.length},
          {"statistic", name_of(segments.statistic)},
          {"input", input.to_json()}};
}

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

  Json to_json() const override { return described(segments_, *inputs()[0]); }

 private:
  const int dimension_;
  const Segments segments_;
};

// Of folds: what the elements were folded into, as they were decoded.
class FoldedSegmentsField final : public Operator {
 public:
  FoldedSegmentsField(const FieldPtr& folds, const FieldPtr& elements, int dimension,
                      std::int64_t pieces, const Segments& segments)
      : Operator({folds}, elements->dimensions(),
                 reduced(elements->shape(), dimension, segments.length),
                 segments_type(elements->type())),
        elements_(elements),
        dimension_(dimension),
        pieces_(pieces),
        segments_(segments) {}

  Box needs(int, const Box& region) const override {
    Box needed = whole_box(inputs()[0]->shape());
    for (int d = 0; d < region.rank(); ++d) {
      const std::int64_t cells = d == dimension_ ? pieces_ : 1;
      needed.begin[d + 1] = region.begin[d] * cells;
      needed.shape[d + 1] = region.shape[d] * cells;
    }
    return needed;
  }

  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<FoldedSegmentsField>(inputs.at(0), elements_, dimension_, pieces_,
                                                 segments_);
  }

  void compute(std::span<const ArrayView> inputs, const Box&,
               const MutableArrayView& out) const override {
    segment_statistic_of_folds(segments_.statistic, inputs[0], dimension_, pieces_,
                               segments_.length, out);
  }

  Json to_json() const override { return described(segments_, *inputs()[0]); }

 private:
  const FieldPtr elements_;
  const int dimension_;
  const std::int64_t pieces_;  // of a segment
  const Segments segments_;
};

// Shorter pieces would be more memory than most elements are.
constexpr std::int64_t kLeastPiece = 8;
// What a leaf gives to a cell along the dimension is a part of its own, of half a KiB: smaller ones
// cost more than they spare.
constexpr std::int64_t kLeastFolded = 256;

// How many elements a leaf has for a position along `dimension`, on average.
std::int64_t leaf_elements_across(const Source& source, int dimension) {
  std::int64_t elements = 1;
  for (int d = 0; d < source.shape().rank(); ++d) {
    const auto leaves = static_cast<std::int64_t>(source.cuts(d).size()) - 1;
    if (d != dimension && leaves > 0) elements *= ceil_div(source.shape()[d], leaves);
  }
  return elements;
}

// Null: not while it is decoded. At points few elements of a leaf are wanted: there is little to
// spare.
FieldPtr folded_segments(const FieldPtr& input, int dimension, const Segments& segments) {
  const auto source = std::dynamic_pointer_cast<const Source>(input);
  const Folding how = fold_of(segments.statistic);
  if (source == nullptr || dynamic_cast<const GatheredSource*>(source.get()) != nullptr ||
      source->folding() != Folding::none || how == Folding::none ||
      source->shape().rank() >= kMaxRank) {
    return nullptr;
  }
  const std::int64_t piece = fold_piece(*source, dimension, segments.length);
  if (piece < kLeastPiece) return nullptr;
  if (checked_mul(piece, leaf_elements_across(*source, dimension), "a leaf") < kLeastFolded) {
    return nullptr;
  }
  return std::make_shared<FoldedSegmentsField>(fold_source(source, dimension, piece, how), input,
                                               dimension, segments.length / piece, segments);
}

}  // namespace

FieldPtr segments_field(FieldPtr input, const Segments& segments) {
  const auto& names = input->dimensions();
  const auto found = std::find(names.begin(), names.end(), segments.dimension);
  if (found == names.end()) return input;
  const int d = static_cast<int>(found - names.begin());
  const std::int64_t size = input->shape()[d];
  if (segments.length > size && size > 0) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} positions of {} don't make one whole segment of {}: make segments "
                            "of {} or fewer",
                            size, segments.dimension, segments.length, size));
  }
  if (segments.length < 1 || size % segments.length != 0) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} positions of {} don't make whole segments of {}: take a part that "
                            "does, e.g. --region {}=0:{}",
                            size, segments.dimension, segments.length, segments.dimension,
                            size / std::max<std::int64_t>(segments.length, 1) * segments.length));
  }
  if (!has_segments(input->type())) {
    throw Error(ErrorKind::unsupported,
                fmt::format("elements of {} have no {}: choose others with --variables",
                            input->type().name(), name_of(segments.statistic)));
  }
  if (FieldPtr folded = folded_segments(input, d, segments)) return folded;
  return std::make_shared<SegmentsField>(input, d, segments);
}

}  // namespace gridmill
