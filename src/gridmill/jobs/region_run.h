// region_run.h: parts of arrays that are there already, written: what write-region and append
// share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/executor.h"
#include "gridmill/jobs/region_target.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/store/shared_store.h"

namespace gridmill {

// An output for each part. Throws Error(invalid), with a budget that works, where memory is too
// small, and what region_sink() throws.
std::shared_ptr<Stage> region_stage(const std::shared_ptr<SharedStore>& store,
                                    const std::vector<RegionPart>& parts,
                                    const Resources& resources, const std::string& name);

// [{"name", "region", "chunks", "merged_chunks"}]
Json describe_parts(const std::vector<RegionPart>& parts);
std::int64_t bytes_of(const std::vector<RegionPart>& parts);  // decoded

// `what`: for who watches. Of what was stored the shared store's finish() is still to be called.
void run_region_stage(const std::shared_ptr<Stage>& stage, const std::string& what,
                      const Resources& resources, RunAccount& account, Progress& progress);

// The same error, which also says what the run that failed leaves, and what to do.
[[noreturn]] void throw_with_remains(const Error& error, const std::string& remains);

// A file of one time often has it as a scalar only: as the archive has it.
void promote_scalar_times(const Dataset& archive, Dataset& input);

// The arrays of a store by their paths.
std::map<std::string, ArrayMetadata> arrays_of(Store& store);

// Error(unsupported) for what is no Zarr store.
Dataset open_archive_dataset(const std::string& location, Files& files);

}  // namespace gridmill
