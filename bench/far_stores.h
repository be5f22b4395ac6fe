// far_stores.h: stores behind a long line (tests/doubles/slow_files.h): what a cache spares, and
// what opening many of them takes.
#pragma once

#include <cstdint>
#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// The folder that `store` lies in is far away. A table of one point of `store` after the other,
// `points` ("LAT,LON;LAT,LON", five for each round and one), with a cache in `folder` that trusts
// the store. {"cold": seconds of the rounds with an empty cache, "same": of the same request again,
// "new": of a point that no table has had, "local": of the same without the line and without a
// cache, "bytes_cold", "bytes_same", "bytes_new": of the source in the last round, "requests_cold",
// ...}. The tables of "new" and "local" must be the same.
Json run_far_cache(Files& files, const Clock& clock, const std::string& store,
                   const std::string& folder, int latency_ms, int megabytes_per_second, int rounds,
                   const std::string& points);

// All stores of `folder` opened as one dataset: {"stores", "far": seconds of the rounds when each
// request takes so long, "near": of those without, "requests": of one round}.
Json run_far_opening(Files& files, const Clock& clock, const std::string& folder, int latency_ms,
                     int rounds);

}  // namespace gridmill::bench
