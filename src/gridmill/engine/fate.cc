#include "gridmill/engine/fate.h"

namespace gridmill {

bool can_be_resumed(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::cancelled:
    case ErrorKind::timeout:
    case ErrorKind::unavailable:
    case ErrorKind::out_of_space:
    case ErrorKind::out_of_memory:
    case ErrorKind::denied:
      return true;
    default:
      return false;
  }
}

Error with_remark(const Error& error, const std::string& remark) {
  Error told(error.kind(), error.message() + " (" + remark + ")");
  for (const std::string& context : error.contexts()) told.add_context(context);
  told.set_retryable(error.retryable());
  return told;
}

void rethrow_with(const Error& error, const std::string& fate) { throw with_remark(error, fate); }

}  // namespace gridmill
