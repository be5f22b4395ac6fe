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

struct Hasher::State {
  XXH3_state_t* hash = XXH3_createState();
  ~State() { XXH3_freeState(hash); }
};

Hasher::Hasher() : state_(std::make_unique<State>()) {
  if (state_->hash == nullptr) throw Error(ErrorKind::out_of_memory, "no memory for a hash");
  XXH3_128bits_reset(state_->hash);
}

Hasher::~Hasher() = default;

void Hasher::add(ByteView piece) noexcept {
  XXH3_128bits_update(state_->hash, piece.data(), piece.size());
}

Hash128 Hasher::result() const noexcept {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->hash);
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
