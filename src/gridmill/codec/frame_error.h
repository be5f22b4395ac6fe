// frame_error.h: how decoders say that stored bytes are not what the metadata promise.
#pragma once

#include <cstdint>
#include <string_view>

namespace gridmill {

// Error(corrupt) "zstd: holds 12 bytes, the chunk needs 96".
[[noreturn]] void throw_wrong_size(std::string_view codec, std::uint64_t got, std::uint64_t wanted);
// Error(corrupt) "zstd: 123 stored bytes can't be decoded (reason)".
[[noreturn]] void throw_damaged(std::string_view codec, std::uint64_t stored,
                                std::string_view reason);
// Error(corrupt) "gzip: holds more than the 2147483648 bytes that a chunk may have".
[[noreturn]] void throw_too_large(std::string_view codec, std::uint64_t limit);

}  // namespace gridmill
