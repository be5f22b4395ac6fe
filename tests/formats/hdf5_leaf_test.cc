// The values of HDF5 datasets against what libhdf5 reads from the same file, and what is damaged.
#include "gridmill/formats/hdf5_leaf.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <thread>

#include "doubles/faulty_files.h"
#include "formats/hdf5_made.h"
#include "formats/read_variable.h"
#include "gridmill/array/copy.h"
#include "gridmill/codec/deflate.h"
#include "gridmill/formats/hdf5_chunk_index.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using testing::Extents;
using ::testing::HasSubstr;
using testing::MadeDataset;
using testing::MadeSpec;
using testing::read_all;
using testing::ScratchDirectory;
using testing::source_of;
using testing::strings_of;
using testing::values_of;

constexpr hsize_t kNoLimit = H5S_UNLIMITED;

MadeSpec spec_of(Extents shape, Extents max_shape, Extents chunk) {
  MadeSpec spec;
  spec.shape = std::move(shape);
  spec.max_shape = std::move(max_shape);
  spec.chunk = std::move(chunk);
  return spec;
}

std::size_t volume_of(const Extents& shape) {
  std::size_t count = 1;
  for (const hsize_t extent : shape) count *= extent;
  return count;
}

std::vector<float> smooth(std::size_t count) {
  std::vector<float> values(count);
  std::mt19937 random(3);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t step = i / 10;
    values[i] = static_cast<float>(step) + static_cast<float>(random() % 16) / 16;
  }
  return values;
}

class HdfLeaf : public ::testing::Test {
 protected:
  std::shared_ptr<const LeafReader> reader(const Hdf5Dataset& dataset,
                                           const std::string& path = "") {
    return hdf5_leaf_reader(source_of(*files_, path.empty() ? path_ : path), {}, dataset);
  }

  // The values that were written everywhere come back, by both readers.
  void round_trip(const MadeSpec& spec) {
    MadeDataset made(path_, spec);
    const std::vector<float> values = smooth(volume_of(spec.shape));
    made.write(Extents(spec.shape.size(), 0), spec.shape, values.data());
    made.flush();
    const auto leaves = reader(made.described(scratch_.read(path_)));
    EXPECT_EQ(values_of<float>(read_all(*leaves)), values);
    EXPECT_EQ(made.read<float>(values.size()), values);
    boxes_agree(*leaves);
  }

  // Random boxes of random leaves hold what the whole leaf does.
  static void boxes_agree(const LeafReader& leaves) {
    std::mt19937 random(9);
    const Array whole = read_all(leaves);
    CodecContext context;
    Buffer stored;
    StringArena strings;
    for (int round = 0; round < 50; ++round) {
      const Index at =
          leaves.grid().position(static_cast<std::int64_t>(random()) % leaves.grid().size());
      const Box leaf = leaves.grid().box_of(at);
      std::vector<Array> arrays;
      std::vector<Part> parts;
      for (int k = 0; k < 1 + round % 3; ++k) {
        Box box = whole_box(leaf.shape);
        for (int d = 0; d < box.rank(); ++d) {
          box.begin[d] = static_cast<std::int64_t>(random()) % leaf.shape[d];
          box.shape[d] = 1 + static_cast<std::int64_t>(random()) % (leaf.shape[d] - box.begin[d]);
        }
        arrays.emplace_back(leaves.type(), box.shape);
        parts.push_back({box, arrays.back().view()});
      }
      if (leaves.fetch(at, stored)) {
        EXPECT_LE(static_cast<std::int64_t>(stored.size()), leaves.stored_bound());
        leaves.decode(at, stored, parts, strings, context);
      } else {
        leaves.fill(parts, strings);
      }
      for (const Part& part : parts) {
        Array wanted(leaves.type(), part.box.shape);
        const Box box{part.box.begin, part.box.shape};
        copy_array(whole.view().part(shifted(box, leaf.begin)), wanted.view());
        EXPECT_EQ(std::memcmp(part.into.data, wanted.view().data,
                              static_cast<std::size_t>(wanted.view().byte_size())),
                  0)
            << to_string(box) << " of " << leaves.describe(at);
      }
    }
  }

  ScratchDirectory scratch_;
  std::unique_ptr<Files> files_ = posix_files();
  std::string path_ = scratch_.path("made.h5");
};

