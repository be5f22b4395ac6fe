// What is stored under one key: chunks and shards, read back by the array reader.
#include "gridmill/zarr/key_encoder.h"

#include <gtest/gtest.h>

#include "gridmill/array/array.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

ArrayMetadata sharded(const Shape& shape, const Shape& shard, const Shape& chunk) {
  ArrayMetadata metadata = new_array_metadata(3, types::int32, shape, chunk);
  metadata.sharding = Sharding{shard};
  metadata.codecs = default_chain(types::int32);
  metadata.fill = FillValue::zero(types::int32);
  return metadata;
}

// A shard of 4 x 6 in chunks of 2 x 3; the chunk at (0, 1) is all fill.
Array some_shard() {
  Array shard(types::int32, {4, 6});
  auto* values = shard.values<std::int32_t>();
  for (int i = 0; i < 24; ++i) values[i] = i / 6 < 2 && i % 6 >= 3 ? 0 : i + 1;
  return shard;
}

TEST(KeyEncoder, RefusesARectilinearGrid) {
  ArrayMetadata metadata = new_array_metadata(3, types::int32, {6}, {4});
  metadata.runs = {{{1, 2}, {1, 4}}};
  try {
    const KeyEncoder encoder(metadata);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("rectilinear"), std::string::npos);
  }
}

TEST(KeyEncoder, AShardIsReadBackChunkByChunk) {
  const ArrayMetadata metadata = sharded({4, 6}, {4, 6}, {2, 3});
  const Array shard = some_shard();
  const KeyEncoder encoder(metadata);
  Buffer stored;
  CodecContext context;
  encoder.encode(shard.view(), stored, context);
  EXPECT_LE(static_cast<std::int64_t>(stored.size()), encoder.encoded_bound());
  const std::shared_ptr<Store> store = memory_store();
  store->put(Key("x/c/0/0"), stored);
  const auto reader = zarr_leaf_reader(store, Key("x"), metadata);
  StringArena strings;
  for (std::int64_t i = 0; i < 4; ++i) {
    const Index position = reader->grid().position(i);
    Buffer fetched;
    const bool is_there = reader->fetch(position, fetched);
    EXPECT_EQ(is_there, i != 1) << "the chunk that is all fill is left out of the index";
    if (!is_there) continue;
    Array chunk(types::int32, {2, 3});
    const Part whole{whole_box({2, 3}), chunk.view()};
    reader->decode(position, fetched, {&whole, 1}, strings, context);
    const ArrayView wanted = shard.view().part(reader->grid().box_of(position));
    for_each_position(whole_box({2, 3}), [&](const Index& at) {
      EXPECT_EQ(load_le<std::int32_t>(chunk.view().at(at)), load_le<std::int32_t>(wanted.at(at)));
    });
  }
}

TEST(KeyEncoder, AShardThatIsAllFillIsNothing) {
  const KeyEncoder encoder(sharded({4, 6}, {4, 6}, {2, 3}));
  Array zeros(types::int32, {4, 6});
  std::fill_n(zeros.values<std::int32_t>(), 24, 0);
  Buffer stored(7);
  CodecContext context;
  encoder.encode(zeros.view(), stored, context);
  EXPECT_TRUE(stored.empty());
}

TEST(KeyEncoder, ADamagedIndexIsFoundByItsChecksum) {
  const ArrayMetadata metadata = sharded({4, 6}, {4, 6}, {2, 3});
  Buffer stored;
  CodecContext context;
  KeyEncoder(metadata).encode(some_shard().view(), stored, context);
  stored.data()[stored.size() - 20] ^= std::byte{1};
  const std::shared_ptr<Store> store = memory_store();
  store->put(Key("x/c/0/0"), stored);
  Buffer fetched;
  EXPECT_THROW(zarr_leaf_reader(store, Key("x"), metadata)->fetch({0, 0}, fetched), Error);
}

TEST(KeyEncoder, AnIndexInFrontIsRefused) {
  ArrayMetadata metadata = sharded({4, 6}, {4, 6}, {2, 3});
  metadata.sharding->is_index_at_end = false;
  EXPECT_THROW(KeyEncoder{metadata}, Error);
}

}  // namespace
}  // namespace gridmill
