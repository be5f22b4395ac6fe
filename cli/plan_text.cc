#include "cli/plan_text.h"

#include <fmt/format.h>

#include "cli/report_text.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

std::string bytes_at(const Json& json, const char* name) {
  return format_bytes(json.value(name, 0.0));
}

std::string outputs_text(const Json& outputs) {
  constexpr std::size_t kMost = 6;
  std::vector<std::string> names;
  for (const Json& name : outputs) {
    if (names.size() == kMost) break;
    names.push_back(name.get<std::string>());
  }
  std::string text = join(names, ", ");
  if (outputs.size() > kMost) text += fmt::format(" and {} more", outputs.size() - kMost);
  return text;
}

std::string stage_text(std::size_t index, const Json& stage) {
  return fmt::format(
      "stage {}: {} of {}, tasks 0:{}\n"
      "      {}\n"
      "      reads {} ({:.2f} x what it writes), writes {}; needs {} of memory at least\n",
      index, stage.value("name", ""), outputs_text(stage["outputs"]),
      stage.value("tasks", std::int64_t{0}), stage.value("why", ""), bytes_at(stage, "bytes_read"),
      stage.value("read_amplification", 0.0), bytes_at(stage, "bytes_written"),
      bytes_at(stage, "least_memory"));
}

}  // namespace

std::string plan_text(const Json& plan) {
  std::string text = fmt::format("plan {}: {} to {}, with {} of memory\n", plan.value("id", ""),
                                 plan.value("verb", ""), plan.value("output", ""),
                                 bytes_at(plan["budget"], "memory"));
  for (std::size_t i = 0; i < plan["stages"].size(); ++i) {
    text += stage_text(i, plan["stages"][i]);
  }
  if (plan.contains("chunks_total")) {  // of a table: the points leave out the others
    text += fmt::format("reads {} of {} chunks\n",
                        format_count(plan.value("chunks_read", std::int64_t{0})),
                        format_count(plan.value("chunks_total", std::int64_t{0})));
  }
  text += fmt::format("in all: {} of data, read {:.2f} times, {} written (bytes as decoded)\n",
                      bytes_at(plan, "source_bytes"), plan.value("read_amplification", 0.0),
                      bytes_at(plan, "bytes_written"));
  return text;
}

std::string exec_text(const Json& report) {
  if (!report.contains("stage")) return convert_text(report, false);
  return fmt::format("stage {}, tasks {}:{}: read {}, wrote {} in {} chunks, took {}\n",
                     report.value("stage", std::int64_t{0}), report.value("first", std::int64_t{0}),
                     report.value("last", std::int64_t{0}), bytes_at(report, "bytes_read"),
                     bytes_at(report, "bytes_written"),
                     report.value("chunks_written", std::int64_t{0}),
                     format_duration(report.value("seconds", 0.0)));
}

}  // namespace gridmill::cli