TEST_F(HdfLeaf, ReadsEveryStorageAndIndex) {
  for (const bool latest : {false, true}) {
    for (MadeSpec spec :
         {spec_of({20, 33}, {}, {}), spec_of({20, 33}, {}, {20, 33}), spec_of({20, 33}, {}, {6, 7}),
          spec_of({20, 33}, {kNoLimit, 33}, {6, 7}), spec_of({20, 33}, {20, kNoLimit}, {6, 7}),
          spec_of({20, 33}, {25, kNoLimit}, {1, 7}),
          spec_of({6, 9, 8}, {9, kNoLimit, 10}, {2, 2, 3}),
          spec_of({20, 33}, {kNoLimit, kNoLimit}, {6, 7}), spec_of({20, 33}, {40, 60}, {6, 7}),
          spec_of({7}, {}, {}), spec_of({}, {}, {})}) {
      spec.latest = latest;
      SCOPED_TRACE(::testing::PrintToString(spec.chunk) + ::testing::PrintToString(spec.max_shape));
      round_trip(spec);
      if (spec.chunk.empty()) continue;
      spec.early = true;
      round_trip(spec);
      spec.shuffle = true;
      spec.deflate = 4;
      round_trip(spec);
      spec.fletcher32 = true;
      round_trip(spec);
      spec.deflate = -1;
      round_trip(spec);
      spec.shuffle = false;
      round_trip(spec);
    }
  }
}

// Leaves of a chunk each: those beyond a MiB are not merged.
TEST_F(HdfLeaf, ReadsChunksOfSeveralMiB) {
  for (const bool latest : {false, true}) {
    MadeSpec spec = spec_of({5, 700, 600}, {kNoLimit, 700, 600}, {2, 700, 600});
    spec.latest = latest;
    spec.shuffle = true;
    spec.deflate = 1;
    MadeDataset made(path_, spec);
    const std::vector<float> values = smooth(volume_of(spec.shape));
    made.write({0, 0, 0}, spec.shape, values.data());
    made.flush();
    const auto leaves = reader(made.described(scratch_.read(path_)));
    EXPECT_EQ(leaves->grid().chunk(), (Shape{2, 700, 600}));
    EXPECT_EQ(values_of<float>(read_all(*leaves)), values);
    const auto location = leaves->locate({1, 0, 0});
    ASSERT_TRUE(location && location->range);
    EXPECT_EQ(location->range->offset, static_cast<std::int64_t>(made.chunks()[1].address));
    EXPECT_EQ(location->range->length, static_cast<std::int64_t>(made.chunks()[1].size));
  }
}

TEST_F(HdfLeaf, UnwrittenIsTheFillValue) {
  for (const bool latest : {false, true}) {
    for (const Extents& chunk : {Extents{}, Extents{6, 7}}) {
      MadeSpec spec = spec_of({20, 33}, {}, chunk);
      spec.latest = latest;
      MadeDataset made(path_, spec);
      const std::vector<float> one{42};
      if (!chunk.empty()) made.write({7, 8}, {1, 1}, one.data());
      made.flush();
      Hdf5Dataset dataset = made.described(scratch_.read(path_));
      std::vector<float> wanted = made.read<float>(20 * 33);
      EXPECT_EQ(values_of<float>(read_all(*reader(dataset))), wanted);
      const float fill = -9;
      dataset.fill.resize(4);
      std::memcpy(dataset.fill.data(), &fill, 4);
      const std::vector<float> filled = values_of<float>(read_all(*reader(dataset)));
      // Of the one chunk that was written the library filled the rest, with its own fill value.
      EXPECT_EQ(std::count(filled.begin(), filled.end(), fill), chunk.empty() ? 660 : 660 - 42);
      // In the byte order of the file.
      dataset.is_big_endian = true;
      std::reverse(dataset.fill.begin(), dataset.fill.end());
      const std::vector<float> swapped = values_of<float>(read_all(*reader(dataset)));
      EXPECT_EQ(std::count(swapped.begin(), swapped.end(), fill), chunk.empty() ? 660 : 660 - 42);
    }
  }
}

