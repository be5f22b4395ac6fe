#include "gridmill/codec/bytes_codec.h"

#include <fmt/format.h>

#include <cstring>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_bad(std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("codecs: bytes: {}", why));
}

void move_elements(const std::byte* from, std::byte* to, std::size_t bytes, bool swaps,
                   DataType type) {
  if (swaps) return copy_swapped(from, to, bytes, type.swap_unit());
  if (bytes > 0) std::memcpy(to, from, bytes);
}

}  // namespace

BytesCodec BytesCodec::from_v3(const Json& configuration, DataType type) {
  if (!configuration.is_object() || !configuration.contains("endian") ||
      configuration["endian"].is_null()) {
    if (type.swap_unit() > 1) throw_bad(fmt::format("{} needs an endian", type.name()));
    return {};
  }
  const std::string endian = json_string(configuration, "endian", kName);
  if (endian != "little" && endian != "big") {
    throw_bad(fmt::format("endian \"{}\" is not little or big", endian));
  }
  return {endian == "big"};
}

Json BytesCodec::to_v3(DataType type) const {
  if (type.swap_unit() == 1) return named_codec(kName);
  return named_codec(kName, {{"endian", is_big_endian ? "big" : "little"}});
}

void BytesCodec::check_type(DataType type) const {
  if (type.is_string()) throw_bad(fmt::format("it can't hold {}", type.name()));
}

void BytesCodec::encode(const ArrayView& elements, Buffer& out) const {
  out.resize(static_cast<std::size_t>(elements.byte_size()));
  move_elements(elements.data, out.data(), out.size(), swaps(elements.type), elements.type);
}

void BytesCodec::decode(ByteView stored, const MutableArrayView& elements,
                        StringArena& /*strings*/) const {
  move_elements(stored.data(), elements.data, stored.size(), swaps(elements.type), elements.type);
}

}  // namespace gridmill
