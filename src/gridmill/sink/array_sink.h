// array_sink.h: the stored keys of a Zarr array: chunks, or shards of chunks.
//
// What zarr/key_encoder.h leaves out because it is all fill is not stored, and its record says so;
// in an intermediate array, it is stored as an empty value, so that a chunk that is lost is never
// taken for one that was left out. Edge chunks are stored whole, padded with the fill value.
#pragma once

#include <memory>

#include "gridmill/sink/sink.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

enum class LeftOut { absent, empty_value };

// `path` is the array's key. finish() writes nothing: the hierarchy's documents follow all chunks.
std::shared_ptr<Sink> array_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata,
                                 LeftOut left_out = LeftOut::absent);

}  // namespace gridmill
