#include "gridmill/kernels/range_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gridmill/array/half.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What float16 is in memory.
struct Half {
  std::uint16_t bits;
};

template <class T>
double value_of(T element) noexcept {
  if constexpr (std::is_same_v<T, Half>) {
    return double_from_half(element.bits);
  } else {
    return static_cast<double>(element);
  }
}

class RangeCounter {
 public:
  explicit RangeCounter(const Bounds& bounds) : bounds_(bounds) {
    result_.minimum = kInfinity;
    result_.maximum = -kInfinity;
  }

  // `count` elements from `at` on, `stride` bytes apart; the first is number `position`.
  template <class T>
  void add_row(const std::byte* at, std::int64_t stride, std::int64_t count,
               std::int64_t position) noexcept {
    T element;
    for (std::int64_t i = 0; i < count; ++i, at += stride) {
      std::memcpy(&element, at, sizeof element);
      add(value_of(element), position + i);
    }
  }

  RangeCount finish() {
    if (result_.count == 0) {
      result_.minimum = result_.maximum = std::numeric_limits<double>::quiet_NaN();
    }
    return result_;
  }

 private:
  void add(double value, std::int64_t position) noexcept {
    if (std::isnan(value)) {
      if (result_.missing++ == 0) result_.first_missing = position;
      return;
    }
    ++result_.count;
    result_.minimum = std::min(result_.minimum, value);
    result_.maximum = std::max(result_.maximum, value);
    if (value >= bounds_.least && value <= bounds_.greatest) return;
    if (result_.outside++ > 0) return;
    result_.first_outside = position;
    result_.first_value = value;
  }

  const Bounds bounds_;
  RangeCount result_;
};

template <class T>
RangeCount count_elements(const ArrayView& view, const Bounds& bounds) {
  RangeCounter counter(bounds);
  if (view.rank() == 0) {
    counter.add_row<T>(view.data, 0, 1, 0);
    return counter.finish();
  }
  const int inner = view.rank() - 1;
  const std::int64_t length = view.shape[inner];
  Box rows = whole_box(view.shape);
  rows.shape[inner] = std::min<std::int64_t>(1, length);
  std::int64_t position = 0;
  for_each_position(rows, [&](const Index& row) {
    counter.add_row<T>(view.at(row), view.strides[inner], length, position);
    position += length;
  });
  return counter.finish();
}

}  // namespace

RangeCount merged(const RangeCount& a, const RangeCount& b) noexcept {
  RangeCount both = a;
  both.count += b.count;
  both.missing += b.missing;
  both.outside += b.outside;
  // fmin and fmax pass over the NaN of a part that has no values.
  both.minimum = std::fmin(a.minimum, b.minimum);
  both.maximum = std::fmax(a.maximum, b.maximum);
  const auto is_before = [](std::int64_t place, std::int64_t other) {
    return place >= 0 && (other < 0 || place < other);
  };
  if (is_before(b.first_missing, a.first_missing)) both.first_missing = b.first_missing;
  if (is_before(b.first_outside, a.first_outside)) {
    both.first_outside = b.first_outside;
    both.first_value = b.first_value;
  }
  return both;
}

Bounds rounded_to(Bounds bounds, DataType type) noexcept {
  for (double* end : {&bounds.least, &bounds.greatest}) {
    if (type == types::float32) *end = static_cast<double>(static_cast<float>(*end));
    if (type == types::float16) *end = double_from_half(half_from_double(*end));
  }
  return bounds;
}

RangeCount count_range(const ArrayView& view, const Bounds& bounds) {
  if (view.type == types::float16) return count_elements<Half>(view, bounds);
  RangeCount result;
  const bool is_known = visit_real(
      view.type, [&](auto element) { result = count_elements<decltype(element)>(view, bounds); });
  if (is_known) return result;
  throw Error(ErrorKind::unsupported,
              fmt::format("values of type {} have no range", view.type.name()));
}

}  // namespace gridmill
