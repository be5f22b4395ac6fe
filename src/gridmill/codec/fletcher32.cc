#include "gridmill/codec/fletcher32.h"

#include "gridmill/codec/checksum_bytes.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

// A sum modulo 65535 as folding carries gives it: 0 for zeros alone, else 1 to 65535.
std::uint32_t folded(std::uint64_t sum) noexcept {
  return sum == 0 ? 0 : static_cast<std::uint32_t>((sum - 1) % 65535 + 1);
}

}  // namespace

std::uint32_t fletcher32(ByteView bytes) noexcept {
  // Per block, the first sum S and the sum of its running values W: with n words before the end,
  // each word counts once per word from it on. 256 words can't overflow 32 bits in either.
  constexpr std::size_t kWords = 256;
  std::uint64_t first = 0, second = 0;
  std::size_t at = 0;
  for (; at + 2 * kWords <= bytes.size(); at += 2 * kWords) {
    std::uint32_t sum = 0, weighted = 0;
    for (std::size_t i = 0; i < kWords; ++i) {
      const std::uint32_t word = byte_swap(load_le<std::uint16_t>(bytes.data() + at + 2 * i));
      sum += word;
      weighted += word * static_cast<std::uint32_t>(kWords - i);
    }
    second = folded(second + kWords * first + weighted);
    first = folded(first + sum);
  }
  for (; at + 2 <= bytes.size(); at += 2) {
    first += byte_swap(load_le<std::uint16_t>(bytes.data() + at));
    second += first;
  }
  if (at < bytes.size()) {
    first += std::to_integer<std::uint32_t>(bytes[at]) << 8;
    second += first;
  }
  return folded(second) << 16 | folded(first);
}

Json Fletcher32Codec::to_v3() const { return named_codec("numcodecs.fletcher32", Json::object()); }

Json Fletcher32Codec::to_v2() const { return {{"id", std::string(kName)}}; }

void Fletcher32Codec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  append_checksum(raw, fletcher32(raw), out);
}

ByteView Fletcher32Codec::verified(ByteView stored) const {
  const ByteView content = before_checksum(kName, stored);
  check_checksum(kName, load_le<std::uint32_t>(stored.data() + content.size()),
                 fletcher32(content));
  return content;
}

}  // namespace gridmill
