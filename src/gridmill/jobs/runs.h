// runs.h: `gridmill runs ls|show OUT`: the records of the runs that wrote a store.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

// {"output":..., "runs": [{id, verb, state, started, seconds, cpu_seconds, peak_memory, bytes_read,
// bytes_written, plan, runs, times_median, warnings}]}, oldest first; the last three compare each
// with the comparable runs before it. Throws Error(not_found) where no run has left a record.
Json list_runs(const std::string& output, const Workplace& workplace);
std::string runs_text(const Json& list);

// The record whose id begins with `id`, compared anew with what is there; the last one for "".
// Throws Error(not_found), and Error(invalid) if several begin so.
Json show_run(const std::string& output, const std::string& id, const Workplace& workplace);

}  // namespace gridmill
