// run_report.h: the report of a run: what it took, per stage and lane, what held it back, what it
// cost. As JSON, which is also what is kept of a run, and from that as text.
//
// Rates are bytes per second of wall time; GB is 10^9 bytes. A lane kind's processor time is exact;
// that of decoding, computing and encoding, which share threads, is shared out by their busy time.
// Pure arithmetic on the figures; no clock, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/run_figures.h"

namespace gridmill {

// What things cost, in a currency of the user's. What is not named costs nothing.
struct PriceTable {
  std::string currency;                  // "USD", for print only
  std::map<std::string, double> prices;  // by names of price_names()
};

// "cpu-hour" (processor time used), "machine-hour" (wall time), "memory-gib-hour" (peak memory over
// the wall time), "read-gb", "written-gb", "requests-1000" (leaves read and chunks written).
const std::vector<std::string>& price_names();

// From "cpu-hour=0.04", ..., "currency=USD". Throws Error(invalid) for an unknown name or no
// number.
PriceTable parse_prices(const std::vector<std::string>& texts);

// What is known of a run when it is over.
struct RunFacts {
  std::vector<StageFigures> stages;
  std::int64_t wall_ns = 0;
  std::int64_t elapsed_ns = 0;  // of several processes: from the first to the last; 0: wall_ns
  std::int64_t cpu_ns = 0;      // of the whole process
  int threads = 1;
  int cores = 1;            // that this process may use
  std::int64_t memory = 0;  // the budget
  std::int64_t peak_memory = 0;
  std::int64_t bytes_read = 0;  // of the inputs, as stored
  std::int64_t bytes_written = 0;
};

// {"seconds", "cpu_seconds", "threads", "cores", "memory", "peak_memory", "bytes_read",
// "bytes_written", "bottleneck": {what, stage, use, sentence, useful_threads, most_speedup},
// "more_threads": amdahl_json(), "stages": [...], "cost": {...} if prices are given}
Json run_report(const RunFacts& facts, const PriceTable& prices);

// Of each stage whose tasks differ too much, a sentence (task_sizes.h), where the largest one may
// hold the run up.
std::vector<std::string> skew_sentences(const Json& report);

// Of a report, with whatever else of a record it holds (run_account.h): several lines.
std::string run_report_text(const Json& report);

}  // namespace gridmill
