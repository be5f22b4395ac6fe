#include "gridmill/jobs/runs.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/run_records.h"
#include "gridmill/store/stage.h"

namespace gridmill {
namespace {

std::vector<Json> runs_of(const std::string& output, const Workplace& workplace) {
  auto runs = load_runs(*open_companion(workplace.files, parse_location(output)));
  if (runs.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("no run has left a record beside {} (in {}.gridmill/runs)", output,
                            parse_location(output).path));
  }
  return runs;
}

std::string compared(const Json& run) {
  if (json_number(run, "runs") == 0) return "-";
  return fmt::format("{:.2f} x", json_number(run, "times_median"));
}

}  // namespace

Json list_runs(const std::string& output, const Workplace& workplace) {
  const std::vector<Json> runs = runs_of(output, workplace);
  Json rows = Json::array();
  for (const Json& run : runs) {
    Json row = Json::object();
    for (const char* name : {"id", "verb", "state", "started", "seconds", "cpu_seconds",
                             "peak_memory", "bytes_read", "bytes_written", "plan"}) {
      row[name] = run.contains(name) ? run[name] : Json();
    }
    const Json comparison = compare_run(run, runs);
    row["runs"] = comparison["runs"];
    row["times_median"] = comparison.contains("times_median") ? comparison["times_median"] : Json();
    row["warnings"] = run_warnings(run, comparison);
    rows.push_back(std::move(row));
  }
  return {{"output", output}, {"runs", std::move(rows)}};
}

std::string runs_text(const Json& list) {
  std::string text =
      fmt::format("{:<26} {:<8} {:<11} {:>11} {:>11} {:>10} {:>10} {:>9}  {}\n", "run", "verb",
                  "state", "took", "CPU", "memory", "wrote", "x median", "plan");
  for (const Json& run : list["runs"]) {
    text += fmt::format("{:<26} {:<8} {:<11} {:>11} {:>11} {:>10} {:>10} {:>9}  {}\n",
                        run.value("id", ""), run.value("verb", ""), run.value("state", ""),
                        format_duration(json_number(run, "seconds")),
                        format_duration(json_number(run, "cpu_seconds")),
                        format_bytes(json_number(run, "peak_memory")),
                        format_bytes(json_number(run, "bytes_written")), compared(run),
                        run.value("plan", "").substr(0, 8));
    for (const Json& warning : run["warnings"]) {
      text += fmt::format("  warning: {}\n", warning.get<std::string>());
    }
  }
  return text;
}

Json show_run(const std::string& output, const std::string& id, const Workplace& workplace) {
  const std::vector<Json> runs = runs_of(output, workplace);
  const Json* found = id.empty() ? &runs.back() : nullptr;
  std::vector<std::string> ids;
  for (const Json& run : runs) {
    ids.push_back(run.value("id", ""));
    if (id.empty() || !ids.back().starts_with(id)) continue;
    if (found != nullptr) {
      throw Error(ErrorKind::invalid, fmt::format("several runs begin with \"{}\": {}, {}", id,
                                                  found->value("id", ""), ids.back()));
    }
    found = &run;
  }
  if (found == nullptr) {
    throw Error(ErrorKind::not_found, fmt::format("{} has no run \"{}\"{}; gridmill runs ls {}",
                                                  output, id, did_you_mean(id, ids), output));
  }
  Json run = *found;
  run["comparison"] = compare_run(run, runs);
  run["warnings"] = run_warnings(run, run["comparison"]);
  return run;
}

}  // namespace gridmill