TEST_F(HdfLeaf, TurnsBytesOfTheOtherOrder) {
  const std::vector<float> values = smooth(700 * 900);
  for (const Extents& chunk : {Extents{}, Extents{6, 7}, Extents{350, 900}}) {
    for (const bool shuffle : {false, true}) {
      if (chunk.empty() && shuffle) continue;
      MadeSpec spec = spec_of({700, 900}, {}, chunk);
      spec.type = H5T_IEEE_F32BE;
      spec.shuffle = shuffle;
      MadeDataset made(path_, spec);
      std::vector<float> stored = values;
      for (float& value : stored) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, 4);
        bits = byte_swap(bits);
        std::memcpy(&value, &bits, 4);
      }
      made.write({0, 0}, {700, 900}, stored.data());
      made.flush();
      Hdf5Dataset dataset = made.described(scratch_.read(path_));
      dataset.is_big_endian = true;
      const auto leaves = reader(dataset);
      EXPECT_EQ(values_of<float>(read_all(*leaves)), values);
      if (!chunk.empty()) boxes_agree(*leaves);
    }
  }
}

TEST_F(HdfLeaf, ReadsTextsOfFixedSize) {
  const char written[3][6] = {{'a', 'b', 0, 'x', 0, 0}, {'c', 'd', 'e', ' ', ' ', ' '}, {}};
  const std::vector<std::string> wanted{"ab", "cde   ", ""};
  const hid_t type = testing::checked(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, 6);
  for (const Extents& chunk : {Extents{}, Extents{2}}) {
    MadeSpec spec = spec_of({3}, {}, chunk);
    spec.type = type;
    spec.shuffle = !chunk.empty();
    MadeDataset made(path_, spec);
    made.write({0}, {3}, written);
    made.flush();
    Hdf5Dataset dataset = made.described(scratch_.read(path_));
    dataset.type = types::string;
    for (const Hdf5Text text :
         {Hdf5Text::null_terminated, Hdf5Text::null_padded, Hdf5Text::space_padded}) {
      dataset.text = text;
      EXPECT_EQ(strings_of(read_all(*reader(dataset))), wanted);
    }
  }
  H5Tclose(type);
}

TEST_F(HdfLeaf, ReadsTextsOfVariableLength) {
  const std::vector<std::string> wanted{"eins", "", "drei \xc3\xa4", std::string(5000, 'x'),
                                        "\xb0 C"};
  std::vector<const char*> pointers;
  for (const std::string& text : wanted) pointers.push_back(text.c_str());
  pointers[1] = nullptr;
  const hid_t type = testing::checked(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, H5T_VARIABLE);
  for (const Extents& chunk : {Extents{}, Extents{2}}) {
    for (const bool deflated : {false, true}) {
      MadeSpec spec = spec_of({8}, {}, chunk);
      if (chunk.empty() && deflated) continue;
      spec.type = type;
      if (deflated) spec.deflate = 4;
      MadeDataset made(path_, spec);
      made.write({0}, {5}, pointers.data());
      made.flush();
      Hdf5Dataset dataset = made.described(scratch_.read(path_));
      dataset.type = types::string;
      dataset.text = Hdf5Text::variable;
      EXPECT_EQ(dataset.element_size, 16);
      std::vector<std::string> all = wanted;
      all.back() = "\xef\xbf\xbd C";
      all.resize(8);
      EXPECT_EQ(strings_of(read_all(*reader(dataset))), all);
      // A heap that isn't where it should be.
      std::string bytes = scratch_.read(path_);
      bytes.replace(bytes.find("GCOL"), 4, "gcol");
      scratch_.write("bad.h5", bytes);
      EXPECT_THAT([&] { read_all(*reader(dataset, scratch_.path("bad.h5"))); },
                  ::testing::Throws<Error>(
                      ::testing::Property(&Error::what, HasSubstr("global heap at address"))));
    }
  }
  H5Tclose(type);
}

