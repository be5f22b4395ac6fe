#include "gridmill/codec/record_order.h"

#include <algorithm>
#include <cstring>

namespace gridmill {

void RecordOrderCodec::encode(const ArrayView& decoded, const MutableArrayView& encoded) const {
  const std::int64_t count = volume(decoded.shape);
  const std::int64_t size = decoded.type.size;
  if (count > 0) std::memcpy(encoded.data, decoded.data, static_cast<std::size_t>(count * size));
  for (std::int64_t record = 0; record < count; ++record) {
    for (const TurnedNumbers& numbers : turned) {
      std::byte* number = encoded.data + record * size + numbers.offset;
      for (std::int64_t i = 0; i < numbers.count; ++i, number += numbers.size) {
        std::reverse(number, number + numbers.size);
      }
    }
  }
}

void RecordOrderCodec::decode(const ArrayView& encoded, const MutableArrayView& decoded,
                              StringArena& /*strings*/) const {
  encode(encoded, decoded);
}

}  // namespace gridmill
