// terminal.h: standard input, output and error, and who is at their other ends.
//
// Standard input is asked for lines alone.
//
// Writing to a pipe whose reader has gone (`gridmill dump X | head`) is no failure of ours: it is
// reported by value, never by a signal, so that a run may still clean up. Thread-safe; two threads
// that write at once may interleave.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "gridmill/base/bytes.h"

namespace gridmill {

enum class StandardStream { output, error };

bool is_terminal(StandardStream stream) noexcept;
// Columns of the terminal behind standard error or output; `otherwise` where there is none.
int terminal_width(StandardStream stream, int otherwise) noexcept;

int terminal_height(StandardStream stream, int otherwise) noexcept;

// From here on a write into a pipe without a reader fails instead of ending the process.
void survive_closed_pipes() noexcept;

// Writes everything. False: nobody reads any more. Throws Error(out_of_space) for a full disk
// behind a redirection, Error(unavailable) otherwise.
bool write_standard(StandardStream stream, ByteView bytes);

// The next line of standard input, without its end; nullopt at the end of input. Waits for it, and
// takes no byte of the line after it. Throws Error(cancelled) when `stop` is requested meanwhile,
// Error(invalid) for a line of more than 64 KiB, Error(unavailable) if there is no reading.
std::optional<std::string> read_input_line(const std::stop_token& stop);

}  // namespace gridmill
