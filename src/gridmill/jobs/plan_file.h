// plan_file.h: `gridmill plan VERB ... -o plan.json` and `gridmill plan show plan.json`.
#pragma once

#include <optional>
#include <string>

#include "gridmill/jobs/convert.h"
#include "gridmill/jobs/run_plan.h"

namespace gridmill {

// The plan of `verb` (convert or rechunk) with the options of convert, and rechunk's `way`; places
// are made absolute, so that the plan means the same wherever it is run. Throws Error(invalid) for
// what the verb doesn't have, and all that the verb throws before it writes.
PlanDocument make_plan(const std::string& verb, ConvertOptions options, const std::string& way,
                       const Workplace& workplace);

// `path` is written in one step. Replaces another plan, and nothing else: Error(conflict).
void save_plan(const Json& plan, const std::string& path, Files& files);

// A plan of either kind: of a store (PlanDocument) or of a table (extract_plan.h). Throws
// Error(not_found), Error(corrupt).
Json read_plan_file(const std::string& path, Files& files);

// Throws what plan_from_json() throws, and Error(invalid) for the plan of a table, which has no
// workers.
PlanDocument store_plan(const Json& document);
PlanDocument load_plan(const std::string& path, Files& files);

// What a reader wants to know of a plan: {"verb", "output", "inputs", "budget", "stages": [{name,
// why, tasks, outputs, bytes_read, bytes_written, read_amplification, least_memory}],
// "source_bytes", "bytes_read", "bytes_written", "read_amplification"}. Bytes are decoded ones.
Json explain_plan(const PlanDocument& plan);

struct ExecOptions {
  std::string plan;                   // its path
  std::optional<std::int64_t> stage;  // with `tasks`; none: the only one
  std::string tasks;                  // "a:b", half-open; "": the whole plan, and publish
  bool restart = false;               // drop what an unfinished run left
  bool dry_run = false;
  GribIndexUse grib_index = GribIndexUse::read;  // of a table; stores have it in their recipes
  Resources resources = default_resources();
  ReportOptions reports;  // of a whole run, or of a worker: then of its tasks alone
};

// Throws what exec_plan() would throw before any work.
void check_exec(const ExecOptions& options, const PlanDocument& plan, const Workplace& workplace);

// `gridmill exec plan.json`: goes on with what unfinished runs and workers have stored, and
// publishes; with `tasks` it is a worker (plan_session.h). Returns what those report.
Json exec_plan(const ExecOptions& options, const PlanDocument& plan, const Workplace& workplace);

// The same of the plan of a table. Ranges are refused: Error(invalid).
Json exec_table(const ExecOptions& options, const Json& document, const Workplace& workplace);

}  // namespace gridmill
