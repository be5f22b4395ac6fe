// error_report.h: what callers in other languages are told of an error.
#pragma once

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"

namespace gridmill {

// {"error": {"kind", "message", "context", "retryable"}}
inline Json error_report(const Error& error) {
  return {{"error",
           {{"kind", to_string(error.kind())},
            {"message", error.what()},
            {"context", error.contexts()},
            {"retryable", error.retryable()}}}};
}

}  // namespace gridmill
