// grib.h: a GRIB file opened and decoded on one core, beside ecCodes (C) and the floors.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// Seconds of every round by side: "open" (the file scanned), "kept" (by an index beside it, which
// is made and removed again), "headers" and "windows" (the floors of "open": the first 512 bytes of
// every message read; and what the scan reads, in the scan's own windows, however many messages lie
// in one), "all" and "eccodes_all" (open, then every message read and decoded), "decode" and
// "eccodes" (what is in memory decoded), and for CCSDS "libaec", and "decode_cores" and
// "libaec_cores" (both on as many threads as there are cores). Throws Error(internal) if the values
// differ.
Json run_grib(Files& files, const std::string& path, int rounds);

}  // namespace gridmill::bench
