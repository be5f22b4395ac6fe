#include "cli/printer.h"

#include "gridmill/base/error.h"

namespace gridmill::cli {

void Printer::print(ByteView bytes) {
  if (bytes.empty()) return;
  is_used_ = true;
  if (!is_closed_) is_closed_ = !write_(bytes);
  if (is_closed_) throw Error(ErrorKind::cancelled, "nobody reads the output any more");
}

void Printer::try_print(std::string_view text) noexcept {
  try {
    print(text);
  } catch (...) {
    // A message that can't be delivered is no reason to fail.
    is_closed_ = true;
  }
}

}  // namespace gridmill::cli
