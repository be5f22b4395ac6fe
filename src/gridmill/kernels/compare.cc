#include "gridmill/kernels/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gridmill/array/strings.h"

namespace gridmill {
namespace {

void check_alike(const ArrayView& a, const ArrayView& b) {
  if (a.shape == b.shape && a.type == b.type) return;
  throw Error(ErrorKind::internal,
              fmt::format("comparison of {} {} with {} {}", a.type.name(), to_string(a.shape),
                          b.type.name(), to_string(b.shape)));
}

void count(Difference& difference, const Index& position) {
  if (difference.count++ == 0) difference.first = position;
}

bool element_bits_equal(const DataType& type, const std::byte* a, const std::byte* b) noexcept {
  if (type.is_string()) {
    return load_le<StringRef>(a).view() == load_le<StringRef>(b).view();
  }
  return std::memcmp(a, b, static_cast<std::size_t>(type.size)) == 0;
}

// NaN of either type only for floating T; integers compare exactly and differ as doubles.
template <class T>
void compare_element(Difference& difference, T a, T b, const Index& position) {
  const bool nan_a = a != a;
  const bool nan_b = b != b;
  if (a == b || (nan_a && nan_b)) return;
  count(difference, position);
  if (nan_a != nan_b) {
    ++difference.nan_mismatches;
    return;
  }
  const double distance = a > b ? static_cast<double>(a) - static_cast<double>(b)
                                : static_cast<double>(b) - static_cast<double>(a);
  difference.max_absolute = std::max(difference.max_absolute, distance);
}

// The usual answer, equality, without a look at single elements.
bool memory_equal(const ArrayView& a, const ArrayView& b) {
  return !a.type.is_string() && a.is_contiguous() && b.is_contiguous() &&
         (a.byte_size() == 0 ||
          std::memcmp(a.data, b.data, static_cast<std::size_t>(a.byte_size())) == 0);
}

}  // namespace

Difference compare_values(const ArrayView& a, const ArrayView& b) {
  check_alike(a, b);
  Difference difference;
  if (memory_equal(a, b)) return difference;
  const bool is_known = visit_real(a.type, [&](auto left) {
    auto right = left;
    for_each_position(whole_box(a.shape), [&](const Index& position) {
      std::memcpy(&left, a.at(position), sizeof left);
      std::memcpy(&right, b.at(position), sizeof right);
      compare_element(difference, left, right, position);
    });
  });
  return is_known ? difference : compare_bits(a, b);
}

Difference compare_bits(const ArrayView& a, const ArrayView& b) {
  check_alike(a, b);
  Difference difference;
  if (memory_equal(a, b)) return difference;
  for_each_position(whole_box(a.shape), [&](const Index& position) {
    if (!element_bits_equal(a.type, a.at(position), b.at(position))) count(difference, position);
  });
  if (difference.is_equal()) return difference;
  const Difference numeric =
      a.type.is_real() && a.type.size <= 8 && !(a.type.is_floating() && a.type.size == 2)
          ? compare_values(a, b)
          : Difference{};
  difference.max_absolute = numeric.max_absolute;
  difference.nan_mismatches = numeric.nan_mismatches;
  return difference;
}

}  // namespace gridmill
