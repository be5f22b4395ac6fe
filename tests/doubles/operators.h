// operators.h: operators over int64 for tests of reach: exact, so that order and cuts can't show.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/field/field.h"

namespace gridmill {

inline std::int64_t int64_at(const ArrayView& view, const Index& at) {
  return *reinterpret_cast<const std::int64_t*>(view.at(at));
}
inline std::int64_t& int64_at(const MutableArrayView& view, const Index& at) {
  return *reinterpret_cast<std::int64_t*>(view.at(at));
}

// n * x - sum of all x along a dimension of extent n: what an element departs from the mean by,
// times n. Takes all of the dimension.
class Departure final : public Operator {
 public:
  Departure(const FieldPtr& input, int along)
      : Operator({input}, input->dimensions(), input->shape(), input->type()), along_(along) {}

  Box needs(int, const Box& region) const override {
    Box needed = region;
    needed.begin[along_] = 0;
    needed.shape[along_] = shape()[along_];
    return needed;
  }
  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Departure>(inputs.at(0), along_);
  }
  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    const std::int64_t n = shape()[along_];
    for_each_position(whole_box(region.shape), [&](const Index& at) {
      Index in = at;
      std::int64_t sum = 0;
      for (in[along_] = 0; in[along_] < n; ++in[along_]) sum += int64_at(inputs[0], in);
      in[along_] = region.begin[along_] + at[along_];
      int64_at(out, at) = n * int64_at(inputs[0], in) - sum;
    });
  }
  Json to_json() const override {
    return {{"operator", "departure"}, {"along", along_}, {"input", inputs()[0]->to_json()}};
  }

 private:
  int along_;
};

// x minus the x before it along a dimension (itself at the first): a window of one before.
class Steps final : public Operator {
 public:
  Steps(const FieldPtr& input, int along)
      : Operator({input}, input->dimensions(), input->shape(), input->type()), along_(along) {}

  Box needs(int, const Box& region) const override {
    Box needed = region;
    if (needed.begin[along_] == 0) return needed;
    --needed.begin[along_];
    ++needed.shape[along_];
    return needed;
  }
  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Steps>(inputs.at(0), along_);
  }
  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    const std::int64_t before = region.begin[along_] - needs(0, region).begin[along_];
    for_each_position(whole_box(region.shape), [&](const Index& at) {
      Index in = at;
      in[along_] += before;
      Index previous = in;
      previous[along_] = std::max<std::int64_t>(in[along_] - 1, 0);
      int64_at(out, at) = int64_at(inputs[0], in) - int64_at(inputs[0], previous);
    });
  }
  Json to_json() const override {
    return {{"operator", "steps"}, {"along", along_}, {"input", inputs()[0]->to_json()}};
  }

 private:
  int along_;
};

class Difference final : public Operator {
 public:
  Difference(const FieldPtr& a, const FieldPtr& b)
      : Operator({a, b}, a->dimensions(), a->shape(), a->type()) {}

  Box needs(int, const Box& region) const override { return region; }
  FieldPtr with_inputs(std::vector<FieldPtr> inputs) const override {
    return std::make_shared<Difference>(inputs.at(0), inputs.at(1));
  }
  void compute(std::span<const ArrayView> inputs, const Box& region,
               const MutableArrayView& out) const override {
    for_each_position(whole_box(region.shape), [&](const Index& at) {
      int64_at(out, at) = int64_at(inputs[0], at) - int64_at(inputs[1], at);
    });
  }
  Json to_json() const override {
    return {{"operator", "difference"},
            {"input", inputs()[0]->to_json()},
            {"other", inputs()[1]->to_json()}};
  }
};

}  // namespace gridmill
