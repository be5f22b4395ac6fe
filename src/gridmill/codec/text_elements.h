// text_elements.h: texts as elements of arrays: UTF-8 in variable-length strings, UCS-4 in
// `unicode`, NUL-padded bytes in `bytes`.
//
// No state; any number of threads.
#pragma once

#include <string>
#include <string_view>

#include "gridmill/array/data_type.h"
#include "gridmill/array/strings.h"

namespace gridmill {

// As RFC 3629 has it: no overlong forms, no surrogates.
bool is_well_formed_utf8(std::string_view text) noexcept;

// An element of type string, unicode or bytes as text, padding left out. Error(invalid) for code
// points that are none.
std::string text_of(const std::byte* element, DataType type);
// The other way; the characters of a string go to `strings`. Error(corrupt) that names `codec` if
// the text is not UTF-8 or is longer than the type.
void put_text(std::string_view text, std::byte* element, DataType type, StringArena& strings,
              std::string_view codec);

}  // namespace gridmill