// The heap holds many texts in a block; elements that refer to them in another order than that of
// the file must not make the reader fetch the same blocks over and over.
TEST_F(HdfLeaf, ReadsTextsWhoseOrderIsNotThatOfTheirHeap) {
  constexpr std::size_t kTexts = 30000;
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  for (std::size_t i = 0; i < kTexts; ++i) {
    texts.push_back("text " + std::to_string(i) + std::string(i % 100 == 0 ? 60000 : 40, 'x'));
  }
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  const hid_t type = testing::checked(H5Tcopy(H5T_C_S1));
  H5Tset_size(type, H5T_VARIABLE);
  MadeSpec spec = spec_of({kTexts}, {}, {});
  spec.type = type;
  MadeDataset made(path_, spec);
  made.write({0}, {kTexts}, pointers.data());
  made.flush();
  Hdf5Dataset dataset = made.described(scratch_.read(path_));
  dataset.type = types::string;
  dataset.text = Hdf5Text::variable;
  std::string bytes = scratch_.read(path_);
  std::vector<std::size_t> order(kTexts);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::shuffle(order.begin(), order.end(), std::mt19937(3));
  const std::string before = bytes.substr(dataset.layout.address, 16 * kTexts);
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < kTexts; ++i) {
    bytes.replace(dataset.layout.address + 16 * i, 16, before, 16 * order[i], 16);
    wanted.push_back(texts[order[i]]);
  }
  scratch_.write("permuted.h5", bytes);
  const auto leaves = reader(dataset, scratch_.path("permuted.h5"));
  EXPECT_EQ(strings_of(read_all(*leaves)), wanted);
  // And what fetch takes is known beforehand, long texts or not.
  Buffer stored;
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < leaves->grid().size(); ++i) {
    ASSERT_TRUE(leaves->fetch(leaves->grid().position(i), stored));
    most = std::max(most, static_cast<std::int64_t>(stored.size()));
  }
  EXPECT_GT(most, 1 << 20);
  EXPECT_LE(most, leaves->stored_bound());
  EXPECT_LE(leaves->stored_bound(), 3 * most);
  H5Tclose(type);
}

// Not what deflate could make of it at worst: a budget would be reserved for nothing.
TEST_F(HdfLeaf, LargeChunksTakeWhatTheIndexSaysThatTheyTake) {
  MadeSpec spec = spec_of({4, 2 << 20}, {}, {1, 2 << 20});
  spec.shuffle = true;
  spec.deflate = 1;
  MadeDataset made(path_, spec);
  const std::vector<float> values = smooth(volume_of(spec.shape));
  made.write({0, 0}, spec.shape, values.data());
  made.flush();
  const auto leaves = reader(made.described(scratch_.read(path_)));
  Buffer stored;
  std::int64_t most = 0;
  for (std::int64_t i = 0; i < leaves->grid().size(); ++i) {
    ASSERT_TRUE(leaves->fetch(leaves->grid().position(i), stored));
    most = std::max(most, static_cast<std::int64_t>(stored.size()));
  }
  EXPECT_LT(most, 6 << 20);  // of 8 MiB
  EXPECT_EQ(leaves->stored_bound(), most);
}

// Planes of elements of another size than the dataset's are undone in memory of their own.
TEST_F(HdfLeaf, TakesNoMoreScratchThanItSays) {
  constexpr hsize_t kValues = 2 << 20;
  MadeSpec spec = spec_of({kValues}, {}, {kValues});
  spec.shuffle = true;
  spec.deflate = 1;
  MadeDataset made(path_, spec);
  const std::vector<float> values = smooth(kValues);
  std::vector<std::byte> planes(4 * kValues);
  const auto* elements = reinterpret_cast<const std::byte*>(values.data());
  for (std::size_t i = 0; i < planes.size(); ++i) planes[i % 2 * 2 * kValues + i / 2] = elements[i];
  CodecContext context;
  Buffer deflated;
  ZlibCodec().encode(planes, deflated, context);
  made.write_chunk({0}, 0, deflated.data(), deflated.size());
  made.flush();
  Hdf5Dataset dataset = made.described(scratch_.read(path_));
  ASSERT_EQ(dataset.filters.at(0).id, H5Z_FILTER_SHUFFLE);
  dataset.filters[0].values = {2};
  const auto leaves = reader(dataset);
  EXPECT_EQ(values_of<float>(read_all(*leaves)), values);
  Buffer stored;
  ASSERT_TRUE(leaves->fetch({0}, stored));
  Array some(types::float32, {100});
  const Part part{{{5}, {100}}, some.view()};
  StringArena strings;
  CodecContext fresh;
  leaves->decode({0}, stored, std::span(&part, 1), strings, fresh);
  std::int64_t taken = 0;
  for (const Buffer& each : fresh.scratch) taken += static_cast<std::int64_t>(each.capacity());
  EXPECT_LE(taken, leaves->scratch_bound());
}

