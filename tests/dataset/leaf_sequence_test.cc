// Leaves in order, whatever the threads; the input itself is the oracle.
#include "gridmill/dataset/leaf_sequence.h"

#include <gtest/gtest.h>

#include <cstring>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

constexpr std::int32_t kAbsentValue = -7;

// 10 x 7 numbers in chunks of 3 x 2; chunk (1, 1) is absent. `values` becomes what is to be read.
std::shared_ptr<const LeafReader> written(const std::shared_ptr<Store>& store, Array& values) {
  ArrayMetadata metadata = new_array_metadata(3, types::int32, {10, 7}, {3, 2});
  metadata.codecs = parse_codec("zstd:1", types::int32, 2);
  metadata.fill =
      FillValue::of_element(types::int32, reinterpret_cast<const std::byte*>(&kAbsentValue));
  for (int i = 0; i < 70; ++i) values.values<std::int32_t>()[i] = 100 + i;
  CodecContext context;
  const ChunkGrid grid({10, 7}, {3, 2});
  for (std::int64_t i = 0; i < grid.size(); ++i) {
    const Index position = grid.position(i);
    const Box box = grid.box_of(position);
    if (position == Index{1, 1}) {
      fill_array(reinterpret_cast<const std::byte*>(&kAbsentValue), values.view().part(box));
      continue;
    }
    Array chunk(types::int32, {3, 2});
    copy_array(values.view().part(box), chunk.view().part(whole_box(box.shape)));
    Buffer stored;
    metadata.codecs.encode(chunk.view(), stored, context);
    store->put(Key(chunk_key(metadata, position)), stored);
  }
  return zarr_leaf_reader(store, Key(), metadata);
}

TEST(LeafSequence, GivesEveryLeafInOrder) {
  Array wanted(types::int32, {10, 7});
  const auto reader = written(memory_store(), wanted);
  for (const int threads : {1, 2, 3, 8}) {
    LeafSequence leaves(*reader, threads);
    std::int64_t count = 0;
    while (const auto leaf = leaves.next()) {
      const Index position = reader->grid().position(count++);
      ASSERT_EQ(leaf->position, position);
      const Box box = reader->grid().box_of(position);
      ASSERT_EQ(leaf->values.shape, box.shape);
      for_each_position(whole_box(box.shape), [&](const Index& at) {
        ASSERT_EQ(std::memcmp(leaf->values.at(at), wanted.view().part(box).at(at), 4), 0)
            << to_string(position) << " " << to_string(at);
      });
    }
    EXPECT_EQ(count, reader->grid().size());
    EXPECT_FALSE(leaves.next());
  }
}

TEST(LeafSequence, ADamagedLeafEndsItWhereItLies) {
  const std::shared_ptr<Store> store = memory_store();
  Array wanted(types::int32, {10, 7});
  const auto damaged = written(store, wanted);
  store->put(Key("c/1/2"), as_bytes("no zstd frame"));
  const std::int64_t where = 4 + 2;
  LeafSequence leaves(*damaged, 4);
  for (std::int64_t i = 0; i < where; ++i) ASSERT_TRUE(leaves.next()) << i;
  try {
    leaves.next();
    FAIL() << "the damage was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find("c/1/2"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(leaves.next());
}

TEST(LeafSequence, MayBeLeftEarly) {
  Array wanted(types::int32, {10, 7});
  const auto reader = written(memory_store(), wanted);
  for (int taken = 0; taken < 5; ++taken) {
    LeafSequence leaves(*reader, 3);
    for (int i = 0; i < taken; ++i) ASSERT_TRUE(leaves.next());
  }
}

}  // namespace
}  // namespace gridmill
