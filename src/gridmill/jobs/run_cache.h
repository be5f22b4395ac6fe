// run_cache.h: --cache DIR of a run: chunks of its inputs are kept there (store/cached_store.h),
// and its finished file, if it is one, with what it rests upon.
//
// A kept file ("step") is found by what was asked for, and taken if every file, document and value
// that was read for it still has the version that it had then. All of them are asked for at once.
// With --cache-trust store only files, documents and Gridmill's manifests are asked for, as for
// chunks; a file that was made so is not taken by a run that asks for every value. Nothing of a
// cache can fail a run; see store/cache_directory.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/store/input_cache.h"

namespace gridmill {

// The options --cache, --cache-size and --cache-trust.
struct CacheSettings {
  std::string directory;  // "": no cache
  std::int64_t most_bytes = kDefaultCacheBytes;
  CacheTrust trust = CacheTrust::every_value;
};

// What decides about a file's content.
struct StepRequest {
  std::string what;                // for people: "extract of a.zarr"
  Json asked;                      // options, program; not places of outputs
  std::vector<std::string> files;  // that the options name; "": none. Their content is asked for
};

class RunCache {
 public:
  // Throws Error(conflict) if the folder is there and is no cache. A dry run has none.
  RunCache(const CacheSettings& settings, bool is_dry_run, const Workplace& workplace);

  // For opening the inputs; null: there is no cache.
  const std::shared_ptr<InputCache>& inputs() const noexcept { return inputs_; }

  // Puts the file that was kept of this request to `output`, warns of what its run warned of, and
  // returns the report that was kept with it, with "from_cache": true. nullopt: there is none that
  // still holds.
  std::optional<Json> take(const StepRequest& request, const std::string& output);
  // Keeps the finished file, unless a file that the options name has changed since take() was asked
  // for the same. `report`: of the verb, without what the run's account adds; `notes`:
  // of the inputs.
  void keep(const StepRequest& request, const std::string& output, const Json& report,
            const std::vector<std::string>& notes);

  // Adds "cache" to the report: {"directory", "hits", "misses", "bytes_from_cache",
  // "bytes_fetched", "absent", "stale", "versions_asked", "dropped", "kept", "evicted"}; says the
  // directory's notes. Nothing without a cache.
  void tell(Json& report) const;

 private:
  CacheName name_of(const StepRequest& request);

  const Workplace& workplace_;
  std::shared_ptr<CacheDirectory> directory_;
  std::shared_ptr<InputCache> inputs_;
  CacheName asked_;  // of take()
};

}  // namespace gridmill
