#include "gridmill/codec/unshuffle.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace gridmill {
namespace {

void unshuffle_from(std::size_t first, std::size_t count, std::size_t typesize,
                    const std::byte* planes, std::size_t step, std::byte* elements) noexcept {
  for (std::size_t plane = 0; plane < typesize; ++plane) {
    const std::byte* from = planes + plane * step;
    std::byte* to = elements + plane;
    for (std::size_t i = first; i < count; ++i) to[i * typesize] = from[i];
  }
}

#if defined(__SSE2__)

// Interleaving plane p with plane p + kSize / 2, and doing that again, puts byte behind byte.
// Returns how many elements it did, 16 at a time. Wider vectors are no faster: memory isn't.
template <int kSize, Stores kStores>
std::size_t unshuffle_vectors(std::size_t count, const std::byte* planes, std::size_t step,
                              std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i now[kSize], next[kSize];
#pragma GCC unroll 8
    for (std::size_t p = 0; p < kSize; ++p) {
      now[p] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(planes + p * step + i));
    }
#pragma GCC unroll 3
    for (int level = 1; level < kSize; level *= 2) {
#pragma GCC unroll 4
      for (int p = 0; p < kSize / 2; ++p) {
        next[2 * p] = _mm_unpacklo_epi8(now[p], now[p + kSize / 2]);
        next[2 * p + 1] = _mm_unpackhi_epi8(now[p], now[p + kSize / 2]);
      }
#pragma GCC unroll 8
      for (int p = 0; p < kSize; ++p) now[p] = next[p];
    }
    auto* const to = reinterpret_cast<__m128i*>(elements + kSize * i);
#pragma GCC unroll 8
    for (int p = 0; p < kSize; ++p) {
      if constexpr (kStores == Stores::past_the_caches) _mm_stream_si128(to + p, now[p]);
      if constexpr (kStores == Stores::cached) _mm_storeu_si128(to + p, now[p]);
    }
  }
  return i;
}

template <Stores kStores>
std::size_t unshuffle_vectors(std::size_t typesize, std::size_t count, const std::byte* planes,
                              std::size_t step, std::byte* elements) noexcept {
  switch (typesize) {
    case 2:
      return unshuffle_vectors<2, kStores>(count, planes, step, elements);
    case 4:
      return unshuffle_vectors<4, kStores>(count, planes, step, elements);
    case 8:
      return unshuffle_vectors<8, kStores>(count, planes, step, elements);
    default:
      return 0;
  }
}

#endif

}  // namespace

bool unshuffles_fast(int typesize) noexcept {
  return typesize == 2 || typesize == 4 || typesize == 8;
}

void unshuffle_run(int typesize, const std::byte* planes, std::size_t step, std::size_t count,
                   std::byte* elements, Stores stores) noexcept {
  const auto size = static_cast<std::size_t>(typesize);
  std::size_t done = 0;
#if defined(__SSE2__)
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(elements) % 16 == 0;
  if (stores == Stores::past_the_caches && is_aligned) {
    done = unshuffle_vectors<Stores::past_the_caches>(size, count, planes, step, elements);
  } else {
    done = unshuffle_vectors<Stores::cached>(size, count, planes, step, elements);
  }
#else
  (void)stores;
#endif
  unshuffle_from(done, count, size, planes, step, elements);
}

void unshuffle(int typesize, ByteView planes, std::byte* elements, Stores stores) noexcept {
  const auto size = static_cast<std::size_t>(typesize);
  const std::size_t count = planes.size() / size;
  unshuffle_run(typesize, planes.data(), count, count, elements, stores);
  const std::size_t plain = count * size;
  if (plain < planes.size()) {
    std::memcpy(elements + plain, planes.data() + plain, planes.size() - plain);
  }
}

}  // namespace gridmill
