#include "cli/watch_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

constexpr std::size_t kBar = 20;        // of CPU
constexpr std::size_t kTasksShown = 3;  // of the slowest
// What a lane has been at for less than this comes and goes too fast to be read.
constexpr double kWorthTelling = 0.05;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Control characters, those of C1 in UTF-8 too, as question marks.
std::string harmless(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_c1 =
        c == 0xC2U && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0U;
    result += c < 0x20U || c == 0x7FU || is_c1 ? '?' : text[i];
    if (is_c1) ++i;
  }
  return result;
}

// The first `columns` characters.
std::string cut(const std::string& text, int columns) {
  int seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_continuation(text[i]) && ++seen > columns) return text.substr(0, i);
  }
  return text;
}

std::string size_text(std::int64_t bytes) { return format_bytes(static_cast<double>(bytes)); }

std::string cpu_text(const LiveView& view) {
  return fmt::format("CPU {:.0f} % of {} {}", 100 * view.cpu, view.cores,
                     view.cores == 1 ? "core" : "cores");
}

std::string memory_text(const LiveView& view) {
  return fmt::format("memory {} of {}", size_text(view.resident), size_text(view.memory));
}

std::string figures_line(const LiveView& view) {
  std::string text = cpu_text(view) + "   " + memory_text(view);
  if (view.stage) {
    text += fmt::format("   tasks hold {} of {}", size_text(view.stage->credit_held),
                        size_text(view.stage->credit_budget));
  }
  return text;
}

std::string rates_line(const LiveView& view) {
  return fmt::format("read {}/s ({})   decoded {}/s   wrote {}/s ({})",
                     format_bytes(view.read_rate), size_text(view.bytes_read),
                     format_bytes(view.decode_rate), format_bytes(view.write_rate),
                     size_text(view.bytes_written));
}

std::string at_work(const LaneView& lane) {
  if (lane.doing.empty()) return lane.state == "busy" ? "" : lane.state;
  return lane.doing_seconds < kWorthTelling
             ? lane.doing
             : fmt::format("{} ({})", lane.doing, format_duration(lane.doing_seconds));
}

std::string lane_line(const LaneView& lane) {
  const double share = std::clamp(lane.cpu, 0.0, 1.0);
  const auto filled = static_cast<std::size_t>(std::lround(share * static_cast<double>(kBar)));
  const std::string cpu = lane.cpu < 0 ? "    -" : fmt::format("{:3.0f} %", 100 * lane.cpu);
  return fmt::format("{:<14} [{}{}] {}  {}", lane.name, std::string(filled, '#'),
                     std::string(kBar - filled, '.'), cpu, at_work(lane));
}

std::string queues_line(const StageView& stage) {
  std::vector<std::string> parts;
  for (const QueueView& queue : stage.queues) {
    parts.push_back(fmt::format("{} {} of {}", queue.name, queue.depth, queue.capacity));
  }
  return "queues: " + join(parts, ", ");
}

std::string slowest_line(const StageView& stage) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(kTasksShown, stage.slowest.size()); ++i) {
    const TaskView& task = stage.slowest[i];
    parts.push_back(fmt::format("{} of {} {}{}", task.index, task.name,
                                format_duration(task.seconds), task.is_done ? "" : " (under way)"));
  }
  return "slowest tasks: " + join(parts, ", ");
}

// Those that have been at their work longest first, as they are named otherwise.
std::vector<std::string> lane_lines(std::vector<LaneView> lanes, std::size_t most) {
  std::vector<std::string> lines;
  const std::size_t all = lanes.size();
  if (all > most) {
    std::stable_sort(lanes.begin(), lanes.end(), [](const LaneView& a, const LaneView& b) {
      return a.doing_seconds > b.doing_seconds;
    });
    lanes.resize(most > 0 ? most - 1 : 0);
  }
  for (const LaneView& lane : lanes) lines.push_back(lane_line(lane));
  if (all > most && most > 0) lines.push_back(fmt::format("and {} more lanes", all - lanes.size()));
  return lines;
}

}  // namespace

std::vector<std::string> watch_panel(const std::string& head, const LiveView& view, int columns,
                                     int rows) {
  const auto most = static_cast<std::size_t>(std::max(rows, 1));
  std::vector<std::string> first{head, figures_line(view), rates_line(view)};
  std::vector<std::string> after;
  if (view.stage) {
    for (const std::string& wait : view.stage->waits) after.push_back("waits: " + wait);
    after.push_back(queues_line(*view.stage));
    if (!view.stage->slowest.empty()) after.push_back(slowest_line(*view.stage));
    const std::size_t lanes = view.stage->lanes.size();
    // Lanes keep half of the room before what comes after them does.
    const std::size_t room = most > first.size() ? most - first.size() : 0;
    const std::size_t kept =
        std::min(after.size(), room - std::min(room, std::min(lanes, room / 2)));
    after.resize(kept);
    for (std::string& line : lane_lines(view.stage->lanes, room - kept)) {
      first.push_back(std::move(line));
    }
  }
  first.insert(first.end(), after.begin(), after.end());
  if (first.size() > most) first.resize(most);
  for (std::string& line : first) line = cut(harmless(line), columns);
  return first;
}

std::string watch_text(const LiveView& view) {
  std::vector<std::string> parts{cpu_text(view) + ", " + memory_text(view)};
  if (view.stage) {
    const LaneView* longest = nullptr;
    for (const LaneView& lane : view.stage->lanes) {
      const bool is_longer = longest == nullptr || lane.doing_seconds > longest->doing_seconds;
      if (!lane.doing.empty() && is_longer) longest = &lane;
    }
    if (longest != nullptr)
      parts.push_back(fmt::format("{}: {}", longest->name, at_work(*longest)));
    for (const std::string& wait : view.stage->waits) parts.push_back(wait);
  }
  return harmless(join(parts, "; "));
}

}  // namespace gridmill::cli
