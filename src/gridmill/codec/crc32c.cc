#include "gridmill/codec/crc32c.h"

#include <array>

#include "gridmill/codec/checksum_bytes.h"
#include "gridmill/codec/codec_json.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace gridmill {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[byte] = value;
  }
  return table;
}();

std::uint32_t portable(ByteView bytes, std::uint32_t state) noexcept {
  for (const std::byte byte : bytes) {
    state = (state >> 8) ^ kTable[(state ^ static_cast<std::uint32_t>(byte)) & 0xff];
  }
  return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(ByteView bytes,
                                                               std::uint32_t state) noexcept {
  std::uint64_t wide = state;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    wide = _mm_crc32_u64(wide, load_le<std::uint64_t>(bytes.data() + at));
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; at < bytes.size(); ++at) {
    narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(bytes[at]));
  }
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(ByteView bytes) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~by_instruction(bytes, ~0U);
#endif
  return ~portable(bytes, ~0U);
}

Json Crc32cCodec::to_v3() const { return named_codec(kName); }

Json Crc32cCodec::to_v2() const { return {{"id", std::string(kName)}, {"location", "end"}}; }

void Crc32cCodec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  append_checksum(raw, crc32c(raw), out);
}

ByteView Crc32cCodec::verified(ByteView stored) {
  const ByteView content = before_checksum(kName, stored);
  check_checksum(kName, load_le<std::uint32_t>(stored.data() + content.size()), crc32c(content));
  return content;
}

}  // namespace gridmill
