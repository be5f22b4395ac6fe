// writer.h: a new hierarchy's metadata, v2 or v3.
//
// The order that keeps a store valid at every moment: chunks, then write_group and write_array,
// then write_consolidated, last. Each function is a few puts; the store says how they fail.
#pragma once

#include <vector>

#include "gridmill/store/store.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {

void write_group(Store& store, const Key& path, int zarr_format, const Attributes& attributes);
void write_array(Store& store, const Key& path, const ArrayMetadata& metadata);

// All of a hierarchy's metadata in one value: v3 inline in the root's zarr.json, v2 in .zmetadata.
// `nodes`: parents before children, [0] is the root group; arrays have the hierarchy's format.
void write_consolidated(Store& store, int zarr_format, const std::vector<ZarrNode>& nodes);

}  // namespace gridmill
