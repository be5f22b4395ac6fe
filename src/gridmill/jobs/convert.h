// convert.h: `gridmill convert IN... OUT`: any input to a new Zarr store, or to one netCDF-4 file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/chunk_wish.h"
#include "gridmill/jobs/pack_options.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct ConvertOptions {
  std::vector<std::string> inputs;  // locations; several concatenate
  std::string output;               // *.nc, *.nc4, *.cdf: netCDF-4; otherwise a Zarr store
  int zarr_format = 0;  // 0: that of the store that the output becomes a group of, else 3
  // "time=24,lat=all" or a size "16MiB"; each may be prefixed by "NAME:" for one variable.
  std::vector<std::string> chunks;
  // "time=all,lat=90": chunks inside shards, also with "index=start"; "none"; each may be prefixed
  // by "NAME:".
  std::vector<std::string> shards;
  // Short form or Zarr codec JSON; each may be prefixed by "NAME:".
  std::vector<std::string> codec;
  ChunkWish chunk_wish;                // --access-pattern, --target-chunk-size
  std::vector<std::string> variables;  // names or globs; empty: all
  std::vector<std::string> drop;
  std::vector<std::string> region;  // "d=a:b"
  std::vector<std::string> sel;     // "d=a:b"
  // "NAME=VALUE" each: attributes of the root group beside the input's, or instead of them.
  std::vector<std::string> attributes;
  PackOptions packing;
  // Read back before the store becomes visible, and compared with what was to be written: names,
  // globs or "all". If they differ the run is made again, as often as `retries` says.
  std::vector<std::string> check_variables;
  int retries = 0;
  bool overwrite = false;
  bool resume = false;  // go on with what an interrupted run of the same plan stored
  bool dry_run = false;
  std::string schema;  // a file: what the inputs must be like (schema_gate.h); "": anything
  // Asked for by the user; what counts is resources.skipped.
  bool skip_corrupt = false;
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
  ReportOptions reports;
};

struct ConvertInput;
struct PlannedJob;
struct ZarrTarget;

// The plan that convert() carries out; the output is a Zarr store.
PlannedJob plan_convert(const ConvertOptions& options, const Workplace& workplace);

// The same of an input that is open already and a target of its own, for the output that `options`
// name. Throws Error(invalid) where options.resources has too little memory, naming what works.
PlannedJob plan_conversion(const std::string& verb, const ConvertOptions& options,
                           const ConvertInput& input, const ZarrTarget& target,
                           const Workplace& workplace);

// Returns the report: {"output":..., "variables":[{name, shape, chunks, why, codec,
// read_amplification}], "bytes_read":..., "bytes_written":..., "ratio":..., "seconds":...,
// "peak_memory":..., "bottleneck":..., "run": the record that is kept}; with dry_run the same
// without the run's figures. Throws gridmill::Error; an interrupted or failed run leaves nothing at
// `output`; the error says what is kept for `resume`.
Json convert(const ConvertOptions& options, const Workplace& workplace);

}  // namespace gridmill
