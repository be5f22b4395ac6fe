#include "gridmill/base/hashing.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <charconv>

#include "gridmill/base/error.h"

namespace gridmill {

Hash128 hash_bytes(ByteView bytes) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

std::string to_hex(const Hash128& hash) {
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

Hash128 hash_from_hex(std::string_view hex) {
  Hash128 hash;
  const auto word = [&](std::size_t at, std::uint64_t& value) {
    const auto [end, code] = std::from_chars(hex.data() + at, hex.data() + at + 16, value, 16);
    return code == std::errc() && end == hex.data() + at + 16;
  };
  if (hex.size() != 32 || !word(0, hash.high) || !word(16, hash.low)) {
    throw Error(ErrorKind::corrupt, fmt::format("\"{}\" is not a 128-bit hash", hex));
  }
  return hash;
}

}  // namespace gridmill