TEST_F(HdfLeaf, CompactValuesComeFromTheHeader) {
  Hdf5Dataset dataset;
  dataset.path = "v";
  dataset.type = types::int16;
  dataset.element_size = 2;
  dataset.shape = {2, 3};
  dataset.layout.storage = Hdf5Layout::Storage::compact;
  const std::vector<std::int16_t> values{1, -2, 3, -4, 5, -6};
  dataset.layout.compact.resize(12);
  std::memcpy(dataset.layout.compact.data(), values.data(), 12);
  scratch_.write("made.h5", "");
  EXPECT_EQ(values_of<std::int16_t>(read_all(*reader(dataset))), values);
  dataset.shape = {2, 4};
  EXPECT_THAT([&] { read_all(*reader(dataset)); },
              ::testing::Throws<Error>(
                  ::testing::Property(&Error::what, HasSubstr("only 12 bytes are stored"))));
}

// A filter's bit in a chunk's mask says that it was left out.
TEST_F(HdfLeaf, SkippedFiltersAreNotUndone) {
  MadeSpec spec = spec_of({8}, {}, {4});
  spec.shuffle = true;
  spec.deflate = 4;
  MadeDataset made(path_, spec);
  const std::vector<float> values = smooth(8);
  made.write({0}, {8}, values.data());
  made.write_chunk({4}, 3, values.data(), 16);  // neither shuffle nor deflate
  made.flush();
  const std::vector<float> wanted = made.read<float>(8);
  EXPECT_EQ(wanted[5], values[1]);
  EXPECT_EQ(values_of<float>(read_all(*reader(made.described(scratch_.read(path_))))), wanted);
}

// Both filters set their parameters by the dataset's type.
template <class T>
void packed_round_trip(const std::string& path, hid_t type, DataType our_type, bool big_endian,
                       int filter, int factor, const std::optional<T>& fill, T scale) {
  ScratchDirectory scratch;
  const auto files = posix_files();
  for (const hsize_t count : {4, 33}) {
    MadeSpec spec = spec_of({count}, {}, {count});
    spec.latest = false;
    spec.type = type;
    spec.packing = filter;
    spec.packing_factor = factor;
    T value{};
    if (fill) {
      value = *fill;
      spec.fill = &value;
    }
    MadeDataset made(path, spec);
    std::vector<T> values(count);
    std::mt19937 random(4);
    for (std::size_t i = 0; i < count; ++i) {
      values[i] =
          fill && i % 5 == 0 ? *fill : static_cast<T>(static_cast<T>(random() % 90) / scale);
    }
    if (big_endian) made.write_converted(type, values.data());
    if (!big_endian) made.write({0}, {count}, values.data());
    made.reopen();
    Hdf5Dataset dataset = made.described(scratch.read(path));
    ASSERT_EQ(dataset.filters.size(), 1U);
    dataset.type = our_type;
    dataset.is_big_endian = big_endian;
    EXPECT_EQ(hdf5_obstacle(dataset), std::nullopt);
    const auto leaves = hdf5_leaf_reader(source_of(*files, path), {}, dataset);
    EXPECT_EQ(values_of<T>(read_all(*leaves)), made.read_native<T>(count));
  }
}

