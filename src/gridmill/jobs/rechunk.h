// rechunk.h: `gridmill rechunk IN OUT --chunks ...`: the same values in other chunks, in bounded
// memory, every source chunk read as few times as that allows (engine/rechunk_plan.h).
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/chunk_wish.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct RechunkOptions {
  std::string input;
  std::string output;   // a Zarr store
  int zarr_format = 0;  // 0: that of the store that the output becomes a group of, else 3
  std::vector<std::string> chunks;  // as of convert
  std::vector<std::string> shards;
  std::vector<std::string> codec;
  ChunkWish chunk_wish;  // --access-pattern, --target-chunk-size
  std::vector<std::string> variables;
  std::vector<std::string> drop;
  std::string way = "cheapest";  // or "direct" (no intermediate array), "spill"
  bool overwrite = false;
  bool resume = false;
  bool dry_run = false;
  std::string schema;  // a file: what the inputs must be like (schema_gate.h); "": anything
  // Asked for by the user; what counts is resources.skipped.
  bool skip_corrupt = false;
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
  ReportOptions reports;
};

struct PlannedJob;

// The plan that rechunk() carries out.
PlannedJob plan_rechunk_job(const RechunkOptions& options, const Workplace& workplace);

// Returns the report: {"output":..., "variables":[{name, shape, from, chunks, way, why,
// read}], "bytes_read":..., "bytes_written":..., "bytes_spilled":..., "seconds":...,
// "peak_memory":..., "bottleneck":..., "run": the record that is kept}; with dry_run the same
// without the run's figures. Throws gridmill::Error.
Json rechunk(const RechunkOptions& options, const Workplace& workplace);

}  // namespace gridmill
