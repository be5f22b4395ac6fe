#include "gridmill/array/byte_order.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>

#include "gridmill/base/bytes.h"

namespace gridmill {
namespace {

template <class Word>
void swap_words(const std::byte* from, std::byte* to, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += sizeof(Word)) {
    store_le(to + at, byte_swap(load_le<Word>(from + at)));
  }
}

#if defined(__x86_64__)
// In which each half of a vector takes its 16 bytes; unit 1: as they are.
std::array<char, 32> turned(std::int32_t unit) {
  std::array<char, 32> order{};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t in_lane = i % 16, width = static_cast<std::size_t>(unit);
    order[i] = static_cast<char>(in_lane / width * width + (width - 1 - in_lane % width));
  }
  return order;
}

// 32 bytes at a time; returns how many bytes it did. GCC 12 at -O2 leaves the loop above scalar,
// which is a third as fast.
__attribute__((target("avx2"))) std::size_t swap_vectors(const std::byte* from, std::byte* to,
                                                         std::size_t bytes, std::int32_t unit) {
  const std::array<char, 32> order = turned(unit);
  const __m256i shuffle = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(order.data()));
  std::size_t at = 0;
  for (; at + 32 <= bytes; at += 32) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + at), _mm256_shuffle_epi8(words, shuffle));
  }
  return at;
}

// The same past the caches; the stores aren't ordered with others yet. `to` is aligned to 32.
__attribute__((target("avx2"))) std::size_t stream_vectors(const std::byte* from, std::byte* to,
                                                           std::size_t bytes, std::int32_t unit) {
  const std::array<char, 32> order = turned(unit);
  const __m256i shuffle = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(order.data()));
  std::size_t at = 0;
  for (; at + 32 <= bytes; at += 32) {
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at));
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to + at), _mm256_shuffle_epi8(words, shuffle));
  }
  return at;
}

bool is_worth_streaming(const std::byte* to, std::size_t bytes, Stores stores) {
  return stores == Stores::past_the_caches && bytes >= 256 &&
         reinterpret_cast<std::uintptr_t>(to) % 32 == 0;
}
#endif

}  // namespace

void copy_swapped(const std::byte* from, std::byte* to, std::size_t bytes, std::int32_t unit,
                  Stores stores) {
  std::size_t done = 0;
#if defined(__x86_64__)
  if (bytes >= 32 && __builtin_cpu_supports("avx2")) {
    if (is_worth_streaming(to, bytes, stores)) {
      done = stream_vectors(from, to, bytes, unit);
    } else if (unit > 1) {
      done = swap_vectors(from, to, bytes, unit);
    }
  }
#else
  (void)stores;
#endif
  from += done, to += done, bytes -= done;
  if (unit == 1 && from != to && bytes > 0) std::memcpy(to, from, bytes);
  if (unit == 2) swap_words<std::uint16_t>(from, to, bytes);
  if (unit == 4) swap_words<std::uint32_t>(from, to, bytes);
  if (unit == 8) swap_words<std::uint64_t>(from, to, bytes);
}

void finish_stores(Stores stores) noexcept {
#if defined(__x86_64__)
  if (stores == Stores::past_the_caches) _mm_sfence();
#else
  (void)stores;
#endif
}

void copy_swapped_apart(const std::byte* from, std::int64_t from_step, std::byte* to,
                        std::int64_t to_step, std::int64_t count, std::int32_t size,
                        std::int32_t unit) {
  const auto bytes = static_cast<std::size_t>(size);
  const auto each = [&](auto swap) {
    for (std::int64_t i = 0; i < count; ++i, from += from_step, to += to_step) swap(from, to);
  };
  if (unit == 1) each([&](auto* a, auto* b) { std::memcpy(b, a, bytes); });
  if (unit == 2) each([&](auto* a, auto* b) { swap_words<std::uint16_t>(a, b, bytes); });
  if (unit == 4) each([&](auto* a, auto* b) { swap_words<std::uint32_t>(a, b, bytes); });
  if (unit == 8) each([&](auto* a, auto* b) { swap_words<std::uint64_t>(a, b, bytes); });
}

}  // namespace gridmill
