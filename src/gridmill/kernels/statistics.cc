#include "gridmill/kernels/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::int64_t kBlock = 4096;

class Accumulator {
 public:
  void add(double value) {
    if (std::isnan(value)) {
      ++result_.nan_count;
    } else {
      if (result_.count == 0 || value < result_.minimum) result_.minimum = value;
      if (result_.count == 0 || value > result_.maximum) result_.maximum = value;
      ++result_.count;
      block_sum_ += value;
    }
    if (++in_block_ == kBlock) close_block();
  }
  Statistics finish() {
    close_block();
    return result_;
  }

 private:
  void close_block() {
    result_.sum += block_sum_;
    block_sum_ = 0;
    in_block_ = 0;
  }

  Statistics result_;
  double block_sum_ = 0;
  std::int64_t in_block_ = 0;
};

}  // namespace

Statistics merged(const Statistics& first, const Statistics& then) noexcept {
  Statistics both = first;
  both.count += then.count;
  both.nan_count += then.nan_count;
  both.sum += then.sum;
  if (then.count == 0) return both;
  if (first.count == 0 || then.minimum < both.minimum) both.minimum = then.minimum;
  if (first.count == 0 || then.maximum > both.maximum) both.maximum = then.maximum;
  return both;
}

Statistics statistics_of(const ArrayView& view) {
  Accumulator accumulator;
  const bool is_known = visit_real(view.type, [&](auto element) {
    for_each_position(whole_box(view.shape), [&](const Index& position) {
      std::memcpy(&element, view.at(position), sizeof element);
      accumulator.add(static_cast<double>(element));
    });
  });
  if (!is_known) {
    throw Error(ErrorKind::unsupported,
                fmt::format("values of type {} have no minimum and mean", view.type.name()));
  }
  return accumulator.finish();
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace gridmill
