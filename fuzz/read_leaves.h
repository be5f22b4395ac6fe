// read_leaves.h: fetches and decodes what a file's variables hold, as far as a machine with a small
// budget of memory would, and holds the readers to their own bounds.
#pragma once

#include "gridmill/formats/format_file.h"

namespace gridmill::fuzz {

// Aborts if fetch puts more into its buffer than stored_bound() or decode takes more scratch than
// scratch_bound().
void read_leaves(const FormatFile& file);
// A Zarr array's: what others have encoded may be twice as large, and a little (stored_limit() of
// codec/chain.h).
void read_zarr_leaves(const LeafReader& reader);

}  // namespace gridmill::fuzz
