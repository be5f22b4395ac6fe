// input_identity.h: what tells whether an input is still the one that a run began with.
//
// Never a full read: a file's size and time, and for a Zarr store those of its manifest, or of its
// root's metadata where Gridmill did not write it.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/store/location.h"

namespace gridmill {

// {"location": ..., "path": ..., "size": ..., "modified_ns": ...}. Throws Error(not_found).
Json input_identity(Files& files, const Location& location);
// A location that means the same wherever it is read.
std::string absolute_location(const std::string& text, Files& files);

Json input_identities(Files& files, const std::vector<std::string>& locations);

}  // namespace gridmill
