// shard_index.h: where each chunk of a shard lies.
//
// Two 64-bit numbers per chunk (offset, size; both 2^64-1: absent), in C order, at the shard's
// start or end, with a crc32c or without. Entries are checked against the shard's size before they
// are used.
#pragma once

#include <optional>
#include <vector>

#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

struct ShardIndex {
  Version version;                // of the shard that it was read from
  std::vector<ByteRange> chunks;  // by ordinal; length < 0: absent

  std::optional<ByteRange> find(std::int64_t ordinal) const;
};

// nullopt: the shard is absent. Error(corrupt) for a damaged index.
std::optional<ShardIndex> read_shard_index(Store& store, const Key& key,
                                           const ArrayMetadata& metadata);

}  // namespace gridmill
