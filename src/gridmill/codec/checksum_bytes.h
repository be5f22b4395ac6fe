// checksum_bytes.h: what all codecs that only add a checksum share: four little-endian bytes beside
// the content.
#pragma once

#include <cstdint>
#include <string_view>

#include "gridmill/codec/context.h"

namespace gridmill {

inline constexpr std::size_t kChecksumSize = 4;

// Replace `out`.
void append_checksum(ByteView raw, std::uint32_t checksum, Buffer& out);
void prepend_checksum(ByteView raw, std::uint32_t checksum, Buffer& out);
// All but the last four bytes; Error(corrupt) if there are fewer.
ByteView before_checksum(std::string_view codec, ByteView stored);
// Error(corrupt) unless both are the same.
void check_checksum(std::string_view codec, std::uint32_t stored, std::uint32_t computed);

}  // namespace gridmill
