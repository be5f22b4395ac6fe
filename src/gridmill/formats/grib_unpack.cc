#include "gridmill/formats/grib_unpack.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>

namespace gridmill {
namespace {

// Eight bytes from `at`, as many as there are, as a number whose first bit is its topmost.
std::uint64_t word_at(ByteView packed, std::size_t at) {
  if (packed.size() - at >= sizeof(std::uint64_t)) {
    return byte_swap(load_le<std::uint64_t>(packed.data() + at));
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < sizeof word; ++i) {
    const std::size_t k = at + i;
    word = word << 8 | (k < packed.size() ? std::to_integer<std::uint64_t>(packed[k]) : 0);
  }
  return word;
}

void unpack_one_by_one(ByteView packed, int bits, const GribScale& scale, float* into,
                       std::int64_t begin, std::int64_t end) {
  auto bit = static_cast<std::uint64_t>(begin) * static_cast<std::uint64_t>(bits);
  for (std::int64_t i = begin; i < end; ++i) {
    const std::uint64_t word = word_at(packed, bit / 8) << bit % 8;
    const auto integer = static_cast<std::int64_t>(word >> (64 - bits));
    into[i] = static_cast<float>(scale.value(static_cast<double>(integer)));
    bit += static_cast<std::uint64_t>(bits);
  }
}

#if defined(__x86_64__)
constexpr int kWidestVectorBits = 25;  // with the bits before it, one value fits into 32

// How eight values of `bits`, which take `bits` bytes, get from two loads of 16 bytes into lanes of
// 32 bits: the same for every eight.
struct LanePlan {
  std::array<char, 32> order{};          // of the bytes in each half, turned around
  std::array<std::int32_t, 8> before{};  // bits of the value before
  std::size_t second = 0;                // where the second half begins
};

LanePlan lane_plan(int bits) {
  LanePlan plan;
  plan.second = static_cast<std::size_t>(4 * bits / 8);
  for (std::size_t i = 0; i < 8; ++i) {
    const int bit = static_cast<int>(i) * bits - (i < 4 ? 0 : 8 * static_cast<int>(plan.second));
    plan.before[i] = bit % 8;
    for (std::size_t k = 0; k < 4; ++k) {
      plan.order[4 * i + k] = static_cast<char>(bit / 8 + 3 - static_cast<int>(k));
    }
  }
  return plan;
}

struct VectorScale {
  __m256d reference, binary, decimal;
};

__attribute__((target("avx2"))) inline __m128 scaled(__m128i integers, const VectorScale& by) {
  const __m256d x = _mm256_mul_pd(_mm256_cvtepi32_pd(integers), by.binary);
  return _mm256_cvtpd_ps(_mm256_mul_pd(_mm256_add_pd(x, by.reference), by.decimal));
}

// Returns how many values it did: those whose loads stay inside.
__attribute__((target("avx2"))) std::int64_t unpack_vectors(ByteView packed, int bits,
                                                            const GribScale& scale, float* into,
                                                            std::int64_t count) {
  const LanePlan plan = lane_plan(bits);
  const __m256i order = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plan.order.data()));
  const __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(plan.before.data()));
  const __m128i right = _mm_cvtsi32_si128(32 - bits);
  const VectorScale by = {_mm256_set1_pd(scale.reference), _mm256_set1_pd(scale.binary),
                          _mm256_set1_pd(scale.decimal)};
  constexpr std::size_t kLoad = 16;
  const auto step = static_cast<std::size_t>(bits);
  std::size_t at = 0;
  std::int64_t done = 0;
  for (; done + 8 <= count && at + plan.second + kLoad <= packed.size(); done += 8, at += step) {
    const std::byte* from = packed.data() + at;
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + plan.second));
    const __m256i lanes = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), order);
    const __m256i integers = _mm256_srl_epi32(_mm256_sllv_epi32(lanes, left), right);
    _mm_storeu_ps(into + done, scaled(_mm256_castsi256_si128(integers), by));
    _mm_storeu_ps(into + done + 4, scaled(_mm256_extracti128_si256(integers, 1), by));
  }
  return done;
}
#endif

}  // namespace

void unpack_grib(ByteView packed, int bits, const GribScale& scale, float* into,
                 std::int64_t count) {
  std::int64_t done = 0;
#if defined(__x86_64__)
  if (bits <= kWidestVectorBits && __builtin_cpu_supports("avx2")) {
    done = unpack_vectors(packed, bits, scale, into, count);
  }
#endif
  unpack_one_by_one(packed, bits, scale, into, done, count);
}

}  // namespace gridmill
