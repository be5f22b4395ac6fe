#include "gridmill/dataset/agreement.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/kernels/compare.h"

namespace gridmill {
namespace {

constexpr std::int64_t kComparable_bytes = std::int64_t{64} << 20;

[[noreturn]] void throw_differs(const Origin& a, const Origin& b, std::string_view what,
                                const std::string& of_a, const std::string& of_b) {
  throw Error(ErrorKind::corrupt,
              fmt::format("variable {}: differs: {} is {} in {} and {} in {}", a.variable.path(),
                          what, of_a, a.dataset.location, of_b, b.dataset.location));
}

std::string attribute_text(const AttributeValue* value) {
  return value == nullptr ? "absent" : dump_json(value->to_json(), -1);
}

bool is_equal(const AttributeValue* a, const AttributeValue* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return *a == *b;
}

void check_attribute(const Origin& a, const Origin& b, const char* name) {
  const AttributeValue* of_a = a.variable.attributes.find(name);
  const AttributeValue* of_b = b.variable.attributes.find(name);
  if (!is_equal(of_a, of_b)) {
    throw_differs(a, b, name, attribute_text(of_a), attribute_text(of_b));
  }
}

}  // namespace

void check_same_meaning(const Origin& a, const Origin& b, std::string_view free_dimension) {
  const Variable& left = a.variable;
  const Variable& right = b.variable;
  if (left.type != right.type || left.type_name() != right.type_name()) {
    throw_differs(a, b, "data type", left.type_name(), right.type_name());
  }
  if (left.dimensions != right.dimensions) {
    throw_differs(a, b, "dimensions", "(" + join(left.dimensions, ", ") + ")",
                  "(" + join(right.dimensions, ", ") + ")");
  }
  for (int d = 0; d < left.shape.rank(); ++d) {
    const std::string& name = left.dimensions[static_cast<std::size_t>(d)];
    if (name == free_dimension || left.shape[d] == right.shape[d]) continue;
    throw_differs(a, b, "the size of dimension " + name, fmt::format("{}", left.shape[d]),
                  fmt::format("{}", right.shape[d]));
  }
  for (const char* name : kPackingAttributes) check_attribute(a, b, name);
  if (holds_times(left) && holds_times(right)) return;
  for (const char* name : kUnitAttributes) check_attribute(a, b, name);
}

bool is_comparable_by_value(const Variable& variable) noexcept {
  std::int64_t bytes = variable.type.size;
  for (const std::int64_t extent : variable.shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return false;
  }
  return bytes <= kComparable_bytes;
}

void check_is_comparable(const Origin& a, const Origin& b) {
  if (is_comparable_by_value(b.variable)) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("variable {} is in {} and in {}, and too large to prove equal: drop it "
                          "with --drop or take it from one input",
                          b.variable.path(), a.dataset.location, b.dataset.location));
}

void check_same_values(const Origin& a, const Array& values_of_a, const Origin& b) {
  const Array values_of_b =
      in_context([&] { return b.dataset.location; }, [&] { return read_array(b.variable); });
  const Difference difference = compare_values(values_of_a.view(), values_of_b.view());
  if (difference.is_equal()) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("variable {}: differs: {} of {} values of {} and {}, the first at {}",
                          a.variable.path(), difference.count, values_of_a.size(),
                          a.dataset.location, b.dataset.location, to_string(*difference.first)));
}

void check_same(const Origin& a, const Origin& b) {
  check_same_meaning(a, b, "");
  const Shape& shape = a.variable.shape;
  Shape slab = shape;
  std::int64_t bytes = checked_mul(volume(shape), a.variable.type.size, "the size of a variable");
  for (int d = 0; d < slab.rank() && bytes > kComparable_bytes; ++d) {
    bytes /= slab[d];
    slab[d] = std::clamp<std::int64_t>(kComparable_bytes / bytes, 1, shape[d]);
    bytes *= slab[d];
  }
  if (bytes == 0) return;
  const ChunkGrid slabs(shape, slab);
  for_each_position(whole_box(slabs.counts()), [&](const Index& position) {
    const Box box = slabs.box_of(position);
    const auto read = [&](const Origin& origin) {
      return in_context([&] { return origin.dataset.location; },
                        [&] { return read_array(origin.variable, box); });
    };
    const Array left = read(a), right = read(b);
    const Difference difference = compare_values(left.view(), right.view());
    if (difference.is_equal()) return;
    throw Error(ErrorKind::corrupt,
                fmt::format("variable {}: differs between {} and {}, first at {}: take it from one "
                            "of them",
                            a.variable.path(), a.dataset.location, b.dataset.location,
                            to_string(shifted({*difference.first, shape}, box.begin).begin)));
  });
}

void collect_differences(const Attributes& a, const Attributes& b, std::set<std::string>& names) {
  for (const auto& [name, value] : a) {
    if (!is_equal(&value, b.find(name))) names.insert(name);
  }
  for (const auto& [name, value] : b) {
    if (a.find(name) == nullptr) names.insert(name);
  }
}

}  // namespace gridmill
