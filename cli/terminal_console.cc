#include "cli/terminal_console.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "gridmill/base/error.h"
#include "gridmill/jobs/run_records.h"
#include "gridmill/system/process.h"

namespace gridmill::cli {
namespace {

constexpr std::chrono::milliseconds kMovingBeat{200};
constexpr std::chrono::milliseconds kPlainBeat{5000};
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

ConsoleStyle console_style(LogFormat format, bool is_terminal) noexcept {
  if (format == LogFormat::json) return ConsoleStyle::json_lines;
  if (format == LogFormat::text) return ConsoleStyle::log_lines;
  const bool moves = format == LogFormat::automatic && is_terminal;
  return moves ? ConsoleStyle::moving_line : ConsoleStyle::plain_lines;
}

TerminalConsole::TerminalConsole(Printer& printer, const Clock& clock, ConsoleStyle style,
                                 std::string verb, std::function<int()> width)
    : printer_(printer),
      clock_(clock),
      style_(style),
      verb_(std::move(verb)),
      width_(std::move(width)) {}

void TerminalConsole::say(const std::string& line) { message("message", "", line); }

void TerminalConsole::warn(const std::string& line) {
  message("warning", fmt::format("gridmill {}: warning: ", verb_), line);
}

void TerminalConsole::message(const char* event, const std::string& prefix,
                              const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (style_ != ConsoleStyle::json_lines) {
    print_line(prefix + text);
    return;
  }
  print_object({{"event", event}, {"verb", verb_}, {"message", text}});
}

void TerminalConsole::log(const Json& event, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (style_ == ConsoleStyle::json_lines) print_line(dump_json(event, -1));
  if (style_ == ConsoleStyle::log_lines) print_line(text);
}

void TerminalConsole::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (style_ != ConsoleStyle::json_lines) {
    print_line(fmt::format("gridmill {}: error: {}", verb_, error.what()));
    return;
  }
  Json object = {{"event", "error"}, {"verb", verb_}};
  object.update(error_json(error));
  print_object(std::move(object));
}

void TerminalConsole::begin(const std::string& what, const Progress& progress) {
  stop_watching();  // a job that begins anew has ended what was before
  const std::lock_guard lock(mutex_);
  progress_ = &progress;
  what_ = what;
  begin_ns_ = clock_.monotonic_ns();
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void TerminalConsole::done() {
  if (!stop_watching()) return;
  const std::lock_guard lock(mutex_);
  show(true);
  if (progress_->threads_left > 0) has_left_threads_ = true;
  progress_ = nullptr;
}

bool TerminalConsole::stop_watching() {
  if (!watcher_.joinable()) return false;
  watcher_.request_stop();
  watcher_.join();
  watcher_ = {};
  return true;
}

void TerminalConsole::watch(const std::stop_token& stop) {
  const auto beat = style_ == ConsoleStyle::moving_line ? kMovingBeat : kPlainBeat;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, beat, [] { return false; });
    if (!stop.stop_requested()) show(false);
  }
}

ProgressFigures TerminalConsole::figures() const {
  const auto elapsed_ns = static_cast<double>(clock_.monotonic_ns() - begin_ns_);
  return figures_of(*progress_, elapsed_ns * 1e-9);
}

void TerminalConsole::show(bool is_finished) {
  if (style_ == ConsoleStyle::json_lines) {
    print_object(progress_json(what_, figures(), is_finished));
  } else if (is_finished) {
    print_line(finished_text(what_, figures()));
  } else if (style_ != ConsoleStyle::moving_line) {
    print_line(progress_text(what_, figures()));
  } else {
    const auto columns = static_cast<std::size_t>(std::max(width_(), 20) - 1);
    printer_.try_print(kClearLine + progress_text(what_, figures()).substr(0, columns));
    has_line_ = true;
  }
}

// Several processes may write into one file: each line says whose it is.
void TerminalConsole::print_object(Json object) {
  object["time"] = utc_text(clock_.wall_ns());
  object["pid"] = process_id();
  print_line(dump_json(object, -1));
}

void TerminalConsole::print_line(const std::string& line) {
  printer_.try_print((has_line_ ? kClearLine : "") + line + "\n");
  has_line_ = false;
}

Json error_json(const Error& error) {
  std::string kind(to_string(error.kind()));
  std::replace(kind.begin(), kind.end(), ' ', '_');
  const std::vector<std::string> contexts(error.contexts().rbegin(), error.contexts().rend());
  return {{"kind", kind},
          {"message", error.message()},
          {"contexts", contexts},
          {"exit_code", exit_code(error.kind())}};
}

}  // namespace gridmill::cli
