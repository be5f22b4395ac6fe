// The bytes of a shard, with its index at the end and at the start, inner chunks raw, packed, and
// shards themselves; and of one that is a codec of a chain. The index has no checksum, so that
// changed ones are believed.

#include "fuzz/expect.h"
#include "fuzz/read_leaves.h"
#include "gridmill/base/json.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill::fuzz {
namespace {

const Json kBytes = {{"name", "bytes"}, {"configuration", {{"endian", "little"}}}};
const Json kZstd = {{"name", "zstd"}, {"configuration", {{"level", 1}, {"checksum", false}}}};
const Json kTranspose = {{"name", "transpose"}, {"configuration", {{"order", {1, 0}}}}};

Json shards_of(const std::vector<int>& chunk, const Json& codecs, const char* index_location) {
  return {{"name", "sharding_indexed"},
          {"configuration",
           {{"chunk_shape", chunk},
            {"codecs", codecs},
            {"index_codecs", Json::array({kBytes})},
            {"index_location", index_location}}}};
}

std::vector<Json> chains(const char* location) {
  const Json inner = shards_of({2, 5}, Json::array({kBytes}), location);
  return {Json::array({inner}),
          Json::array({shards_of({2, 5}, Json::array({kBytes, kZstd}), location)}),
          Json::array({shards_of({6, 10}, Json::array({inner}), location)}),
          Json::array({kTranspose, shards_of({5, 2}, Json::array({kBytes}), location)})};
}

ArrayMetadata sharded(const Json& codecs) {
  return array_metadata_from_v3(
      {{"zarr_format", 3},
       {"node_type", "array"},
       {"shape", {12, 20}},
       {"data_type", "int32"},
       {"chunk_grid", {{"name", "regular"}, {"configuration", {{"chunk_shape", {12, 20}}}}}},
       {"chunk_key_encoding", {{"name", "default"}}},
       {"fill_value", 7},
       {"codecs", codecs}});
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  const ByteView shard(reinterpret_cast<const std::byte*>(bytes), size);
  for (const char* location : {"end", "start"}) {
    for (const auto& codecs : fuzz::chains(location)) {
      const ArrayMetadata array = fuzz::sharded(codecs);
      std::shared_ptr<Store> store = memory_store();
      store->put(Key("c/0/0"), shard);
      fuzz::refusing([&] { fuzz::read_zarr_leaves(*zarr_leaf_reader(store, Key(), array)); });
    }
  }
  return 0;
}
