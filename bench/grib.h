// grib.h: a GRIB file opened and decoded on one core, beside ecCodes (C) and the floors.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// Seconds of every round by side: "open" (the file scanned), "kept" (by an index beside it, which
// is made and removed again) and "headers" (the floor of "open": as many bytes of headers read),
// "all" and "eccodes_all" (open, then every message read and decoded), "decode" and "eccodes" (what
// is in memory decoded), and for CCSDS "libaec". Throws Error(internal) if the values differ.
Json run_grib(Files& files, const std::string& path, int rounds);

}  // namespace gridmill::bench
