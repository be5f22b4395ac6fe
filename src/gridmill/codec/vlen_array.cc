#include "gridmill/codec/vlen_array.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/array/byte_order.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/numbers.h"
#include "gridmill/codec/vlen_frame.h"

namespace gridmill {
namespace {

Json number_of(const std::byte* at, const NumpyType& type) {
  std::array<std::byte, 8> number{};
  std::memcpy(number.data(), at, static_cast<std::size_t>(type.type.size));
  if (type.swaps()) {
    copy_swapped(number.data(), number.data(), static_cast<std::size_t>(type.type.size),
                 type.type.size);
  }
  if (type.type == types::boolean) return number[0] != std::byte{0};
  Json value;
  visit_number(type.type, [&](auto kind) {
    using T = decltype(kind);
    const auto found = load_le<T>(number.data());
    if constexpr (std::is_integral_v<T>) value = found;
    if constexpr (!std::is_integral_v<T>) value = static_cast<double>(found);
  });
  return value;
}

std::string list_of(ByteView row, const NumpyType& type) {
  Json list = Json::array();
  const auto size = static_cast<std::size_t>(type.type.size);
  for (std::size_t at = 0; at < row.size(); at += size) {
    list.push_back(number_of(row.data() + at, type));
  }
  return dump_json(list, -1);
}

[[noreturn]] void throw_no_row(std::string_view text, const NumpyType& type) {
  constexpr std::size_t kShown = 60;
  throw Error(ErrorKind::invalid, fmt::format("vlen-array: \"{}\" is no JSON list of {}",
                                              text.substr(0, kShown), type.type.name()));
}

template <class T>
bool holds(const Json& value) {
  if (value.is_number_unsigned()) return std::in_range<T>(value.get<std::uint64_t>());
  return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
}

void append_number(const Json& value, const NumpyType& type, std::string_view text,
                   std::vector<std::byte>& row) {
  std::array<std::byte, 8> number{};
  if (type.type == types::boolean) {
    if (!value.is_boolean()) throw_no_row(text, type);
    row.push_back(value.get<bool>() ? std::byte{1} : std::byte{0});
    return;
  }
  visit_number(type.type, [&](auto kind) {
    using T = decltype(kind);
    if constexpr (std::is_integral_v<T>) {
      if (!holds<T>(value)) throw_no_row(text, type);
      store_le(number.data(), value.get<T>());
    } else {
      if (!value.is_number()) throw_no_row(text, type);
      store_le(number.data(), T(value.get<double>()));
    }
  });
  const auto size = static_cast<std::size_t>(type.type.size);
  if (type.swaps()) copy_swapped(number.data(), number.data(), size, type.type.size);
  row.insert(row.end(), number.begin(), number.begin() + type.type.size);
}

std::vector<std::byte> row_of(std::string_view text, const NumpyType& type) {
  std::vector<std::byte> row;
  if (text.empty()) return row;
  Json list;
  try {
    list = parse_json(text);
  } catch (const Error&) {
    throw_no_row(text, type);
  }
  if (!list.is_array()) throw_no_row(text, type);
  for (const Json& value : list) append_number(value, type, text, row);
  return row;
}

}  // namespace

VlenArrayCodec VlenArrayCodec::from_v2(const Json& object) {
  VlenArrayCodec codec{numpy_type_from(object, "dtype", kName), object};
  if (codec.numbers.type != types::boolean) check_number(codec.numbers.type, kName);
  return codec;
}

Json VlenArrayCodec::to_v3(DataType /*type*/) const {
  throw Error(ErrorKind::unsupported,
              "codec vlen-array is one of Zarr v2: give --zarr-format 2, or vlen-utf8");
}

void VlenArrayCodec::check_type(DataType type) const {
  if (type == types::string) return;
  throw Error(ErrorKind::corrupt, fmt::format("codecs: {} can't hold {}", kName, type.name()));
}

std::int64_t VlenArrayCodec::max_encoded_size(const Form& form) const {
  return estimated_vlen_size(form);
}

void VlenArrayCodec::encode(const ArrayView& elements, Buffer& out) const {
  Array rows(types::string, elements.shape);
  std::int64_t next = 0;
  for_each_position(whole_box(elements.shape), [&](const Index& position) {
    const std::vector<std::byte> row =
        row_of(load_le<StringRef>(elements.at(position)).view(), numbers);
    rows.values<StringRef>()[next++] = rows.strings().add(as_text(row));
  });
  encode_vlen(rows.view(), false, out);
}

void VlenArrayCodec::decode(ByteView stored, const MutableArrayView& elements,
                            StringArena& strings) const {
  // The rows' bytes, as if they were blobs: in place, one after the other.
  StringArena rows;
  decode_vlen(stored, elements, false, rows, kName);
  const std::int64_t count = volume(elements.shape);
  for (std::int64_t i = 0; i < count; ++i) {
    std::byte* element = elements.data + i * static_cast<std::int64_t>(sizeof(StringRef));
    const ByteView row = as_bytes(load_le<StringRef>(element).view());
    if (row.size() % static_cast<std::size_t>(numbers.type.size) != 0) {
      throw_damaged(kName, stored.size(),
                    fmt::format("row {} has {} bytes, no whole number of {}", i, row.size(),
                                numbers.type.name()));
    }
    store_le(element, strings.add(list_of(row, numbers)));
  }
}

}  // namespace gridmill
