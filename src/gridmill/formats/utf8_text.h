// utf8_text.h: texts of files that were written before UTF-8, or by programs that never heard of
// it.
//
// Past this door every text is UTF-8. What is not becomes U+FFFD, one per maximal invalid part, as
// netCDF4-python and xarray show it: "\xb0C" is two characters, of which the first is lost.
#pragma once

#include <string>
#include <string_view>

namespace gridmill {

bool is_utf8(std::string_view text) noexcept;
std::string with_valid_utf8(std::string_view text);

}  // namespace gridmill
