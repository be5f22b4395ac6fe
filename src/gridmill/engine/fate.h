// fate.h: what becomes of the output of a run that fails.
#pragma once

#include <string>

#include "gridmill/base/error.h"

namespace gridmill {

// Whether the same run may succeed later, so that what it has stored is worth keeping.
bool can_be_resumed(ErrorKind kind);

// The same error, with a remark in brackets at its end.
Error with_remark(const Error& error, const std::string& remark);
// Throws the same error, with what has become of the output.
[[noreturn]] void rethrow_with(const Error& error, const std::string& fate);

}  // namespace gridmill
