#include "gridmill/codec/vlen_array.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

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

}  // namespace

VlenArrayCodec VlenArrayCodec::from_v2(const Json& object) {
  VlenArrayCodec codec{numpy_type_from(object, "dtype", kName), object};
  if (codec.numbers.type != types::boolean) check_number(codec.numbers.type, kName);
  return codec;
}

void VlenArrayCodec::refuse_writing() {
  throw Error(ErrorKind::unsupported,
              "codec vlen-array is read, as texts of JSON lists, and not written: leave --codec "
              "out, or give vlen-utf8");
}

Json VlenArrayCodec::to_v3(DataType /*type*/) const { refuse_writing(); }

void VlenArrayCodec::check_type(DataType type) const {
  if (type == types::string) return;
  throw Error(ErrorKind::corrupt, fmt::format("codecs: {} can't hold {}", kName, type.name()));
}

std::int64_t VlenArrayCodec::max_encoded_size(const Form& form) const {
  return estimated_vlen_size(form);
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
