// chunks.h: one array of a store for the floors: all its frames in memory, and room for all its
// chunks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill::bench {

struct StoredArray {
  Variable variable;
  ArrayMetadata metadata;
  std::vector<Buffer> frames;  // as stored, in C order of the chunk grid; every chunk is present

  std::size_t chunk_bytes() const;
  std::size_t count() const { return frames.size(); }
};

// Throws Error(invalid) if a chunk is absent or the array is sharded: floors count whole frames.
StoredArray load_frames(Files& files, const std::string& store, const std::string& array);

// Chunk `i` of `chunks`, a block of count() * chunk_bytes().
MutableByteView chunk_of(const StoredArray& array, Buffer& chunks, std::size_t i);

// The floors: every frame decoded to its place in `chunks`, every chunk encoded from it, on
// `threads` threads with nothing else to do. `contexts` holds one context per thread, `out` one
// buffer.
void decode_all(const StoredArray& array, Buffer& chunks, std::vector<CodecContext>& contexts);
void decode_all_libblosc(const StoredArray& array, Buffer& chunks, int threads);
void encode_all(const StoredArray& array, Buffer& chunks, std::vector<CodecContext>& contexts,
                std::vector<Buffer>& out);

}  // namespace gridmill::bench
