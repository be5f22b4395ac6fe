#include "gridmill/zarr/narrow_fill.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_no_fill(const Json& json, const NarrowType& narrow) {
  throw Error(ErrorKind::corrupt,
              fmt::format("fill_value {} is no value of {}", dump_json(json, -1), narrow.name()));
}

std::string hex(unsigned code, const NarrowType& narrow) {
  return fmt::format("0x{:0{}x}", code, 2 * narrow.part_bytes());
}

void append_part(std::vector<std::byte>& element, const Json& json, const NarrowType& narrow) {
  const auto code = code_from_json(json, narrow);
  if (!code) throw_no_fill(json, narrow);
  element.resize(element.size() + sizeof(float));
  store_le(element.data() + element.size() - sizeof(float), float_bits_of(narrow, *code));
}

Json part_json(std::uint32_t bits, const NarrowType& narrow, int zarr_format) {
  const double value = std::bit_cast<float>(bits);
  const auto code = code_of(narrow, bits);
  if (std::isnan(value)) {
    if (!code || code == nearest_code(narrow, value) || zarr_format == 2) return "NaN";
    return hex(*code, narrow);
  }
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  // Numbers without a sign are misread by TensorStore 0.1, hex is not.
  if (!narrow.has_sign && code) return hex(*code, narrow);
  return value;
}

FillValue integer_fill(const Json& json, const NarrowType& narrow, int zarr_format) {
  const DataType type = narrow.memory_type();
  try {
    const FillValue fill = FillValue::from_json(json, type, zarr_format);
    const int number = fill.to_json(type, 3).get<int>();
    if (number >= narrow.lowest_integer() && number <= narrow.highest_integer()) return fill;
  } catch (const Error&) {  // no value of the wider type either
  }
  throw_no_fill(json, narrow);
}

}  // namespace

FillValue narrow_fill_from_json(const Json& json, const NarrowType& narrow, int zarr_format) {
  const DataType type = narrow.memory_type();
  if (json.is_null() && zarr_format == 2) return FillValue::null(type);
  if (!narrow.is_float()) return integer_fill(json, narrow, zarr_format);
  std::vector<std::byte> element;
  if (narrow.is_complex) {
    if (!json.is_array() || json.size() != 2) throw_no_fill(json, narrow);
    for (const Json& part : json) append_part(element, part, narrow);
  } else {
    append_part(element, json, narrow);
  }
  return FillValue::of_element(type, element.data());
}

Json narrow_fill_to_json(const FillValue& fill, const NarrowType& narrow, int zarr_format) {
  if (!narrow.is_float()) return fill.to_json(narrow.memory_type(), zarr_format);
  const std::vector<std::byte> element = fill.element(narrow.memory_type());
  const Json first = part_json(load_le<std::uint32_t>(element.data()), narrow, zarr_format);
  if (!narrow.is_complex) return first;
  const auto second = load_le<std::uint32_t>(element.data() + sizeof(float));
  return Json::array({first, part_json(second, narrow, zarr_format)});
}

}  // namespace gridmill
