#include "cli/terminal_console.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cli/watch_panel.h"
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
                                 std::string verb, std::function<int()> width,
                                 std::function<int()> height)
    : printer_(printer),
      clock_(clock),
      style_(style),
      verb_(std::move(verb)),
      width_(std::move(width)),
      height_(std::move(height)) {}

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
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch_progress(stop); });
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

void TerminalConsole::watch(std::function<LiveView()> view) {
  const std::lock_guard lock(mutex_);
  view_ = std::move(view);
}

void TerminalConsole::watch_progress(const std::stop_token& stop) {
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
    Json object = progress_json(what_, figures(), is_finished);
    if (const auto view = live_view()) object["live"] = live_json(*view);
    print_object(std::move(object));
  } else if (is_finished) {
    print_line(finished_text(what_, figures()));
  } else if (style_ != ConsoleStyle::moving_line) {
    const auto view = live_view();
    print_line(progress_text(what_, figures()) + (view ? "; " + watch_text(*view) : ""));
  } else {
    show_moving();
  }
}

void TerminalConsole::show_moving() {
  const int columns = std::max(width_(), 20) - 1;  // the last column would move the cursor on
  const std::string text = progress_text(what_, figures());
  const auto view = live_view();
  if (!view) {
    printer_.try_print(clearing() + text.substr(0, static_cast<std::size_t>(columns)));
    has_line_ = true;
    return;
  }
  // Over the last one, line by line: to clear it first would flicker.
  std::string out = panel_lines_ > 0 ? fmt::format("\x1b[{}A\r", panel_lines_) : clearing();
  const auto lines = watch_panel(text, *view, columns, std::max(height_(), 4) - 1);
  for (const std::string& line : lines) out += line + "\x1b[K\n";
  printer_.try_print(out + "\x1b[J");
  panel_lines_ = lines.size();
  has_line_ = false;
}

// A view that can't be had (no memory for it) is none: the figures of the line are.
std::optional<LiveView> TerminalConsole::live_view() const {
  if (!view_) return std::nullopt;
  try {
    return view_();
  } catch (...) {
    return std::nullopt;
  }
}

std::string TerminalConsole::clearing() {
  std::string text = has_line_ ? kClearLine : "";
  if (panel_lines_ > 0) text += fmt::format("\x1b[{}A\r\x1b[J", panel_lines_);
  has_line_ = false;
  panel_lines_ = 0;
  return text;
}

// Several processes may write into one file: each line says whose it is.
void TerminalConsole::print_object(Json object) {
  object["time"] = utc_text(clock_.wall_ns());
  object["pid"] = process_id();
  print_line(dump_json(object, -1));
}

void TerminalConsole::print_line(const std::string& line) {
  printer_.try_print(clearing() + line + "\n");
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
