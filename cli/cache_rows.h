// cache_rows.h: the options of a run that keeps what it reads: --cache, --cache-size,
// --cache-trust.
#pragma once

#include "cli/rows.h"
#include "gridmill/jobs/run_cache.h"

namespace gridmill::cli {

std::vector<Option> cache_rows(const std::shared_ptr<CacheSettings>& settings);

}  // namespace gridmill::cli
