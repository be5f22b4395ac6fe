// base64.h: RFC 4648 with padding, as Zarr spells fill values of fixed bytes and the codec `base64`
// whole chunks.
//
// Strict: no line breaks, no missing padding, no bits behind the end. No I/O, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/bytes.h"

namespace gridmill {

std::string base64_encode(ByteView bytes);
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);  // nullopt: not base64

// The same into memory that is there.
std::size_t base64_text_size(std::size_t bytes) noexcept;
void base64_encode_to(ByteView bytes, char* text) noexcept;  // base64_text_size() characters
// How many bytes `text` stands for, by its length and padding alone; nullopt: by no rule.
std::optional<std::size_t> base64_byte_size(std::string_view text) noexcept;
// base64_byte_size() bytes; false for a character that is none of base64's.
bool base64_decode_to(std::string_view text, std::byte* bytes) noexcept;

}  // namespace gridmill
