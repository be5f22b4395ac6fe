// check_keys.h: a store's keys against its manifest, as far as that needs no decoding: documents
// and shards by their hash, and keys that nobody wrote. Chunks with keys of their own are for those
// who read them (checked_reader.h).
#pragma once

#include <set>
#include <string>

#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/findings.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store.h"

namespace gridmill {

// `dataset` is what was opened at `root` of the store; only keys at or below `root` count, and of
// its arrays only those whose paths are in `chosen`.
void check_keys(Store& store, const Key& root, const Dataset& dataset,
                const std::set<std::string>& chosen, const Manifest& manifest, Findings& findings);

}  // namespace gridmill
