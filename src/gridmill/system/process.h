// process.h: the end of this process, and the start of its machine.
#pragma once

#include <string>

namespace gridmill {

// Ends the process with `code` and unwinds nothing: for when a thread is stuck in a call that
// never returns, and would meet destroyed objects if it did.
[[noreturn]] void leave_at_once(int code) noexcept;

// As many open files as the system allows this process to have: who joins hundreds of stores keeps
// some of each open. Without effect where it isn't allowed.
void allow_many_open_files() noexcept;

// Of this process, as the machine knows it.
int process_id() noexcept;

// Another one after each start of the machine; "" where the system gives none.
std::string boot_id();

}  // namespace gridmill
