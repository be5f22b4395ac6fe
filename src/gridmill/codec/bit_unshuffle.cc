#include "gridmill/codec/bit_unshuffle.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>

#include "gridmill/codec/unshuffle.h"

namespace gridmill {
namespace {

// So many bytes of a plane at a time: planes often lie a multiple of 4 KiB apart and share few
// places in a cache, so that of 32 planes read in turns a line is gone before its rest, or the line
// that was fetched behind it, is wanted. Measured (zstd, 32 planes of 4 KiB): 64 bytes 11 GB/s, 256
// bytes 25 GB/s.
constexpr std::size_t kRun = 256;

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

// Each of the functions gather_N turns N bytes of eight planes, `step` bytes apart, into 8 N bytes.

void gather_1(const std::byte* planes, std::size_t step, std::byte* bytes) noexcept {
  std::uint64_t rows = 0;
  for (std::size_t b = 0; b < 8; ++b) {
    rows |= std::to_integer<std::uint64_t>(planes[b * step]) << (8 * b);
  }
  store_le(bytes, transposed(rows));
}

#if defined(__x86_64__)

template <int kShift>
__m128i swapped(__m128i rows, std::uint64_t mask) noexcept {
  const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(mask));
  const __m128i t = _mm_and_si128(_mm_xor_si128(rows, _mm_srli_epi64(rows, kShift)), wanted);
  return _mm_xor_si128(rows, _mm_xor_si128(t, _mm_slli_epi64(t, kShift)));
}

// As transposed(), for two matrices.
__m128i both_transposed(__m128i rows) noexcept {
  rows = swapped<7>(rows, 0x00aa00aa00aa00aaU);
  rows = swapped<14>(rows, 0x0000cccc0000ccccU);
  return swapped<28>(rows, 0x00000000f0f0f0f0U);
}

// Interleaving row b with row b + 4 and doing that again brings the eight bytes of each place
// together, places in order.
void gather_16(const std::byte* planes, std::size_t step, std::byte* bytes) noexcept {
  __m128i now[8], next[8];
#pragma GCC unroll 8
  for (std::size_t b = 0; b < 8; ++b) {
    now[b] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(planes + b * step));
  }
#pragma GCC unroll 3
  for (int level = 0; level < 3; ++level) {
#pragma GCC unroll 4
    for (int b = 0; b < 4; ++b) {
      next[2 * b] = _mm_unpacklo_epi8(now[b], now[b + 4]);
      next[2 * b + 1] = _mm_unpackhi_epi8(now[b], now[b + 4]);
    }
#pragma GCC unroll 8
    for (int b = 0; b < 8; ++b) now[b] = next[b];
  }
#pragma GCC unroll 8
  for (int b = 0; b < 8; ++b) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes + 16 * b), both_transposed(now[b]));
  }
}

template <int kShift>
__attribute__((target("avx2"))) __m256i swapped(__m256i rows, std::uint64_t mask) noexcept {
  const __m256i wanted = _mm256_set1_epi64x(static_cast<long long>(mask));
  const __m256i t =
      _mm256_and_si256(_mm256_xor_si256(rows, _mm256_srli_epi64(rows, kShift)), wanted);
  return _mm256_xor_si256(rows, _mm256_xor_si256(t, _mm256_slli_epi64(t, kShift)));
}

__attribute__((target("avx2"))) void store_transposed(std::byte* to, __m256i rows) noexcept {
  rows = swapped<7>(rows, 0x00aa00aa00aa00aaU);
  rows = swapped<14>(rows, 0x0000cccc0000ccccU);
  rows = swapped<28>(rows, 0x00000000f0f0f0f0U);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), rows);
}

// Bytes are interleaved within the two lanes of a vector; afterwards the lanes are put into order.
__attribute__((target("avx2"))) void gather_32(const std::byte* planes, std::size_t step,
                                               std::byte* bytes) noexcept {
  __m256i now[8], next[8];
#pragma GCC unroll 8
  for (std::size_t b = 0; b < 8; ++b) {
    now[b] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(planes + b * step));
  }
#pragma GCC unroll 3
  for (int level = 0; level < 3; ++level) {
#pragma GCC unroll 4
    for (int b = 0; b < 4; ++b) {
      next[2 * b] = _mm256_unpacklo_epi8(now[b], now[b + 4]);
      next[2 * b + 1] = _mm256_unpackhi_epi8(now[b], now[b + 4]);
    }
#pragma GCC unroll 8
    for (int b = 0; b < 8; ++b) now[b] = next[b];
  }
#pragma GCC unroll 4
  for (int b = 0; b < 4; ++b) {
    const __m256i low = _mm256_permute2x128_si256(now[2 * b], now[2 * b + 1], 0x20);
    const __m256i high = _mm256_permute2x128_si256(now[2 * b], now[2 * b + 1], 0x31);
    store_transposed(bytes + 32 * b, low);
    store_transposed(bytes + 128 + 32 * b, high);
  }
}

