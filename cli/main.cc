// The command `gridmill`: gathers the machine's doors and hands over to command_line.h.
#include "cli/command_line.h"
#include "gridmill/system/environment.h"
#include "gridmill/system/interrupt.h"
#include "gridmill/system/process.h"
#include "gridmill/system/terminal.h"

namespace {

using gridmill::ByteView;
using gridmill::StandardStream;

constexpr int kLineWidth = 100, kLines = 24;

gridmill::cli::Printer printer(StandardStream stream) {
  return gridmill::cli::Printer(
      [stream](ByteView bytes) { return gridmill::write_standard(stream, bytes); });
}

bool has_moving_lines() {
  return gridmill::is_terminal(StandardStream::error) &&
         gridmill::environment_variable("TERM").value_or("dumb") != "dumb";
}

}  // namespace

int main(int count, char** words) {
  // Arrow takes its memory from the C library where it can be told so (parquet/callback_files.h);
  // what it allocates by itself would touch 5 MB of its own pool.
  gridmill::set_environment_default("ARROW_DEFAULT_MEMORY_POOL", "system");
  gridmill::survive_closed_pipes();
  gridmill::allow_many_open_files();
  const gridmill::InterruptWatch interrupt;
  const auto files = gridmill::posix_files();
  const auto clock = gridmill::system_clock();
  auto out = printer(StandardStream::output);
  auto err = printer(StandardStream::error);
  const gridmill::cli::Surroundings surroundings{
      .files = *files,
      .clock = *clock,
      .environment = gridmill::environment_variable,
      .out = out,
      .err = err,
      .is_terminal = has_moving_lines(),
      .error_width = [] { return gridmill::terminal_width(StandardStream::error, kLineWidth); },
      .help_width =
          std::min(gridmill::terminal_width(StandardStream::output, kLineWidth), kLineWidth),
      .stop = interrupt.token(),
      .leave = gridmill::leave_at_once,
      .error_height = [] { return gridmill::terminal_height(StandardStream::error, kLines); },
      .read_line = [&] { return gridmill::read_input_line(interrupt.token()); },
  };
  return gridmill::cli::run_command_line({words + 1, words + count}, surroundings);
}
