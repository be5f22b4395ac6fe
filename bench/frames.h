// frames.h: Blosc frames in memory on one thread: our decoder beside libblosc, and one value beside
// the whole frame.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/system/files.h"

namespace gridmill::bench {

// The chunks of an array whose codec is Blosc. Each side decodes every frame, one after the other,
// into one buffer that is reused, or a few values of each, "of_each" so many: {"frames",
// "frame_bytes", "of_each", "whole", "libblosc", "values": all of them in one call, "series": one
// place along the first dimension, "value", "libblosc_value": seconds of the rounds, of the last
// two per value of every frame, and the same with "_cpu"}. Throws Error(internal) if the sides
// differ.
Json run_frames(Files& files, const std::string& store, const std::string& name, int rounds);

}  // namespace gridmill::bench
