// cache.h: `gridmill cache ls|gc`: what runs that were cut short have left on the disk.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct CacheOptions {
  std::vector<std::string> directories;
  bool removes = false;  // gc
  bool dry_run = false;  // gc that only says what it would do
};

// {"kind": "spill", "places": [{output, state, files, bytes, spill_bytes, age_seconds, removed}],
// "bytes": of all places, "removed_bytes":}. With dry_run "removed" is what would be.
Json look_after_spill(const CacheOptions& options, const Workplace& workplace);
std::string cache_text(const Json& report, bool removes, bool dry_run);

}  // namespace gridmill
