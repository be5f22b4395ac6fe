// region_run.h: parts of arrays that are there already, written: what write-region and append
// share.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/engine/executor.h"
#include "gridmill/jobs/region_target.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/sink/state_sink.h"
#include "gridmill/store/shared_store.h"

namespace gridmill {

struct RegionStage {
  std::shared_ptr<Stage> stage;
  std::vector<std::pair<std::string, StateTarget>> counts;  // by variable: what is out of range
};

// An output for each part; for parts whose values are clamped or masked another one that counts
// them. Throws Error(invalid), with a budget that works, where memory is too
// small, and what region_sink() throws.
RegionStage region_stage(const std::shared_ptr<SharedStore>& store,
                         const std::vector<RegionPart>& parts, const Resources& resources,
                         const std::string& name);

// Reads back what parts were written and compares it with what they should be: sink/compare_sink.h.
RegionStage read_back_stage(const std::shared_ptr<SharedStore>& store,
                            const std::vector<RegionPart>& parts, const Resources& resources);

// What a run reports as "states": {"t2m: out of range": {"below", "above", "out_of_range"}}; null:
// nothing was counted.
Json counted_outside(const RegionStage& stage);

// [{"name", "region", "chunks", "merged_chunks"}]
Json describe_parts(const std::vector<RegionPart>& parts);
std::int64_t bytes_of(const std::vector<RegionPart>& parts);  // decoded

// `what`: for who watches. Of what was stored the shared store's finish() is still to be called.
void run_region_stage(const RegionStage& stage, const std::string& what, const Resources& resources,
                      RunAccount& account, Progress& progress);

// The paths of the variables that are written.
std::vector<std::string> paths_of(const std::vector<RegionPart>& parts);

// What write-region and append do with a `writer` of theirs: tells its notes, runs it (unless
// `only_look`) and makes the report of what it describes and did.
template <class Writer>
Json run_into_archive(Writer& writer, bool only_look, RunAccount& account);

// Throws Error(invalid) for --sample: a part of what was asked for would be written.
void refuse_sample(const ReportOptions& reports);

// The same error, which also says what the run that failed leaves, and what to do.
[[noreturn]] void throw_with_remains(const Error& error, const std::string& remains);

// A file of one time often has it as a scalar only: as the archive has it.
void promote_scalar_times(const Dataset& archive, Dataset& input);

// The arrays of a store by their paths.
std::map<std::string, ArrayMetadata> arrays_of(Store& store);

// Error(unsupported) for what is no Zarr store.
Dataset open_archive_dataset(const std::string& location, Files& files);

template <class Writer>
Json run_into_archive(Writer& writer, bool only_look, RunAccount& account) {
  Json report = writer.describe();
  for (const Json& note : report["notes"])
    account.workplace().console.warn(note.get<std::string>());
  if (only_look) return report;
  Progress progress;
  account.watch(writer.identity(), [&] {
    try {
      account.log("region", {{"output", report["output"]}, {"variables", report["variables"]}},
                  fmt::format("writes {}", dump_json(report["variables"], -1)));
      writer.run(account, progress);
    } catch (const Error& error) {
      throw_with_remains(error, writer.remains());
    }
  });
  if (const Json counts = writer.counts(); !counts.is_null()) report["states"] = counts;
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = progress.bytes_written.load();
  report["chunks_written"] = progress.units_written.load();
  account.finish(report);
  return report;
}

}  // namespace gridmill
