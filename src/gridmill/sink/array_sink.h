// array_sink.h: chunks of a Zarr array.
//
// A chunk whose elements all equal the fill value is left out on purpose, as zarr-python does, and
// its record says so; with v2's null fill every chunk is written. Edge chunks are stored whole,
// padded with the fill value.
#pragma once

#include <memory>

#include "gridmill/sink/sink.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// `path` is the array's key. finish() writes nothing: the hierarchy's documents follow all chunks.
std::shared_ptr<Sink> array_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata);

}  // namespace gridmill
