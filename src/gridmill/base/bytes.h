// bytes.h: views of raw bytes, and numbers inside them.
//
// A view never owns and is never stored beyond the call it was passed to. Loads and stores are
// explicit about byte order and work at any alignment.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace gridmill {

using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

static_assert(std::endian::native == std::endian::little,
              "stores, shuffles and byte swaps assume a little-endian host");

inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
T load_le(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store_le(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

inline std::uint16_t byte_swap(std::uint16_t v) noexcept { return __builtin_bswap16(v); }
inline std::uint32_t byte_swap(std::uint32_t v) noexcept { return __builtin_bswap32(v); }
inline std::uint64_t byte_swap(std::uint64_t v) noexcept { return __builtin_bswap64(v); }

}  // namespace gridmill
