// The panel of --watch: what is on the screen after all its control characters.
#include "cli/watch_panel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cli/terminal_console.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

LiveView view_of_lanes(int count) {
  LiveView view;
  view.cpu = 1.87;
  view.cores = 2;
  view.memory = 512 << 20;
  view.resident = 310 << 20;
  view.read_rate = 4 << 20;
  StageView stage;
  for (int i = 0; i < count; ++i) {
    LaneView lane;
    lane.name = "CPU thread " + std::to_string(i);
    lane.state = "busy";
    lane.doing = "decoding leaf " + std::to_string(i);
    lane.doing_seconds = i;
    lane.cpu = 0.5;
    stage.lanes.push_back(lane);
  }
  stage.queues = {{"reads", 7, 8}, {"decodes", 0, 12}};
  stage.waits = {"task 17 waits for memory"};
  stage.slowest = {{17, "t2m", 4.2, false}, {3, "t2m", 2.1, true}};
  view.stage = stage;
  return view;
}

TEST(WatchPanel, SaysAllWhereThereIsRoom) {
  EXPECT_THAT(
      watch_panel("head", view_of_lanes(2), 100, 20),
      ElementsAre("head", HasSubstr("CPU 187 % of 2 cores   memory 310 MiB of 512 MiB"),
                  HasSubstr("read 4 MiB/s"),
                  "CPU thread 0   [##########..........]  50 %  decoding leaf 0",
                  "CPU thread 1   [##########..........]  50 %  decoding leaf 1 (1.0 s)",
                  "waits: task 17 waits for memory", "queues: reads 7 of 8, decodes 0 of 12",
                  "slowest tasks: 17 of t2m 4.2 s (under way), 3 of t2m 2.1 s"));
}

TEST(WatchPanel, FitsEveryTerminal) {
  LiveView view = view_of_lanes(40);
  view.stage->lanes[7].doing =
      "reading \x1b[2J\xc2\x9b"
      "1A t\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4";
  for (int rows = 1; rows < 60; ++rows) {
    for (const int columns : {1, 20, 56, 57, 58, 59, 200}) {
      const auto lines = watch_panel("head", view, columns, rows);
      EXPECT_LE(lines.size(), static_cast<std::size_t>(rows));
      EXPECT_FALSE(lines.empty());
      for (const std::string& line : lines) {
        int characters = 0;
        for (const char c : line) {
          characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
        }
        EXPECT_LE(characters, columns);
        EXPECT_THAT(line, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xc2\x9b"))));
        EXPECT_NE(line.empty() ? 0 : static_cast<unsigned char>(line.back()), 0xC3U) << "half";
      }
    }
  }
}

TEST(WatchPanel, ShowsTheLanesThatAreAtTheirWorkLongest) {
  const auto lines = watch_panel("head", view_of_lanes(40), 100, 12);
  EXPECT_THAT(lines, Contains(HasSubstr("decoding leaf 39 (39.0 s)")));
  EXPECT_THAT(lines, Not(Contains(HasSubstr("decoding leaf 3 "))));
  EXPECT_THAT(lines, Contains(HasSubstr("more lanes")));
  EXPECT_THAT(lines, Contains(HasSubstr("waits: task 17")));
}

TEST(WatchPanel, AsASentence) {
  EXPECT_EQ(watch_text(view_of_lanes(3)),
            "CPU 187 % of 2 cores, memory 310 MiB of 512 MiB; CPU thread 2: decoding leaf 2 (2.0 "
            "s); task 17 waits for memory");
  LiveView between;
  EXPECT_EQ(watch_text(between), "CPU 0 % of 1 core, memory 0 B of 0 B");
}

// What a terminal shows after `text`: lines, by the few codes that we use.
std::vector<std::string> screen_after(const std::string& text) {
  std::vector<std::string> lines{""};
  std::size_t row = 0, column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      column = 0;
      if (++row == lines.size()) lines.emplace_back();
    } else if (text[i] == '\r') {
      column = 0;
    } else if (text.compare(i, 2, "\x1b[") == 0) {
      const std::size_t end = text.find_first_of("AJK", i);
      const std::string number = text.substr(i + 2, end - i - 2);
      if (text[end] == 'A') row -= std::stoul(number);
      if (text[end] != 'A') lines[row].resize(column);
      if (text[end] == 'J') lines.resize(row + 1);
      i = end;
    } else {
      lines[row].resize(std::max(lines[row].size(), column + 1), ' ');
      lines[row][column++] = text[i];
    }
  }
  return lines;
}

class StillClock final : public Clock {
 public:
  std::int64_t monotonic_ns() const override { return 0; }
  std::int64_t wall_ns() const override { return 0; }
};

// A console, and what it has printed.
struct Printed {
  explicit Printed(ConsoleStyle style)
      : console(printer, clock, style, "convert", [] { return 80; }) {}

  std::string text;
  Printer printer{[this](ByteView bytes) {
    text += as_text(bytes);
    return true;
  }};
  const StillClock clock;
  Progress progress;
  TerminalConsole console;
};

TEST(WatchPanel, IsDrawnOverItselfGivesWayAndLeavesNothing) {
  Printed printed(ConsoleStyle::moving_line);
  std::atomic<int> looks = 0;
  printed.console.watch([&] { return view_of_lanes(1 + ++looks % 3); });
  printed.console.say("first");
  printed.console.begin("converting", printed.progress);
  while (looks < 3) std::this_thread::yield();
  printed.console.warn("odd");
  const int before = looks;
  while (looks < before + 3) std::this_thread::yield();
  printed.console.watch(nullptr);
  printed.console.done();
  EXPECT_THAT(printed.text, HasSubstr("decoding leaf 2"));
  EXPECT_THAT(screen_after(printed.text), ElementsAre("first", "gridmill convert: warning: odd",
                                                      HasSubstr("converting: 0 tasks in"), ""));
}

TEST(WatchPanel, InObjectsItIsTheWholeView) {
  Printed printed(ConsoleStyle::json_lines);
  printed.console.watch([] { return view_of_lanes(2); });
  printed.console.begin("converting", printed.progress);
  printed.console.done();
  const std::string& text = printed.text;
  const Json event = parse_json(std::string_view(text).substr(0, text.size() - 1));
  EXPECT_EQ(event["live"]["stage"]["lanes"].size(), 2U);
}

}  // namespace
}  // namespace gridmill::cli
