// writer.h: a store's metadata documents, written in the order that keeps a store consistent: arrays,
// groups from the deepest up, and last what makes it visible: the root with consolidated metadata.
#pragma once

#include "gridmill/store/manifest.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {

// Writes every document of `hierarchy` (of its format) and notes each in the manifest.
void write_metadata(Store& store, const ZarrHierarchy& hierarchy, Manifest& manifest);

}  // namespace gridmill
