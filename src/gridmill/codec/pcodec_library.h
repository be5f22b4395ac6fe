// pcodec_library.h: streams of numbers through the crate pco (rust/pcodec): an optional part.
//
// A build without it has the functions, too: they throw Error(unsupported), which says what to do.
// Pure; any number of threads.
#pragma once

#include <cstdint>
#include <string>

#include "gridmill/array/data_type.h"
#include "gridmill/array/view.h"
#include "gridmill/system/memory.h"

namespace gridmill {

enum class PcodecDelta : std::uint32_t { automatic, none, consecutive, lookback };

struct PcodecSettings {
  std::uint32_t level = 8;
  bool is_classic = false;
  PcodecDelta delta = PcodecDelta::automatic;
  std::uint32_t order = 0;      // of consecutive differences
  std::uint64_t page = 262144;  // numbers that are encoded together
};

// "1.1.0", or "" without the library.
std::string pcodec_version();
// Error(unsupported) without the library.
void require_pcodec();
// True for the numbers that a stream may hold as numcodecs writes it: of 16 bits or more.
bool is_pcodec_type(DataType type) noexcept;

// No stream of so many numbers is larger.
std::int64_t pcodec_bound(DataType type, std::int64_t count, std::uint64_t page);
// Replaces `out`. Error(invalid) for settings that can't be.
void pcodec_encode(const PcodecSettings& settings, DataType type, const std::byte* elements,
                   std::int64_t count, Buffer& out);
// Error(corrupt) unless `stored` is exactly one stream of `count` numbers of the type.
void pcodec_decode(ByteView stored, DataType type, std::byte* elements, std::int64_t count);

}  // namespace gridmill
