// round_trip.h: the least that writing a Zarr array anew must do.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// The array at the root of `store`, every key of which is stored, in chunks or shards that divide
// its shape. Each key is decoded and encoded again by our own codecs, on all cores, a free thread
// takes the next: "codecs" begins with the stored bytes in memory and throws away what it encodes;
// "files" reads each key and writes it to a folder `out`.<round>, which reaches the disk at the
// end: seconds of the rounds, and the same with "_cpu". Throws Error(internal) if what is encoded
// doesn't decode to the same values.
Json run_round_trip(Files& files, const std::string& store, const std::string& out, int rounds);

}  // namespace gridmill::bench
