// run_records.h: what is kept of every run, beside the store that it wrote: OUT.gridmill/runs/.
//
// A record is the report of a run (engine/run_report.h) with who, what and when: the only place
// where Gridmill keeps wall-clock time. The last hundred stay. Runs are *comparable* if they had
// the same plan, threads, memory and number of workers, ended well and resumed nothing; of those
// the median is taken.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/store/store.h"

namespace gridmill {

inline constexpr std::size_t kMostRunRecords = 100;

// "20261121T111306.042Z-3f2a": sorts by time. `suffix` tells apart what began at the same moment.
std::string run_id(std::int64_t wall_ns, const std::string& suffix);
std::string utc_text(std::int64_t wall_ns);  // "2026-11-21T11:13:06Z"

// Oldest first. What can't be read as a record is passed over.
std::vector<Json> load_runs(Store& companion);
// Adds one and removes the oldest beyond the hundred.
void save_run(Store& companion, const Json& record);

// {"runs": n, "median_seconds":, "times_median":, "median_peak_memory":} over the comparable runs
// among `others` that began before this one; only {"runs": 0} if there are none.
Json compare_run(const Json& record, const std::vector<Json>& others);

// Sentences: more than twice as long as the median (and a second longer: shorter runs vary by
// more), or more than 90 % of the budget in memory.
std::vector<std::string> run_warnings(const Json& record, const Json& comparison);

}  // namespace gridmill
