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

void store(std::byte* to, __m128i value) noexcept {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value);
}

// Each returns how many elements it did, 16 at a time.
std::size_t unshuffle2(std::size_t count, const std::byte* planes, std::size_t step,
                       std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i low = load(planes + i);
    const __m128i high = load(planes + step + i);
    store(elements + 2 * i, _mm_unpacklo_epi8(low, high));
    store(elements + 2 * i + 16, _mm_unpackhi_epi8(low, high));
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

std::size_t unshuffle4(std::size_t count, const std::byte* planes, std::size_t step,
                       std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Quads quads = interleave(planes, step, i);
    for (std::size_t k = 0; k < 4; ++k) store(elements + 4 * i + 16 * k, quads.q[k]);
  }
  return i;
}

std::size_t unshuffle8(std::size_t count, const std::byte* planes, std::size_t step,
                       std::byte* elements) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Quads low = interleave(planes, step, i);
    const Quads high = interleave(planes + 4 * step, step, i);
    std::byte* to = elements + 8 * i;
    for (int k = 0; k < 4; ++k, to += 32) {
      store(to, _mm_unpacklo_epi32(low.q[k], high.q[k]));
      store(to + 16, _mm_unpackhi_epi32(low.q[k], high.q[k]));
    }
  }
  return i;
}

#endif

}  // namespace

bool unshuffles_fast(int typesize) noexcept {
  return typesize == 2 || typesize == 4 || typesize == 8;
}

void unshuffle_run(int typesize, const std::byte* planes, std::size_t step, std::size_t count,
                   std::byte* elements) noexcept {
  const auto size = static_cast<std::size_t>(typesize);
  std::size_t done = 0;
#if defined(__SSE2__)
  if (size == 2) done = unshuffle2(count, planes, step, elements);
  if (size == 4) done = unshuffle4(count, planes, step, elements);
  if (size == 8) done = unshuffle8(count, planes, step, elements);
#endif
  unshuffle_from(done, count, size, planes, step, elements);
}

void unshuffle(int typesize, ByteView planes, std::byte* elements) noexcept {
  const auto size = static_cast<std::size_t>(typesize);
  const std::size_t count = planes.size() / size;
  unshuffle_run(typesize, planes.data(), count, count, elements);
  const std::size_t plain = count * size;
  if (plain < planes.size()) {
    std::memcpy(elements + plain, planes.data() + plain, planes.size() - plain);
  }
}

}  // namespace gridmill
