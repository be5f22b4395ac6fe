// stored_chunks.h: what of a Zarr store's arrays is there, from one listing of its keys.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "gridmill/array/box.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct StoredChunks {
  std::int64_t present = 0;  // keys: chunks, or shards
  std::int64_t bytes = 0;
  std::optional<Index> first;  // position of some present key
};

// What the keys of every array of `dataset`, which was opened at `root` of the store, begin with
// ("group/v/"; "" for an array that is the whole store), and the array's path in the dataset.
std::map<std::string, const Variable*> array_prefixes(Store& store, const Key& root,
                                                      const Dataset& dataset);

// By path of the array in `dataset`, which was opened at `root` of the store. Keys that are no
// chunk of their array's rank are not counted. Costs one listing, whatever the number of chunks.
std::map<std::string, StoredChunks> list_chunks(Store& store, const Key& root,
                                                const Dataset& dataset);

}  // namespace gridmill
