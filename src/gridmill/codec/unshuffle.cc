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

__m128i load(const std::byte* from) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

template <Stores kStores>
void store(std::byte* to, __m128i value) noexcept {
  auto* const at = reinterpret_cast<__m128i*>(to);
  if constexpr (kStores == Stores::past_the_caches) _mm_stream_si128(at, value);
  if constexpr (kStores == Stores::cached) _mm_storeu_si128(at, value);
}

// Each returns how many elements it did, 16 at a time.
template <Stores kStores>
std::size_t unshuffle2(std::size_t count, const std::byte* planes, std::size_t step,
                       std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i low = load(planes + i);
    const __m128i high = load(planes + step + i);
    store<kStores>(elements + 2 * i, _mm_unpacklo_epi8(low, high));
    store<kStores>(elements + 2 * i + 16, _mm_unpackhi_epi8(low, high));
  }
  return i;
}

// Four planes of 16 bytes become 16 groups of 4 bytes, in order.
struct Quads {
  __m128i q[4];
};

Quads interleave(const std::byte* planes, std::size_t step, std::size_t i) noexcept {
  const __m128i p0 = load(planes + i);
  const __m128i p1 = load(planes + step + i);
  const __m128i p2 = load(planes + 2 * step + i);
  const __m128i p3 = load(planes + 3 * step + i);
  const __m128i low01 = _mm_unpacklo_epi8(p0, p1);
  const __m128i high01 = _mm_unpackhi_epi8(p0, p1);
  const __m128i low23 = _mm_unpacklo_epi8(p2, p3);
  const __m128i high23 = _mm_unpackhi_epi8(p2, p3);
  return {{_mm_unpacklo_epi16(low01, low23), _mm_unpackhi_epi16(low01, low23),
           _mm_unpacklo_epi16(high01, high23), _mm_unpackhi_epi16(high01, high23)}};
}

template <Stores kStores>
std::size_t unshuffle4(std::size_t count, const std::byte* planes, std::size_t step,
                       std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Quads quads = interleave(planes, step, i);
    for (std::size_t k = 0; k < 4; ++k) store<kStores>(elements + 4 * i + 16 * k, quads.q[k]);
  }
  return i;
}

template <Stores kStores>
std::size_t unshuffle8(std::size_t count, const std::byte* planes, std::size_t step,
                       std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Quads low = interleave(planes, step, i);
    const Quads high = interleave(planes + 4 * step, step, i);
    std::byte* to = elements + 8 * i;
    for (int k = 0; k < 4; ++k, to += 32) {
      store<kStores>(to, _mm_unpacklo_epi32(low.q[k], high.q[k]));
      store<kStores>(to + 16, _mm_unpackhi_epi32(low.q[k], high.q[k]));
    }
  }
  return i;
}

template <Stores kStores>
std::size_t unshuffle_vectors(std::size_t typesize, std::size_t count, const std::byte* planes,
                              std::size_t step, std::byte* elements) noexcept {
  if (typesize == 2) return unshuffle2<kStores>(count, planes, step, elements);
  if (typesize == 4) return unshuffle4<kStores>(count, planes, step, elements);
  if (typesize == 8) return unshuffle8<kStores>(count, planes, step, elements);
  return 0;
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
