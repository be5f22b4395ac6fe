#include "gridmill/jobs/run_records.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/kernels/statistics.h"

namespace gridmill {
namespace {

constexpr std::string_view kFolder = "runs";
constexpr std::string_view kEnding = ".json";
constexpr std::int64_t kMostRecordBytes = 16 << 20;
constexpr double kSlow = 2;
constexpr double kSlowAtLeast_s = 1;
constexpr double kFullMemory = 0.9;

std::tm utc_of(std::int64_t wall_ns) {
  return fmt::gmtime(static_cast<std::time_t>(wall_ns / 1'000'000'000));
}

// Of the records, oldest first.
std::vector<std::string> record_names(Store& companion) {
  std::vector<std::string> names;
  for (std::string& name : companion.children(Key(kFolder))) {
    if (name.ends_with(kEnding)) names.push_back(std::move(name));
  }
  return names;
}

std::string text(const Json& record, const char* name) {
  const auto found = record.find(name);
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_comparable(const Json& a, const Json& b) {
  const auto same = [&](const char* name) {
    return a.contains(name) && b.contains(name) && a[name] == b[name];
  };
  const auto processes = [](const Json& record) {
    const auto workers = record.find("workers");
    return workers != record.end() && workers->is_object() ? json_number(*workers, "count") : 1;
  };
  return processes(a) == processes(b) && same("plan") && same("threads") && same("memory") &&
         text(b, "state") == "done" && json_number(a, "chunks_resumed") == 0 &&
         json_number(b, "chunks_resumed") == 0 && text(b, "id") < text(a, "id");
}

}  // namespace

std::string utc_text(std::int64_t wall_ns) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", utc_of(wall_ns));
}

std::string run_id(std::int64_t wall_ns, const std::string& suffix) {
  return fmt::format("{:%Y%m%dT%H%M%S}.{:03}Z-{}", utc_of(wall_ns), wall_ns / 1'000'000 % 1000,
                     suffix);
}

std::vector<Json> load_runs(Store& companion) {
  std::vector<Json> records;
  for (const std::string& name : record_names(companion)) {
    Buffer stored;
    GetRequest request;
    request.most_bytes = kMostRecordBytes;
    try {
      if (!companion.get(Key(kFolder) / name, request, stored)) continue;
      Json record = parse_json(as_text(stored));
      if (record.is_object() && !text(record, "id").empty()) records.push_back(std::move(record));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
    }
  }
  return records;
}

void save_run(Store& companion, const Json& record) {
  const std::string document = dump_json(record) + "\n";
  (void)companion.put(Key(kFolder) / (text(record, "id") + std::string(kEnding)),
                      as_bytes(document));
  const std::vector<std::string> names = record_names(companion);
  for (std::size_t i = 0; i + kMostRunRecords < names.size(); ++i) {
    companion.remove(Key(kFolder) / names[i]);
  }
}

Json compare_run(const Json& record, const std::vector<Json>& others) {
  std::vector<double> seconds, memory;
  for (const Json& other : others) {
    if (!is_comparable(record, other)) continue;
    seconds.push_back(json_number(other, "seconds"));
    memory.push_back(json_number(other, "peak_memory"));
  }
  if (seconds.empty()) return {{"runs", 0}};
  const double usual = median_of(seconds);
  return {{"runs", seconds.size()},
          {"median_seconds", usual},
          {"times_median", usual > 0 ? json_number(record, "seconds") / usual : 0},
          {"median_peak_memory", median_of(memory)}};
}

std::vector<std::string> run_warnings(const Json& record, const Json& comparison) {
  std::vector<std::string> warnings;
  const double took = json_number(record, "seconds"),
               usual = json_number(comparison, "median_seconds");
  if (usual > 0 && took > kSlow * usual && took - usual > kSlowAtLeast_s) {
    const auto runs = static_cast<std::int64_t>(json_number(comparison, "runs"));
    warnings.push_back(fmt::format(
        "took {}, {:.1f} x the median of {} earlier {} of this plan ({})", format_duration(took),
        took / usual, runs, runs == 1 ? "run" : "runs", format_duration(usual)));
  }
  const double peak = json_number(record, "peak_memory"), budget = json_number(record, "memory");
  if (budget > 0 && peak > kFullMemory * budget) {
    warnings.push_back(fmt::format("peak memory {} is {:.0f} % of --memory {}", format_bytes(peak),
                                   100 * peak / budget, format_bytes(budget)));
  }
  return warnings;
}

}  // namespace gridmill
