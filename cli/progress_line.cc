#include "cli/progress_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

double per_second(std::int64_t bytes, double seconds) {
  return static_cast<double>(bytes) / std::max(seconds, 1e-3);
}

}  // namespace

ProgressFigures figures_of(const Progress& progress, double seconds) {
  ProgressFigures figures;
  figures.tasks_done = progress.tasks_done;
  figures.tasks_total = progress.tasks_total;
  figures.bytes_in = progress.bytes_fetched;
  figures.bytes_out = progress.bytes_written;
  figures.memory_held = progress.memory_held;
  figures.seconds = seconds;
  return figures;
}

double seconds_left(const ProgressFigures& figures) {
  if (figures.tasks_done <= 0) return -1;
  const auto left = static_cast<double>(figures.tasks_total - figures.tasks_done);
  return std::max(0.0, figures.seconds * left / static_cast<double>(figures.tasks_done));
}

std::string progress_text(const std::string& what, const ProgressFigures& figures) {
  const std::int64_t total = std::max<std::int64_t>(figures.tasks_total, 1);
  std::string text = fmt::format("{}: {} % ({} of {} tasks), in {}/s, out {}/s, holds {}", what,
                                 100 * figures.tasks_done / total, format_count(figures.tasks_done),
                                 format_count(figures.tasks_total),
                                 format_bytes(per_second(figures.bytes_in, figures.seconds)),
                                 format_bytes(per_second(figures.bytes_out, figures.seconds)),
                                 format_bytes(static_cast<double>(figures.memory_held)));
  const double left = seconds_left(figures);
  if (left >= 0) text += fmt::format(", {} left", format_duration(left));
  return text;
}

std::string finished_text(const std::string& what, const ProgressFigures& figures) {
  return fmt::format("{}: {} {} in {}, in {} ({}/s), out {} ({}/s)", what,
                     format_count(figures.tasks_done), figures.tasks_done == 1 ? "task" : "tasks",
                     format_duration(figures.seconds),
                     format_bytes(static_cast<double>(figures.bytes_in)),
                     format_bytes(per_second(figures.bytes_in, figures.seconds)),
                     format_bytes(static_cast<double>(figures.bytes_out)),
                     format_bytes(per_second(figures.bytes_out, figures.seconds)));
}

Json progress_json(const std::string& what, const ProgressFigures& figures, bool is_finished) {
  const double left = seconds_left(figures);
  Json event = {{"event", "progress"},
                {"what", what},
                {"tasks_done", figures.tasks_done},
                {"tasks_total", figures.tasks_total},
                {"bytes_in", figures.bytes_in},
                {"bytes_out", figures.bytes_out},
                {"memory_held", figures.memory_held},
                {"seconds", figures.seconds},
                {"seconds_left", left < 0 ? Json() : Json(left)},
                {"finished", is_finished}};
  return event;
}

}  // namespace gridmill::cli
