#include <fmt/format.h>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

class SliceSource final : public Source {
 public:
  SliceSource(std::shared_ptr<const Source> input, const Box& region)
      : Source(input->dimensions(), region.shape, input->type()),
        input_(std::move(input)),
        region_(region) {
    if (region.rank() != input_->shape().rank() || !contains(whole_box(input_->shape()), region)) {
      throw Error(ErrorKind::invalid, fmt::format("region {} is not inside an array of shape {}",
                                                  to_string(region), to_string(input_->shape())));
    }
  }

  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const override {
    input_->leaves(shifted(region, region_.begin), visit);
  }

  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const override {
    input_->scatter(leaf, shifted(region, region_.begin), into, parts);
  }

  LeafCost leaf_cost() const override { return input_->leaf_cost(); }
  MissingValue missing_value() const override { return input_->missing_value(); }

  std::optional<Box> box_of(const Leaf& leaf) const override {
    const std::optional<Box> box = input_->box_of(leaf);
    if (!box) return std::nullopt;
    return shifted(*box, region_.begin, -1);
  }

  std::vector<std::int64_t> cuts(int d) const override { return inside(input_->cuts(d), d); }

  LeafLayout layout() const override {
    LeafLayout layout = input_->layout();
    for (int d = 0; d < region_.rank(); ++d) {
      std::vector<std::int64_t>& cuts = layout.cuts[static_cast<std::size_t>(d)];
      cuts = inside(cuts, d);
    }
    return layout;
  }

  Json to_json() const override {
    return {{"source", "slice"}, {"region", box_to_json(region_)}, {"input", input_->to_json()}};
  }

 private:
  // Those of the input that lie in the region, and its ends.
  std::vector<std::int64_t> inside(const std::vector<std::int64_t>& cuts, int d) const {
    std::vector<std::int64_t> inside{0};
    for (const std::int64_t cut : cuts) {
      const std::int64_t at = cut - region_.begin[d];
      if (at > 0 && at < region_.shape[d]) inside.push_back(at);
    }
    if (region_.shape[d] > 0) inside.push_back(region_.shape[d]);
    return inside;
  }

  std::shared_ptr<const Source> input_;
  Box region_;
};

}  // namespace

std::shared_ptr<const Source> slice_source(std::shared_ptr<const Source> input, const Box& region) {
  return std::make_shared<SliceSource>(std::move(input), region);
}

}  // namespace gridmill