TEST_F(HdfLeaf, PackedIntegersAndFloats) {
  constexpr int kNbit = H5Z_FILTER_NBIT, kScaleOffset = H5Z_FILTER_SCALEOFFSET;
  for (const int factor : {0, 7, 16}) {
    packed_round_trip<std::int16_t>(path_, H5T_STD_I16LE, types::int16, false, kScaleOffset, factor,
                                    {}, 1);
    packed_round_trip<std::int16_t>(path_, H5T_STD_I16BE, types::int16, true, kScaleOffset, factor,
                                    -7, 1);
  }
  packed_round_trip<std::uint8_t>(path_, H5T_STD_U8LE, types::uint8, false, kScaleOffset, 0, 255,
                                  1);
  packed_round_trip<std::int64_t>(path_, H5T_STD_I64LE, types::int64, false, kScaleOffset, 0,
                                  -1000000000000, 1);
  packed_round_trip<float>(path_, H5T_IEEE_F32LE, types::float32, false, kScaleOffset, 2, {}, 7);
  packed_round_trip<float>(path_, H5T_IEEE_F32BE, types::float32, true, kScaleOffset, 2, -999, 7);
  packed_round_trip<double>(path_, H5T_IEEE_F64LE, types::float64, false, kScaleOffset, 5, -1e20,
                            7);
  packed_round_trip<float>(path_, H5T_IEEE_F32LE, types::float32, false, kNbit, 0, {}, 7);
  // Of fewer bits than their bytes have.
  for (const bool big_endian : {false, true}) {
    const hid_t type = testing::checked(H5Tcopy(big_endian ? H5T_STD_U32BE : H5T_STD_U32LE));
    H5Tset_precision(type, 17);
    packed_round_trip<std::uint32_t>(path_, type, types::uint32, big_endian, kNbit, 0, {}, 1);
    H5Tclose(type);
  }
}

TEST_F(HdfLeaf, PartialChunksMayBeWithoutFilters) {
  MadeSpec spec = spec_of({10, 7}, {}, {4, 4});
  spec.deflate = 4;
  spec.unfiltered_edges = true;
  MadeDataset made(path_, spec);
  const std::vector<float> values = smooth(70);
  made.write({0, 0}, {10, 7}, values.data());
  made.flush();
  Hdf5Dataset dataset = made.described(scratch_.read(path_));
  dataset.layout.leaves_partial_chunks_unfiltered = true;
  EXPECT_EQ(values_of<float>(read_all(*reader(dataset))), values);
}

// (offset, bytes) of every read, with how often it was made.
using Reads = std::map<std::pair<std::int64_t, std::int64_t>, int>;

Reads reads_of(const FaultyFiles& files) {
  Reads reads;
  for (const Call& call : files.log()) {
    if (call.name == "read_at") ++reads[{call.offset, call.bytes}];
  }
  return reads;
}

// Every thread reads every chunk with one call of just its bytes; what else is read is the index,
// as if one thread had read it alone.
TEST_F(HdfLeaf, TheIndexIsReadOnceByManyThreads) {
  constexpr int kThreads = 4;
  for (const bool latest : {false, true}) {
    MadeSpec spec = spec_of({40, 300000}, {kNoLimit, 300000}, {1, 300000});
    spec.latest = latest;
    MadeDataset made(path_, spec);
    const std::vector<float> values = smooth(40 * 300000);
    made.write({0, 0}, spec.shape, values.data());
    made.flush();
    const Hdf5Dataset dataset = made.described(scratch_.read(path_));
    FaultyFiles counting(*files_);
    read_hdf5_chunk_index(Hdf5Bytes(file_reader(counting, path_), 0, 8, 8), dataset);
    Reads wanted = reads_of(counting);
    EXPECT_GT(wanted.size(), 0U);
    for (const auto& chunk : made.chunks()) {
      wanted[{static_cast<std::int64_t>(chunk.address), static_cast<std::int64_t>(chunk.size)}] +=
          kThreads;
    }
    counting.set_fault({});
    const auto leaves = hdf5_leaf_reader(source_of(counting, path_), {}, dataset);
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] { EXPECT_EQ(values_of<float>(read_all(*leaves)), values); });
      }
    }
    EXPECT_EQ(reads_of(counting), wanted);
  }
}

// Small chunks that follow each other in the file and in their leaf are one range.
TEST_F(HdfLeaf, NeighboursAreReadTogetherAndOnce) {
  MadeSpec spec = spec_of({64, 100}, {}, {4, 100});
  spec.early = true;  // all chunks, one behind the other
  MadeDataset made(path_, spec);
  const std::vector<float> values = smooth(6400);
  made.write({0, 0}, spec.shape, values.data());
  made.flush();
  FaultyFiles counting(*files_);
  const auto leaves =
      hdf5_leaf_reader(source_of(counting, path_), {}, made.described(scratch_.read(path_)));
  EXPECT_EQ(values_of<float>(read_all(*leaves)), values);
  const auto first = static_cast<std::int64_t>(made.chunks()[0].address);
  EXPECT_EQ(reads_of(counting), (Reads{{{first, 64 * 100 * 4}, 1}}));
}

