// open_metrics.h: the report of a run as OpenMetrics text, for Prometheus and those who read its
// formats (a node exporter's textfile collector, a push gateway).
//
// All values are gauges of the run that just ended: a run is not a service, and its counters would
// start anew each time. Units are base units (seconds, bytes). The text ends with "# EOF", as
// OpenMetrics 1.0 asks; names and labels don't change between versions without a note in the
// changelog.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/engine/progress.h"

namespace gridmill {

// What such text is called in HTTP.
inline constexpr const char* kMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

// How every such text begins, by which it is told from other people's files.
inline constexpr const char* kMetricsBegin = "# TYPE gridmill_run info\n";

// `record`: the report of a run (run_report.h) with its verb, output, state and tags.
std::string open_metrics(const Json& record);

// While a run goes on: what is known of it by now, as far as `record` has it, and its counters
// (null: none yet). Names that both texts have mean the same.
std::string live_metrics(const Json& record, const Progress* progress);

}  // namespace gridmill
