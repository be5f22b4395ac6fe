// process.h: the end of this process.
#pragma once

namespace gridmill {

// Ends the process with `code` and unwinds nothing: for when a thread is stuck in a call that
// never returns, and would meet destroyed objects if it did.
[[noreturn]] void leave_at_once(int code) noexcept;

}  // namespace gridmill
