// terminal_console.h: tells a person, or a program, on standard error how a job goes.
//
// On a terminal one line moves, five times a second; elsewhere a plain line comes every five
// seconds and one at the end; with --log json every message is one JSON object on a line of its
// own. While somebody gives views of the run (--watch), a panel takes the moving line's place
// (watch_panel.h): drawn over itself with the cursor left below it, so that nothing has to be put
// right however the process ends; plain lines say more, and objects have the whole view as "live".
// A thread of the console's own reads the counters between begin() and done(), which joins it.
// All functions may be called from any thread; none throws for want of a reader.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/general_options.h"
#include "cli/printer.h"
#include "cli/progress_line.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill::cli {

// log_lines: plain lines, and those of the log of a process.
enum class ConsoleStyle { moving_line, plain_lines, log_lines, json_lines };

ConsoleStyle console_style(LogFormat format, bool is_terminal) noexcept;

class TerminalConsole : public Console {
 public:
  // `width` gives the terminal's columns now. `verb` opens every message: "gridmill convert: ...".
  TerminalConsole(
      Printer& printer, const Clock& clock, ConsoleStyle style, std::string verb,
      std::function<int()> width, std::function<int()> height = [] { return 24; });
  ~TerminalConsole() override { stop_watching(); }

  void say(const std::string& line) override;
  void warn(const std::string& line) override;
  void log(const Json& event, const std::string& text) override;
  void watch(std::function<LiveView()> view) override;
  void begin(const std::string& what, const Progress& progress) override;
  void done() override;

  // The last word of a run that failed.
  void fail(const Error& error);
  // A run has left a thread in a call that may return any time (Progress::threads_left).
  void note_left_threads() override { has_left_threads_ = true; }
  bool has_left_threads() const noexcept { return has_left_threads_; }

 private:
  void watch_progress(const std::stop_token& stop);
  void show(bool is_finished);                // mutex_ held
  void show_moving();                         // mutex_ held
  std::optional<LiveView> live_view() const;  // mutex_ held; nullopt: none is to be shown
  std::string clearing();  // mutex_ held: what takes line and panel off the screen
  void print_line(const std::string& line);  // mutex_ held
  void print_object(Json object);            // mutex_ held
  void message(const char* event, const std::string& prefix, const std::string& text);
  bool stop_watching();
  ProgressFigures figures() const;

  Printer& printer_;
  const Clock& clock_;
  const ConsoleStyle style_;
  const std::string verb_;
  const std::function<int()> width_, height_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  const Progress* progress_ = nullptr;
  std::string what_;
  std::int64_t begin_ns_ = 0;
  bool has_left_threads_ = false;
  bool has_line_ = false;           // the moving line is on the screen
  std::size_t panel_lines_ = 0;     // so many lines of a panel are, above the cursor
  std::function<LiveView()> view_;  // null: there is nothing to watch
  std::jthread watcher_;
};

// {"event": "error", "verb": ..., "kind": ..., "message": ..., "contexts": [...], "exit_code":
// ...}; contexts outermost first, as they are read.
Json error_json(const Error& error);

}  // namespace gridmill::cli
