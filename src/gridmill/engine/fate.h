// fate.h: what becomes of the output of a run that fails.
#pragma once

#include <string>

#include "gridmill/base/error.h"

namespace gridmill {

// Whether the same run may succeed later, so that what it has stored is worth keeping.
bool can_be_resumed(ErrorKind kind);

// Throws the same error, with what has become of the output.
[[noreturn]] void rethrow_with(const Error& error, const std::string& fate);

}  // namespace gridmill
