// What is stored under one key: chunks and shards, read back by the array reader.
#include "gridmill/zarr/key_encoder.h"

#include <gtest/gtest.h>

#include "gridmill/array/array.h"
#include "gridmill/base/json.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

ArrayMetadata sharded(const Shape& shape, const Shape& shard, const Shape& chunk,
                      ShardIndexForm index = {}) {
  ArrayMetadata metadata = new_array_metadata(3, types::int32, shape, chunk);
  metadata.sharding = Sharding{shard, index};
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

class ShardsWritten : public testing::TestWithParam<ShardIndexForm> {};
INSTANTIATE_TEST_SUITE_P(IndexForms, ShardsWritten,
                         testing::Values(ShardIndexForm{true, true}, ShardIndexForm{true, false},
                                         ShardIndexForm{false, true},
                                         ShardIndexForm{false, false}));

TEST_P(ShardsWritten, AreReadBackChunkByChunk) {
  const ArrayMetadata metadata = sharded({4, 6}, {4, 6}, {2, 3}, GetParam());
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

// A shard of 4 x 6 in shards of 2 x 3, in chunks of one row; of each only what is wanted is read.
TEST(KeyEncoder, AShardInAShardIsReadInParts) {
  ArrayMetadata metadata = sharded({4, 6}, {4, 6}, {2, 3});
  metadata.codecs = CodecChain::from_v3(parse_json(R"([{"name": "sharding_indexed",
    "configuration": {"chunk_shape": [1, 3],
      "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
      "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}},
                       {"name": "crc32c"}]}}])"),
                                        types::int32, 2);
  settle_shards(metadata);
  EXPECT_EQ(array_metadata_from_v3(array_metadata_to_v3(metadata)).codecs, metadata.codecs);
  const Array shard = some_shard();
  Buffer stored;
  CodecContext context;
  KeyEncoder(metadata).encode(shard.view(), stored, context);
  const std::shared_ptr<Store> store = memory_store();
  store->put(Key("x/c/0/0"), stored);
  const auto reader = zarr_leaf_reader(store, Key("x"), metadata);
  StringArena strings;
  for (const Index& position : {Index{0, 0}, Index{1, 0}, Index{1, 1}}) {
    Array row(types::int32, {1, 2});
    const Part part{{{1, 1}, {1, 2}}, row.view()};
    Buffer whole, some;
    ASSERT_TRUE(reader->fetch(position, whole));
    ASSERT_TRUE(reader->fetch_parts(position, {&part, 1}, some));
    EXPECT_EQ(some.size() + 3 * sizeof(std::int32_t), whole.size()) << "one row of two";
    reader->decode(position, some, {&part, 1}, strings, context);
    const Index begin = reader->grid().box_of(position).begin;
    for (int i = 0; i < 2; ++i) {
      const Index at{begin[0] + 1, begin[1] + 1 + i};
      EXPECT_EQ(row.values<std::int32_t>()[i], load_le<std::int32_t>(shard.view().at(at)));
    }
  }
}

}  // namespace
}  // namespace gridmill
