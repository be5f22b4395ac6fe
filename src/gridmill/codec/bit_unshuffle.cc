#include "gridmill/codec/bit_unshuffle.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "gridmill/codec/unshuffle.h"

namespace gridmill {
namespace {

// Eight bytes as the rows of a matrix of bits, turned about its diagonal (Warren, Hacker's Delight,
// 7-3): swaps single bits of 2 x 2 squares, then pairs, then fours.
std::uint64_t transposed(std::uint64_t rows) noexcept {
  std::uint64_t t = (rows ^ (rows >> 7)) & 0x00aa00aa00aa00aaU;
  rows ^= t ^ (t << 7);
  t = (rows ^ (rows >> 14)) & 0x0000cccc0000ccccU;
  rows ^= t ^ (t << 14);
  t = (rows ^ (rows >> 28)) & 0x00000000f0f0f0f0U;
  return rows ^ t ^ (t << 28);
}

#if defined(__SSE2__)

template <int kShift>
__m128i swapped(__m128i rows, std::uint64_t mask) noexcept {
  const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(mask));
  const __m128i t = _mm_and_si128(_mm_xor_si128(rows, _mm_srli_epi64(rows, kShift)), wanted);
  return _mm_xor_si128(rows, _mm_xor_si128(t, _mm_slli_epi64(t, kShift)));
}

// As transposed(), for two matrices.
void store_transposed(__m128i rows, std::byte* to) noexcept {
  rows = swapped<7>(rows, 0x00aa00aa00aa00aaU);
  rows = swapped<14>(rows, 0x0000cccc0000ccccU);
  rows = swapped<28>(rows, 0x00000000f0f0f0f0U);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), rows);
}

// 16 bytes of each of eight planes become 128 bytes of elements. Returns how many bytes of a plane
// it did.
std::size_t gather_fast(const std::byte* planes, std::size_t step, std::byte* bytes) noexcept {
  std::size_t i = 0;
  for (; i + 16 <= step; i += 16) {
    __m128i row[8];
    for (std::size_t b = 0; b < 8; ++b) {
      row[b] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(planes + b * step + i));
    }
    __m128i pairs[8], fours[8];
    for (int b = 0; b < 4; ++b) {
      pairs[2 * b] = _mm_unpacklo_epi8(row[2 * b], row[2 * b + 1]);
      pairs[2 * b + 1] = _mm_unpackhi_epi8(row[2 * b], row[2 * b + 1]);
    }
    for (int half = 0; half < 2; ++half) {    // planes 0 to 3, 4 to 7
      for (int side = 0; side < 2; ++side) {  // the first and the last eight bytes of each
        const __m128i a = pairs[4 * half + side], b = pairs[4 * half + 2 + side];
        fours[4 * half + 2 * side] = _mm_unpacklo_epi16(a, b);
        fours[4 * half + 2 * side + 1] = _mm_unpackhi_epi16(a, b);
      }
    }
    for (std::size_t k = 0; k < 4; ++k) {
      std::byte* to = bytes + 8 * i + 32 * k;
      store_transposed(_mm_unpacklo_epi32(fours[k], fours[4 + k]), to);
      store_transposed(_mm_unpackhi_epi32(fours[k], fours[4 + k]), to + 16);
    }
  }
  return i;
}

#endif

// Eight planes of bits, `step` bytes each, become one plane of bytes.
void gather_bits(const std::byte* planes, std::size_t step, std::byte* bytes) noexcept {
  std::size_t i = 0;
#if defined(__SSE2__)
  i = gather_fast(planes, step, bytes);
#endif
  for (; i < step; ++i) {
    std::uint64_t rows = 0;
    for (std::size_t b = 0; b < 8; ++b) {
      rows |= std::to_integer<std::uint64_t>(planes[b * step + i]) << (8 * b);
    }
    store_le(bytes + 8 * i, transposed(rows));
  }
}

}  // namespace

void bit_unshuffle(int typesize, ByteView planes, std::byte* scratch,
                   std::byte* elements) noexcept {
  const auto size = static_cast<std::size_t>(typesize);
  const std::size_t count = planes.size() / size;
  std::byte* const bytes = size == 1 ? elements : scratch;
  for (std::size_t j = 0; j < size; ++j) {
    gather_bits(planes.data() + j * count, count / 8, bytes + j * count);
  }
  if (size > 1)
    unshuffle(typesize, planes.empty() ? planes : ByteView(scratch, planes.size()), elements);
}

}  // namespace gridmill
