// hashing.h: content hashes for manifests and identities.
//
// XXH3 with 128 bits: fast enough to hash everything written (tens of GB/s), strong enough against
// accident. It does not defend against somebody who forges data on purpose.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gridmill/base/bytes.h"

namespace gridmill {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

Hash128 hash_bytes(ByteView bytes) noexcept;

// The same of bytes that come piece by piece.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  void add(ByteView piece) noexcept;
  Hash128 result() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string to_hex(const Hash128& hash);      // 32 lower-case digits, high word first
Hash128 hash_from_hex(std::string_view hex);  // throws Error(corrupt)

}  // namespace gridmill
