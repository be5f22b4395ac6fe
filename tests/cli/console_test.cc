// What people and programs see of a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/help.h"
#include "cli/terminal_console.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class SteppingClock : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return now_ns; }
  std::int64_t wall_ns() const override { return 0; }
  std::int64_t now_ns = 0;
};

class ConsoleTest : public testing::Test {
 protected:
  TerminalConsole console(ConsoleStyle style, int width = 100) {
    return {printer_, clock_, style, "convert", [width] { return width; }};
  }

  void count(int done, int total) {
    progress_.tasks_done = done;
    progress_.tasks_total = total;
    progress_.bytes_fetched = std::int64_t{done} << 20;
    progress_.bytes_written = std::int64_t{done} << 19;
    progress_.memory_held = 3 << 20;
  }

  std::string text_;
  bool is_open_ = true;
  Printer printer_{[this](ByteView bytes) {
    text_ += as_text(bytes);
    return is_open_;
  }};
  SteppingClock clock_;
  Progress progress_;
};

TEST_F(ConsoleTest, FiguresFollowFromTheCounters) {
  count(10, 40);
  const ProgressFigures figures = figures_of(progress_, 5);
  EXPECT_DOUBLE_EQ(seconds_left(figures), 15);  // 30 tasks at 2 a second
  EXPECT_EQ(progress_text("converting", figures),
            "converting: 25 % (10 of 40 tasks), in 2 MiB/s, out 1 MiB/s, holds 3 MiB, 15.0 s left");
  const Json event = progress_json("converting", figures, false);
  EXPECT_EQ(event.at("tasks_done"), 10);
  EXPECT_EQ(event.at("seconds_left"), 15.0);
  EXPECT_TRUE(progress_json("x", figures_of(Progress{}, 5), false).at("seconds_left").is_null());
}

TEST_F(ConsoleTest, EveryLineOfJsonIsAnObject) {
  TerminalConsole quiet = console(ConsoleStyle::json_lines);
  quiet.say("step \"one\"\nand two");
  quiet.warn("odd");
  quiet.begin("converting", progress_);
  count(4, 4);
  clock_.now_ns = 2'000'000'000;
  quiet.done();
  quiet.fail(Error(ErrorKind::out_of_space, "disk full").add_context("chunk c/0"));
  std::vector<std::string> events;
  for (const std::string& line : split(std::string_view(text_).substr(0, text_.size() - 1), '\n')) {
    events.push_back(parse_json(line).at("event"));
  }
  EXPECT_THAT(events, testing::ElementsAre("message", "warning", "progress", "error"));
  EXPECT_THAT(text_, HasSubstr("\"kind\":\"out_of_space\""));
  EXPECT_THAT(text_, HasSubstr("\"finished\":true"));
}

TEST_F(ConsoleTest, PlainLinesEndWithASummaryAndHoldNoControlCharacters) {
  TerminalConsole plain = console(ConsoleStyle::plain_lines);
  plain.begin("converting", progress_);
  count(4, 4);
  clock_.now_ns = 2'000'000'000;
  plain.done();
  EXPECT_EQ(text_, "converting: 4 tasks in 2.0 s, in 4 MiB (2 MiB/s), out 2 MiB (1 MiB/s)\n");
}

TEST_F(ConsoleTest, TheMovingLineFitsTheTerminalAndGivesWayToMessages) {
  constexpr std::size_t kWidth = 40;
  TerminalConsole moving = console(ConsoleStyle::moving_line, kWidth);
  count(1, 4);
  moving.begin("converting", progress_);
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  moving.warn("odd");
  moving.done();
  constexpr std::string_view kClear = "\r\x1b[K";
  const std::size_t first = text_.find(kClear);
  ASSERT_NE(first, std::string::npos);
  const std::size_t second = text_.find(kClear, first + 1);
  EXPECT_LT(second - first - kClear.size(), kWidth);
  EXPECT_THAT(text_, HasSubstr(std::string(kClear) + "gridmill convert: warning: odd\n"));
}

TEST_F(ConsoleTest, AClosedReaderIsNoFailure) {
  is_open_ = false;
  TerminalConsole plain = console(ConsoleStyle::plain_lines);
  EXPECT_NO_THROW(plain.say("one"));
  EXPECT_NO_THROW(plain.say("two"));
  EXPECT_THROW(printer_.print("three"), Error);
}

TEST(ConsoleStyleTest, LinesMoveOnlyOnATerminal) {
  EXPECT_EQ(console_style(LogFormat::automatic, true), ConsoleStyle::moving_line);
  EXPECT_EQ(console_style(LogFormat::automatic, false), ConsoleStyle::plain_lines);
  EXPECT_EQ(console_style(LogFormat::text, true), ConsoleStyle::log_lines);
  EXPECT_EQ(console_style(LogFormat::json, true), ConsoleStyle::json_lines);
}

TEST(HelpTest, LinesAreWrappedAtWords) {
  EXPECT_EQ(wrapped("one two three four five", 2, 22), "  one two three four\n  five\n");
  EXPECT_EQ(wrapped("a\n\nb", 2, 80), "  a\n\n  b\n");
}

}  // namespace
}  // namespace gridmill::cli
