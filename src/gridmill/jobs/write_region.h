// write_region.h: `gridmill write-region IN... STORE`: the values of some files into the archive
// that has a place for them.
//
// The place is found by coordinates. Any number of processes may write different regions of one
// archive at once, their borders inside chunks or not (store/shared_store.h, sink/region_sink.h).
// A run that is cut short has written some whole chunks; the same command again finishes the work.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct WriteRegionOptions {
  std::vector<std::string> inputs;  // joined as convert joins them
  std::string store;
  std::vector<std::string> region;  // "time=0:100", for dimensions without coordinates
  std::vector<std::string> variables;
  std::vector<std::string> drop;
  bool only_whole_chunks = false;      // a region that shares a chunk with others is refused
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

// {"output", "region": {dimension: [from, to]}, "variables": [{"name", "region", "chunks",
// "merged_chunks"}], "compared": [names], "logical_bytes", "notes"} and what a run adds. Throws
// gridmill::Error: Error(corrupt) if a coordinate, a type or the packing is another than the
// archive's, before anything is written; Error(conflict) with only_whole_chunks if the region
// ends inside chunks, naming the one that doesn't.
Json write_region(const WriteRegionOptions& options, const Workplace& workplace);

}  // namespace gridmill
