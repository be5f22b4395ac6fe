// cache_entries.h: `gridmill cache ls|verify|gc DIR --kind chunks|steps`: what lies in a cache
// directory (store/cache_directory.h), whether it is sound, and what of it goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/store/cache_directory.h"

namespace gridmill {

enum class CacheTask { ls, verify, gc };

struct CacheEntriesOptions {
  std::vector<std::string> directories;
  CacheTask task = CacheTask::ls;
  std::optional<CacheKind> kind;        // nullopt: both
  std::optional<std::int64_t> to_size;  // gc: what was used longest ago goes until so much is left
  std::int64_t older_than_ns = 0;       // gc: what wasn't used for so long goes; 0: however old
  bool bad = false;                     // gc: what isn't sound goes, after all was read
  bool dry_run = false;                 // gc that only says what it would do
};

// {"kind": "chunks", "steps" or "chunks, steps", "directories": [...], "entries", "bytes",
// "sources": [{"directory", "kind", "source", "entries", "bytes", "age_seconds": since the last
// use}], "bad": [{"path", "source", "key", "why"}], "removed", "removed_bytes"}: counts of what was
// there before. gc also removes what writers left unfinished more than a day ago. Entries that
// vanish meanwhile are nobody's loss. Throws Error(not_found) for what is no cache directory,
// Error(invalid) for a gc that isn't told what goes.
Json look_after_entries(const CacheEntriesOptions& options, const Workplace& workplace);

std::string cache_entries_text(const Json& report, const CacheEntriesOptions& options);

}  // namespace gridmill
