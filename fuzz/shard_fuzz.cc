// The bytes of a shard, with its index at the end and at the start, inner chunks raw and packed.
// The index has no checksum, so that changed ones are believed.

#include "fuzz/expect.h"
#include "fuzz/read_leaves.h"
#include "gridmill/base/json.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill::fuzz {
namespace {

ArrayMetadata sharded(const char* index_location, bool is_packed) {
  const Json bytes = {{"name", "bytes"}, {"configuration", {{"endian", "little"}}}};
  Json inner = Json::array({bytes});
  if (is_packed) {
    inner.push_back({{"name", "zstd"}, {"configuration", {{"level", 1}, {"checksum", false}}}});
  }
  const Json sharding = {{"chunk_shape", {2, 5}},
                         {"codecs", inner},
                         {"index_codecs", Json::array({bytes})},
                         {"index_location", index_location}};
  return array_metadata_from_v3(
      {{"zarr_format", 3},
       {"node_type", "array"},
       {"shape", {12, 20}},
       {"data_type", "int32"},
       {"chunk_grid", {{"name", "regular"}, {"configuration", {{"chunk_shape", {12, 20}}}}}},
       {"chunk_key_encoding", {{"name", "default"}}},
       {"fill_value", 7},
       {"codecs", Json::array({{{"name", "sharding_indexed"}, {"configuration", sharding}}})}});
}

}  // namespace
}  // namespace gridmill::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gridmill;
  const ByteView shard(reinterpret_cast<const std::byte*>(bytes), size);
  for (const char* location : {"end", "start"}) {
    for (const bool is_packed : {false, true}) {
      const ArrayMetadata array = fuzz::sharded(location, is_packed);
      std::shared_ptr<Store> store = memory_store();
      store->put(Key("c/0/0"), shard);
      fuzz::refusing([&] { fuzz::read_zarr_leaves(*zarr_leaf_reader(store, Key(), array)); });
    }
  }
  return 0;
}