// The words that belong into each of the four lanes are put there first. An affine map of bits
// turns a matrix about its other diagonal: so the rows are taken from the last to the first.
__attribute__((target("avx512bw,gfni"))) void gather_64(const std::byte* planes, std::size_t step,
                                                        std::byte* bytes) noexcept {
  const __m512i order = _mm512_set_epi16(31, 27, 23, 19, 15, 11, 7, 3, 30, 26, 22, 18, 14, 10, 6, 2,
                                         29, 25, 21, 17, 13, 9, 5, 1, 28, 24, 20, 16, 12, 8, 4, 0);
  const __m512i single_bits = _mm512_set1_epi64(static_cast<long long>(0x8040201008040201U));
  __m512i now[8], next[8];
#pragma GCC unroll 8
  for (std::size_t b = 0; b < 8; ++b) {
    now[b] = _mm512_maskz_permutexvar_epi16(~__mmask32{0}, order,
                                            _mm512_loadu_si512(planes + (7 - b) * step));
  }
#pragma GCC unroll 3
  for (int level = 0; level < 3; ++level) {
#pragma GCC unroll 4
    for (int b = 0; b < 4; ++b) {
      next[2 * b] = _mm512_unpacklo_epi8(now[b], now[b + 4]);
      next[2 * b + 1] = _mm512_unpackhi_epi8(now[b], now[b + 4]);
    }
#pragma GCC unroll 8
    for (int b = 0; b < 8; ++b) now[b] = next[b];
  }
#pragma GCC unroll 8
  for (int b = 0; b < 8; ++b) {
    _mm512_storeu_si512(bytes + 64 * b, _mm512_gf2p8affine_epi64_epi8(single_bits, now[b], 0));
  }
}

// Returns how many of the `length` bytes of each plane it did.
std::size_t gather_vectors(const std::byte* planes, std::size_t step, std::size_t length,
                           std::byte* bytes, InstructionSet set) noexcept {
  std::size_t i = 0;
  if (set >= InstructionSet::avx512) {
    for (; i + 64 <= length; i += 64) gather_64(planes + i, step, bytes + 8 * i);
  }
  if (set >= InstructionSet::avx2) {
    for (; i + 32 <= length; i += 32) gather_32(planes + i, step, bytes + 8 * i);
  }
  for (; i + 16 <= length; i += 16) gather_16(planes + i, step, bytes + 8 * i);
  return i;
}

#else

std::size_t gather_vectors(const std::byte* /*planes*/, std::size_t /*step*/,
                           std::size_t /*length*/, std::byte* /*bytes*/,
                           InstructionSet /*set*/) noexcept {
  return 0;
}

#endif

// `length` bytes of each of eight planes of bits become a run of one plane of bytes.
void gather(const std::byte* planes, std::size_t step, std::size_t length, std::byte* bytes,
            InstructionSet set) noexcept {
  std::size_t i = gather_vectors(planes, step, length, bytes, set);
  for (; i < length; ++i) gather_1(planes + i, step, bytes + 8 * i);
}

// Run by run all the way: what is between planes of bits and elements never leaves the cache.
template <std::size_t kSize>
void unshuffle_runs(const std::byte* planes, std::size_t step, std::byte* elements, Stores stores,
                    InstructionSet set) noexcept {
  alignas(64) std::byte bytes[kSize * 8 * kRun];
  for (std::size_t i = 0; i < step; i += kRun) {
    const std::size_t length = std::min(kRun, step - i);
    for (std::size_t j = 0; j < kSize; ++j) {
      gather(planes + 8 * j * step + i, step, length, bytes + 8 * j * length, set);
    }
    unshuffle_run(kSize, bytes, 8 * length, 8 * length, elements + 8 * i * kSize, stores);
  }
}

}  // namespace

bool bit_unshuffles_fast(int typesize) noexcept {
  return typesize == 1 || unshuffles_fast(typesize);
}

void bit_unshuffle(int typesize, ByteView planes, std::byte* scratch, std::byte* elements,
                   Stores stores, InstructionSet set) noexcept {
  const auto size = static_cast<std::size_t>(typesize);
  const std::size_t count = planes.size() / size;
  switch (typesize) {
    case 1:
      return gather(planes.data(), count / 8, count / 8, elements, set);
    case 2:
      return unshuffle_runs<2>(planes.data(), count / 8, elements, stores, set);
    case 4:
      return unshuffle_runs<4>(planes.data(), count / 8, elements, stores, set);
    case 8:
      return unshuffle_runs<8>(planes.data(), count / 8, elements, stores, set);
    default:
      break;
  }
  for (std::size_t j = 0; j < size; ++j) {
    gather(planes.data() + j * count, count / 8, count / 8, scratch + j * count, set);
  }
  unshuffle(typesize, planes.empty() ? planes : ByteView(scratch, planes.size()), elements);
}

}  // namespace gridmill