class HdfLeafDamage : public HdfLeaf {
 protected:
  // A file of 8 chunks of 500 values with `spec`'s filters.
  Hdf5Dataset make(MadeSpec spec) {
    spec.shape = {4000};
    spec.chunk = {500};
    MadeDataset made(path_, spec);
    const std::vector<float> values = smooth(4000);
    made.write({0}, {4000}, values.data());
    made.flush();
    bytes_ = scratch_.read(path_);
    chunks_ = made.chunks();
    return made.described(bytes_);
  }

  std::string failure(const Hdf5Dataset& dataset, const std::string& bytes) {
    scratch_.write("bad.h5", bytes);
    try {
      read_all(*reader(dataset, scratch_.path("bad.h5")));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      return error.what();
    }
    return "no error";
  }

  std::string bytes_;
  std::vector<MadeDataset::Chunk> chunks_;
};

TEST_F(HdfLeafDamage, AWrongChecksumNamesVariableChunkAndAddress) {
  MadeSpec spec;
  spec.fletcher32 = true;
  const Hdf5Dataset dataset = make(spec);
  std::string bytes = bytes_;
  bytes[chunks_[3].address + 77] ^= 1;
  EXPECT_THAT(failure(dataset, bytes),
              AllOf(HasSubstr("v of "), HasSubstr("bad.h5"),
                    HasSubstr("chunk (3,) at address " + std::to_string(chunks_[3].address)),
                    HasSubstr("fletcher32: 2004 stored bytes can't be decoded (the checksum is")));
}

TEST_F(HdfLeafDamage, AnInflatedSizeThatDiffers) {
  MadeSpec spec;
  spec.deflate = 4;
  Hdf5Dataset dataset = make(spec);
  dataset.element_size = 8;  // chunks of 500 values would have 4000 bytes
  dataset.type = types::float64;
  EXPECT_THAT(failure(dataset, bytes_),
              AllOf(HasSubstr("zlib: holds 2000 bytes, the chunk needs 4000"),
                    HasSubstr("chunk (0,) at address")));
  dataset.element_size = 2;
  dataset.type = types::int16;
  EXPECT_THAT(failure(dataset, bytes_), HasSubstr("the chunk needs 1000"));
}

TEST_F(HdfLeafDamage, AFileThatEndsTooEarly) {
  MadeSpec spec;
  Hdf5Dataset dataset = make(spec);
  // The index stays readable where it lies before the last chunk.
  const std::string bytes = bytes_.substr(0, chunks_[7].address + 100);
  if (dataset.layout.index_address < bytes.size()) {
    EXPECT_THAT(failure(dataset, bytes), HasSubstr("address"));
  }
  dataset.layout = {};
  dataset.layout.address = bytes_.size() - 8;
  dataset.layout.size = 16000;
  EXPECT_THAT(failure(dataset, bytes_), HasSubstr("but these 16000 bytes begin at address"));
  dataset.layout.address = kNoAddress - 8;
  EXPECT_THAT(failure(dataset, bytes_), HasSubstr("the file ends at address"));
}

// Any byte may change: the answer is the values or an error, never a crash.
TEST_F(HdfLeafDamage, AnyDamageIsAnErrorOrHarmless) {
  std::mt19937 random(17);
  for (const bool latest : {false, true}) {
    MadeSpec spec;
    spec.latest = latest;
    spec.shuffle = true;
    spec.deflate = 4;
    const Hdf5Dataset dataset = make(spec);
    for (int round = 0; round < 300; ++round) {
      std::string bytes = bytes_;
      for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
      failure(dataset, bytes);
    }
  }
}

TEST_F(HdfLeafDamage, AnUnknownFilterIsNamed) {
  MadeSpec spec;
  spec.deflate = 4;
  Hdf5Dataset dataset = make(spec);
  EXPECT_EQ(hdf5_obstacle(dataset), std::nullopt);
  dataset.filters.push_back({32019, "jpeg", false, {}});
  EXPECT_EQ(hdf5_obstacle(dataset), "filter 32019 (jpeg)");
}

}  // namespace
}  // namespace gridmill
