// Chunks that are fetched in pieces, against the array that was encoded.
#include "gridmill/zarr/array_reader.h"

#include <blosc.h>
#include <gmock/gmock.h>

#include <random>

#include "doubles/assertions.h"
#include "doubles/faulty_store.h"
#include "gridmill/array/array.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

const Shape kShape{24, 100, 100};  // libblosc keeps less than 64 KiB in one block of lz4

Array sample() {
  Array array(types::float32, kShape);
  std::mt19937 random(4);
  const MutableArrayView view = array.view();
  for (std::int64_t i = 0; i < view.byte_size(); i += 4) {
    store_le(view.data + i, static_cast<float>(random() % 8));
  }
  return array;
}

ArrayMetadata one_chunk(const std::string& form) {
  ArrayMetadata metadata = new_array_metadata(3, types::float32, kShape, kShape);
  metadata.fill = FillValue::null(types::float32);
  metadata.codecs = parse_codec(form, types::float32, 3);
  return metadata;
}

// One chunk `t/c/0/0/0` of kShape.
std::shared_ptr<Store> stored(const ArrayMetadata& metadata, const Array& in) {
  std::shared_ptr<Store> store = memory_store();
  Buffer bytes;
  CodecContext context;
  metadata.codecs.encode(in.view(), bytes, context);
  store->put(Key("t") / chunk_key(metadata, {0, 0, 0}), bytes);
  return store;
}

std::vector<Part> random_parts(std::mt19937& random, std::vector<Array>& into) {
  std::vector<Part> parts;
  for (std::uint32_t i = 0; i <= random() % 3; ++i) {
    Box box{Index::filled(3, 0), Index::filled(3, 0)};
    for (int d = 0; d < 3; ++d) {
      box.begin[d] = static_cast<std::int64_t>(random()) % kShape[d];
      box.shape[d] = 1 + static_cast<std::int64_t>(random()) %
                             std::min<std::int64_t>(kShape[d] - box.begin[d], 9);
    }
    into.emplace_back(types::float32, box.shape);
    parts.push_back({box, {}});
  }
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].into = into[i].view();
  return parts;
}

void expect_same(const ArrayView& got, const ArrayView& wanted) {
  for_each_position(whole_box(got.shape), [&](const Index& at) {
    ASSERT_EQ(load_le<float>(got.at(at)), load_le<float>(wanted.at(at))) << to_string(at);
  });
}

// Fetches and decodes random parts; returns the most and the least bytes that were fetched.
std::pair<std::size_t, std::size_t> fetch_random_parts(const LeafReader& reader, const Array& in) {
  std::mt19937 random(8);
  std::size_t least = SIZE_MAX, most = 0;
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<Array> into;
    const std::vector<Part> parts = random_parts(random, into);
    Buffer bytes;
    EXPECT_TRUE(reader.fetch_parts({0, 0, 0}, parts, bytes));
    least = std::min(least, bytes.size());
    most = std::max(most, bytes.size());
    StringArena strings;
    CodecContext context;
    reader.decode({0, 0, 0}, bytes, parts, strings, context);
    for (const Part& part : parts) expect_same(part.into, in.view().part(part.box));
  }
  return {least, most};
}

class Pieces : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Codecs, Pieces,
                         testing::Values("blosc:zstd:1:shuffle:4KiB", "blosc:zstd:1:noshuffle:4KiB",
                                         "blosc:lz4:5:shuffle:4KiB", "blosc:lz4:5:bitshuffle:4KiB",
                                         "blosc:zstd:1:bitshuffle:4KiB"),
                         [](const auto& form) { return std::to_string(form.index); });

TEST_P(Pieces, OnlyTouchedBlocksAreFetched) {
  const Array in = sample();
  const ArrayMetadata metadata = one_chunk(GetParam());
  const auto store = stored(metadata, in);
  const auto reader = zarr_leaf_reader(store, Key("t"), metadata);
  const auto whole = store->stat(Key("t/c/0/0/0"))->value_size;
  const auto [least, most] = fetch_random_parts(*reader, in);
  EXPECT_LT(static_cast<std::int64_t>(least), whole / 5);
  EXPECT_LE(static_cast<std::int64_t>(most), whole);
}

TEST(ArrayReader, TheSizeOfBlocksIsLookedUpWhereMetadataLeavesItOpen) {
  const Array in = sample();
  ArrayMetadata metadata = one_chunk("blosc:zstd:1:shuffle:4KiB");
  const auto store = stored(metadata, in);
  metadata.codecs = parse_codec("blosc:zstd:1:shuffle:0", types::float32, 3);
  const auto reader = zarr_leaf_reader(store, Key("t"), metadata);
  EXPECT_EQ(reader->piece_bytes(), 4096);
  const auto [least, most] = fetch_random_parts(*reader, in);
  EXPECT_LT(static_cast<std::int64_t>(least), store->stat(Key("t/c/0/0/0"))->value_size / 5);
}

