#include "bench/chunks.h"

#include <blosc.h>

#include <atomic>

#include "bench/timing.h"
#include "gridmill/base/error.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill::bench {

std::size_t StoredArray::chunk_bytes() const {
  return static_cast<std::size_t>(volume(metadata.chunk) * metadata.type.size);
}

StoredArray load_frames(Files& files, const std::string& store, const std::string& array) {
  const Location location = parse_location(store);
  const auto opened = open_store(files, location);
  StoredArray loaded;
  for (const ZarrNode& node : open_hierarchy(*opened, Key()).nodes) {
    if (node.path == array && node.array) loaded.metadata = *node.array;
  }
  loaded.variable = open_dataset(files, location).at(array);
  if (loaded.metadata.sharding) throw Error(ErrorKind::invalid, array + " is sharded");
  const LeafReader& reader = *loaded.variable.blocks[0].reader;
  for (std::int64_t i = 0; i < reader.grid().size(); ++i) {
    Buffer frame;
    if (!reader.fetch(reader.grid().position(i), frame)) {
      throw Error(ErrorKind::invalid, "absent: " + reader.describe(reader.grid().position(i)));
    }
    loaded.frames.push_back(std::move(frame));
  }
  return loaded;
}

MutableByteView chunk_of(const StoredArray& array, Buffer& chunks, std::size_t i) {
  return chunks.bytes().subspan(i * array.chunk_bytes(), array.chunk_bytes());
}

namespace {

// Calls work(thread, i) for every chunk i, each once; a free thread takes the next.
void for_each_chunk(std::size_t count, int threads,
                    const std::function<void(std::size_t, std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  on_threads(threads, [&](int thread) {
    for (std::size_t i = next++; i < count; i = next++) work(static_cast<std::size_t>(thread), i);
  });
}

}  // namespace

void decode_all(const StoredArray& array, Buffer& chunks, std::vector<CodecContext>& contexts) {
  const ArrayMetadata& metadata = array.metadata;
  for_each_chunk(
      array.count(), static_cast<int>(contexts.size()), [&](std::size_t t, std::size_t i) {
        StringArena strings;
        const Part whole{whole_box(metadata.chunk),
                         view_of(chunk_of(array, chunks, i), metadata.type, metadata.chunk)};
        metadata.codecs.decode(array.frames[i], metadata.type, metadata.chunk, {&whole, 1}, strings,
                               contexts[t]);
      });
}

void decode_all_libblosc(const StoredArray& array, Buffer& chunks, int threads) {
  for_each_chunk(array.count(), threads, [&](std::size_t, std::size_t i) {
    const MutableByteView out = chunk_of(array, chunks, i);
    if (blosc_decompress_ctx(array.frames[i].data(), out.data(), out.size(), 1) !=
        static_cast<int>(out.size())) {
      throw Error(ErrorKind::corrupt, "libblosc can't decode a frame");
    }
  });
}

void encode_all(const StoredArray& array, Buffer& chunks, std::vector<CodecContext>& contexts,
                std::vector<Buffer>& out) {
  const ArrayMetadata& metadata = array.metadata;
  for_each_chunk(array.count(), static_cast<int>(contexts.size()),
                 [&](std::size_t t, std::size_t i) {
                   metadata.codecs.encode(
                       view_of(ByteView(chunk_of(array, chunks, i)), metadata.type, metadata.chunk),
                       out[t], contexts[t]);
                 });
}

}  // namespace gridmill::bench
