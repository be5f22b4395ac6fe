// append.h: `gridmill append IN... STORE`: new times behind those of an archive.
//
// Chunks are stored first, where no reader looks; then the arrays' new lengths, and last the
// document by which readers find them. What dies in between is undone by the next append
// (jobs/append_record.h). Times that are replaced change chunk by chunk.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct AppendOptions {
  std::vector<std::string> inputs;  // joined as convert joins them
  std::string store;
  std::string dimension;             // or the path of its coordinate; "": the one that holds times
  std::string on_overlap = "error";  // of times that the archive has: "keep", "replace"
  std::vector<std::string> variables;
  std::vector<std::string> drop;
  // Times before or between the archive's, and in units that its own can't hold: the archive is
  // written anew with them, and replaced when that is done. Otherwise they are refused.
  bool rewrite = false;
  std::string out_of_range = "error";  // of values that a packed archive has no code for
  // Read back and compared with what was to be written: names, globs or "all". If they differ the
  // run is made again, as often as `retries` says.
  std::vector<std::string> check_variables;
  int retries = 0;
  bool dry_run = false;
  std::string schema;  // a file: what the inputs must be like (schema_gate.h); "": anything
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
  ReportOptions reports;
};

// {"output", "inputs", "axis": {"dimension", "from_size", "to_size"}, "appended", "replaced",
// "kept": numbers of times; "appended_times", "replaced_times", "kept_times": [[first, last]];
// "variables": as of write_region, "compared", "logical_bytes", "notes"} and what a run adds.
// Throws gridmill::Error before anything is written: Error(conflict) for times that the archive has
// (on_overlap) or that would lie between its own, Error(corrupt) for what isn't the archive's in
// grid, type or meaning, or lacks a variable.
Json append(const AppendOptions& options, const Workplace& workplace);

}  // namespace gridmill