// As several threads of libblosc leave them.
TEST(ArrayReader, BlocksMayLieInAnyOrder) {
  const Array in = sample();
  const ArrayMetadata metadata = one_chunk("blosc:zstd:1:shuffle:4KiB");
  const auto store = stored(metadata, in);
  Buffer frame;
  store->get(Key("t/c/0/0/0"), frame);
  const BloscFrame info{frame};
  Buffer turned;
  const auto head = static_cast<std::size_t>(BloscHead::size_of(info.block_count()));
  turned.append(frame.bytes().first(head));
  const auto start = [](ByteView bytes, std::int64_t block) {
    return static_cast<std::size_t>(load_le<std::int32_t>(bytes.data() + 16 + 4 * block));
  };
  for (std::int64_t block = info.block_count() - 1; block >= 0; --block) {
    const std::size_t from = start(frame, block);
    const std::size_t to = block + 1 < info.block_count() ? start(frame, block + 1) : frame.size();
    store_le(turned.data() + 16 + 4 * block, static_cast<std::int32_t>(turned.size()));
    turned.append(frame.bytes().subspan(from, to - from));
  }
  store->put(Key("t/c/0/0/0"), turned);
  fetch_random_parts(*zarr_leaf_reader(store, Key("t"), metadata), in);
}

TEST(ArrayReader, AnAbsentChunkHasNoPieces) {
  const ArrayMetadata metadata = one_chunk("blosc:zstd:1:shuffle:4KiB");
  const auto reader = zarr_leaf_reader(memory_store(), Key("t"), metadata);
  std::mt19937 random(1);
  std::vector<Array> into;
  Buffer bytes;
  EXPECT_FALSE(reader->fetch_parts({0, 0, 0}, random_parts(random, into), bytes));
}

// A head or blocks that are cut short are damage, never read beyond.
TEST(ArrayReader, ShortReadsOfPiecesAreErrors) {
  const Array in = sample();
  const ArrayMetadata metadata = one_chunk("blosc:zstd:1:shuffle:4KiB");
  const auto under = stored(metadata, in);
  const auto faulty = std::make_shared<FaultyStore>(*under);
  const auto reader = zarr_leaf_reader(faulty, Key("t"), metadata);
  EXPECT_EQ(reader->piece_bytes(), 4096);
  Array element(types::float32, {1, 1, 1});
  const Part part{{{3, 20, 20}, {1, 1, 1}}, element.view()};
  for (std::int64_t n = 1; n <= 2; ++n) {
    SCOPED_TRACE(n);
    faulty->set_fault({.at_call = n, .failure = Failure::short_read, .name = "get"});
    Buffer bytes;
    EXPECT_THROW(reader->fetch_parts({0, 0, 0}, {&part, 1}, bytes), Error);
    EXPECT_TRUE(faulty->fired());
  }
}

TEST(ArrayReader, StartsOutsideTheFrameAreDamage) {
  const Array in = sample();
  const ArrayMetadata metadata = one_chunk("blosc:zstd:1:shuffle:4KiB");
  const auto store = stored(metadata, in);
  Buffer frame;
  store->get(Key("t/c/0/0/0"), frame);
  store_le(frame.data() + 16 + 4 * 5, std::int32_t{1} << 30);
  store->put(Key("t/c/0/0/0"), frame);
  const auto reader = zarr_leaf_reader(store, Key("t"), metadata);
  Array element(types::float32, {1, 1, 1});
  const Part part{{{0, 0, 0}, {1, 1, 1}}, element.view()};
  Buffer bytes;
  EXPECT_THROW(reader->fetch_parts({0, 0, 0}, {&part, 1}, bytes), Error);
}

// Each would be the rest of the frame, so that some of them are larger than a chunk can be.
TEST(ArrayReader, BlocksThatLieOneInTheOtherAreNotFetched) {
  const Array in = sample();
  const ArrayMetadata metadata = one_chunk("blosc:zstd:1:shuffle:4KiB");
  const auto store = stored(metadata, in);
  Buffer frame;
  store->get(Key("t/c/0/0/0"), frame);
  const std::int64_t blocks = BloscFrame(frame).block_count();
  for (std::int64_t block = 0; block < blocks; ++block) {
    store_le(frame.data() + 16 + 4 * block, static_cast<std::int32_t>(BloscHead::size_of(blocks)));
  }
  store->put(Key("t/c/0/0/0"), frame);
  const auto reader = zarr_leaf_reader(store, Key("t"), metadata);
  Array many(types::float32, {10, 100, 100});
  const Part part{{{0, 0, 0}, {10, 100, 100}}, many.view()};
  Buffer bytes;
  EXPECT_EQ(kind_thrown([&] {
              (void)reader->fetch_parts({0, 0, 0}, {&part, 1}, bytes);
            }),
            ErrorKind::corrupt);
  EXPECT_LT(bytes.capacity(), std::size_t{2} << 20);
}

}  // namespace
}  // namespace gridmill
