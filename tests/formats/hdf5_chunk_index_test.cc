// Every kind of chunk index against what libhdf5 says about the same file; damaged and hostile
// indexes.
#include "gridmill/formats/hdf5_chunk_index.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "doubles/faulty_files.h"
#include "formats/hdf5_made.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using testing::Extents;
using ::testing::HasSubstr;
using testing::MadeDataset;
using testing::MadeSpec;
using testing::ScratchDirectory;
using Index1 = Hdf5Layout::ChunkIndex;

struct Case {
  std::string name;
  Index1 index;
  MadeSpec spec;
  double written = 1;  // the part of all chunks
};

std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.name; }

constexpr hsize_t kNoLimit = H5S_UNLIMITED;

MadeSpec spec_of(Extents shape, Extents max_shape, Extents chunk) {
  MadeSpec spec;
  spec.shape = std::move(shape);
  spec.max_shape = std::move(max_shape);
  spec.chunk = std::move(chunk);
  return spec;
}

MadeSpec filtered(MadeSpec spec) {
  spec.deflate = 1;
  return spec;
}

MadeSpec earliest(MadeSpec spec) {
  spec.latest = false;
  return spec;
}

MadeSpec early(MadeSpec spec) {
  spec.early = true;
  return spec;
}

// Not among them: an extensible array along the second dimension. libhdf5 1.10.8 names its chunks
// at wrong offsets (it reads them right, which hdf5_leaf_test.cc goes by).
const std::vector<Case> kCases{
    {"Tree1", Index1::btree1, earliest(spec_of({50, 70}, {}, {3, 5}))},
    {"Tree1Filtered", Index1::btree1, filtered(earliest(spec_of({50, 70}, {}, {3, 5})))},
    {"Tree1Sparse", Index1::btree1, earliest(spec_of({50, 70}, {}, {3, 5})), 0.2},
    {"Tree1Deep", Index1::btree1, earliest(spec_of({5000}, {kNoLimit}, {1}))},
    {"Single", Index1::single, spec_of({6, 7}, {}, {6, 7})},
    {"SingleFiltered", Index1::single, filtered(spec_of({6, 7}, {}, {6, 7}))},
    {"Implicit", Index1::implicit, early(spec_of({10, 7}, {25, 7}, {3, 5}))},
    {"FixedArray", Index1::fixed_array, spec_of({50, 70}, {}, {3, 5})},
    {"FixedArrayWithRoom", Index1::fixed_array, spec_of({20, 30}, {50, 70}, {3, 5})},
    {"FixedArrayFiltered", Index1::fixed_array, filtered(spec_of({50, 70}, {}, {3, 5}))},
    {"FixedArraySparse", Index1::fixed_array, filtered(spec_of({50, 70}, {}, {3, 5})), 0.1},
    {"FixedArrayPages", Index1::fixed_array, spec_of({5000}, {}, {1})},
    {"FixedArrayPagesFiltered", Index1::fixed_array, filtered(spec_of({3000, 2}, {}, {1, 2}))},
    {"FixedArrayFewPages", Index1::fixed_array, spec_of({30000}, {}, {1}), 0.0002},
    {"ExtensibleIndexBlock", Index1::extensible_array, spec_of({4}, {kNoLimit}, {1})},
    {"ExtensibleDataBlocks", Index1::extensible_array, spec_of({70}, {kNoLimit}, {1})},
    {"ExtensibleSecondary", Index1::extensible_array, spec_of({5000}, {kNoLimit}, {1})},
    {"ExtensibleFiltered", Index1::extensible_array,
     filtered(spec_of({500, 6}, {kNoLimit, 6}, {1, 4}))},
    {"ExtensibleSparse", Index1::extensible_array, filtered(spec_of({5000}, {kNoLimit}, {1})),
     0.01},
    {"ExtensiblePages", Index1::extensible_array, spec_of({140000}, {kNoLimit}, {1}), 0.001},
    {"ExtensibleFewPages", Index1::extensible_array, spec_of({600000}, {kNoLimit}, {1}), 0.00005},
    {"Tree2", Index1::btree2, spec_of({50, 70}, {kNoLimit, kNoLimit}, {3, 5})},
    {"Tree2Filtered", Index1::btree2, filtered(spec_of({50, 70}, {kNoLimit, kNoLimit}, {3, 5}))},
    {"Tree2Deep", Index1::btree2, spec_of({60, 70}, {kNoLimit, kNoLimit}, {1, 1})},
    {"Tree2Sparse", Index1::btree2, filtered(spec_of({50, 70}, {kNoLimit, kNoLimit}, {3, 5})), 0.1},
};

std::int64_t number_of(const Extents& offset, const ChunkGrid& grid) {
  Index position;
  for (std::size_t d = 0; d < offset.size(); ++d) {
    position.push_back(static_cast<std::int64_t>(offset[d]) / grid.chunk()[static_cast<int>(d)]);
  }
  return grid.ordinal(position);
}

ChunkGrid grid_of(const MadeSpec& spec) {
  Shape shape, chunk;
  for (const hsize_t n : spec.shape) shape.push_back(static_cast<std::int64_t>(n));
  for (const hsize_t n : spec.chunk) chunk.push_back(static_cast<std::int64_t>(n));
  return {shape, chunk};
}

// Chunks in a shuffled order, each with values that compress differently.
void write_chunks(MadeDataset& made, const MadeSpec& spec, double part) {
  const ChunkGrid grid = grid_of(spec);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(grid.size()));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  std::mt19937 random(5);
  std::shuffle(numbers.begin(), numbers.end(), random);
  const double wanted = part * static_cast<double>(numbers.size());
  numbers.resize(static_cast<std::size_t>(std::max(1.0, wanted)));
  for (const std::int64_t number : numbers) {
    const Box box = grid.box_of(grid.position(number));
    Extents begin(box.begin.begin(), box.begin.end()), count(box.shape.begin(), box.shape.end());
    std::vector<float> values(static_cast<std::size_t>(volume(box.shape)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(number % 7 == 0 ? 0 : random() % 100);
    }
    made.write(begin, count, values.data());
  }
}

class HdfIndex : public ::testing::TestWithParam<Case> {
 protected:
  // Makes the file; what libhdf5 says about its chunks, in the order of their numbers.
  std::vector<Hdf5Chunk> make() {
    const Case& one = GetParam();
    MadeDataset made(path_, one.spec);
    write_chunks(made, one.spec, one.written);
    made.flush();
    const ChunkGrid grid = grid_of(one.spec);
    std::vector<Hdf5Chunk> wanted;
    for (const auto& chunk : made.chunks()) {
      wanted.push_back({static_cast<std::uint64_t>(number_of(chunk.offset, grid)), chunk.address,
                        static_cast<std::uint32_t>(chunk.size), chunk.mask});
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    bytes_ = scratch_.read(path_);
    dataset_ = made.described(bytes_);
    return wanted;
  }

  Hdf5ChunkTable read(const std::string& path) {
    const Hdf5Bytes file(file_reader(*files_, path), 0, 8, 8);
    return read_hdf5_chunk_index(file, dataset_);
  }

  ScratchDirectory scratch_;
  std::unique_ptr<Files> files_ = posix_files();
  std::string path_ = scratch_.path("made.h5");
  std::string bytes_;
  Hdf5Dataset dataset_;
};

TEST_P(HdfIndex, NamesTheChunksThatLibhdf5Names) {
  const std::vector<Hdf5Chunk> wanted = make();
  ASSERT_EQ(dataset_.layout.index, GetParam().index);
  const Hdf5ChunkTable table = read(path_);
  ASSERT_EQ(table.chunks().size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Hdf5Chunk& found = table.chunks()[i];
    ASSERT_EQ(found.number, wanted[i].number) << i;
    EXPECT_EQ(found.address, wanted[i].address) << i;
    EXPECT_EQ(found.size, wanted[i].size) << i;
    EXPECT_EQ(found.skipped, wanted[i].skipped) << i;
    EXPECT_EQ(table.find(static_cast<std::int64_t>(found.number)), &found);
  }
  const std::int64_t all = grid_of(GetParam().spec).size();
  std::int64_t there = 0;
  for (std::int64_t i = 0; i < all; ++i) there += table.find(i) != nullptr ? 1 : 0;
  EXPECT_EQ(there, static_cast<std::int64_t>(wanted.size()));
}

// Blocks that are neighbours come in one call, and none is asked for twice. What lies between the
// blocks of one level may be of the next and is read over, so that a byte may come with each level.
TEST_P(HdfIndex, ReadsEachRangeOnceAndNeighboursTogether) {
  make();
  FaultyFiles counting(*files_);
  read_hdf5_chunk_index(Hdf5Bytes(file_reader(counting, path_), 0, 8, 8), dataset_);
  std::set<std::pair<std::int64_t, std::int64_t>> ranges;
  std::int64_t bytes = 0;
  for (const Call& call : counting.log()) {
    if (call.name != "read_at") continue;
    bytes += call.bytes;
    EXPECT_TRUE(ranges.emplace(call.offset, call.bytes).second) << call.offset;
  }
  EXPECT_LE(ranges.size(), 4 + bytes_.size() / (32 << 10));
  EXPECT_LE(bytes, static_cast<std::int64_t>(5 * bytes_.size() / 2));
}

// Metadata bytes are changed at random: the answer is an error or a table, never a crash, a hang or
// memory that the file doesn't justify.
class HdfIndexDamage : public HdfIndex {};

TEST_P(HdfIndexDamage, IsRefusedOrHarmless) {
  make();
  std::mt19937 random(11);
  // Where the index lies: all but the chunks' own bytes count, so aim at its blocks.
  std::vector<std::size_t> aims;
  for (const char* signature :
       {"TREE", "FAHD", "FADB", "EAHD", "EAIB", "EASB", "EADB", "BTHD", "BTIN", "BTLF"}) {
    for (std::size_t at = bytes_.find(signature); at != std::string::npos;
         at = bytes_.find(signature, at + 1)) {
      aims.push_back(at);
    }
  }
  ASSERT_FALSE(aims.empty());
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes_;
    for (int k = 0; k < 1 + round % 4; ++k) {
      const std::size_t at = aims[random() % aims.size()] + random() % 64;
      if (at < damaged.size()) damaged[at] = static_cast<char>(random());
    }
    if (round % 10 == 0) damaged.resize(damaged.size() / 2);
    scratch_.write("damaged.h5", damaged);
    try {
      const Hdf5ChunkTable table = read(scratch_.path("damaged.h5"));
      EXPECT_LE(table.chunks().size(), damaged.size() / 8 + 1);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("the chunk index at address"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HdfIndex, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return one.param.name; });

// Those that have blocks of their own, of which small files show as much as large ones.
std::vector<Case> cases_to_damage() {
  std::vector<Case> cases;
  for (const Case& one : kCases) {
    const bool has_blocks = one.index != Index1::single && one.index != Index1::implicit;
    if (has_blocks && grid_of(one.spec).size() <= 5000) cases.push_back(one);
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, HdfIndexDamage, ::testing::ValuesIn(cases_to_damage()),
                         [](const auto& one) { return one.param.name; });

TEST(HdfIndexShrunk, ChunksOutsideTheExtentsAreLeftOut) {
  ScratchDirectory scratch;
  const auto files = posix_files();
  const MadeSpec spec = spec_of({40, 10}, {kNoLimit, 10}, {4, 5});
  MadeDataset made(scratch.path("a.h5"), spec);
  write_chunks(made, spec, 1);
  made.flush();
  Hdf5Dataset dataset = made.described(scratch.read(scratch.path("a.h5")));
  dataset.shape = {17, 10};  // as if the file had been cut without its index
  const Hdf5Bytes file(file_reader(*files, scratch.path("a.h5")), 0, 8, 8);
  EXPECT_EQ(read_hdf5_chunk_index(file, dataset).chunks().size(), 10U);
}

// libhdf5 takes what lies behind a new end out of the index.
TEST(HdfIndexShrunk, ATreeOfADatasetThatWasShortenedIsRead) {
  ScratchDirectory scratch;
  const auto files = posix_files();
  const MadeSpec spec = earliest(spec_of({400, 10}, {kNoLimit, 10}, {4, 5}));
  MadeDataset made(scratch.path("a.h5"), spec);
  write_chunks(made, spec, 1);
  for (const hsize_t rows : {hsize_t{399}, hsize_t{301}, hsize_t{200}, hsize_t{17}}) {
    made.extend({rows, 10});
    made.flush();
    const Hdf5Dataset dataset = made.described(scratch.read(scratch.path("a.h5")));
    const Hdf5Bytes file(file_reader(*files, scratch.path("a.h5")), 0, 8, 8);
    EXPECT_EQ(read_hdf5_chunk_index(file, dataset).chunks().size(), made.chunks().size());
    EXPECT_EQ(made.chunks().size(), (rows + 3) / 4 * 2);
  }
}

TEST(HdfIndexTable, AChunkThatIsThereTwiceIsRefused) {
  EXPECT_THAT(
      [] {
        Hdf5ChunkTable({{7, 512, 100, 0}, {3, 900, 100, 0}, {7, 700, 100, 0}});
      },
      ::testing::Throws<Error>(::testing::Property(
          &Error::what, HasSubstr("chunk number 7 twice, at addresses 512 and 700"))));
}

// Trees of version 1 have no checksums: a key that leads elsewhere must not make a chunk look as if
// it had never been written.
TEST(HdfTree1Damage, AKeyThatWasChangedIsRefused) {
  ScratchDirectory scratch;
  const auto files = posix_files();
  const MadeSpec spec = earliest(spec_of({50, 70}, {kNoLimit, kNoLimit}, {3, 5}));
  MadeDataset made(scratch.path("a.h5"), spec);
  write_chunks(made, spec, 1);
  made.flush();
  const std::string bytes = scratch.read(scratch.path("a.h5"));
  const Hdf5Dataset dataset = made.described(bytes);
  int changed = 0;
  for (const auto& chunk : made.chunks()) {
    // Two positions and one for the bytes; behind them stands the chunk's address.
    const auto entry = [&](std::uint64_t first, std::uint64_t second) {
      const std::uint64_t fields[] = {first, second, 0, chunk.address};
      std::string text(sizeof fields, '\0');
      for (std::size_t i = 0; i < 4; ++i) {
        store_le(reinterpret_cast<std::byte*>(text.data() + 8 * i), fields[i]);
      }
      return text;
    };
    const std::string right = entry(chunk.offset[0], chunk.offset[1]);
    for (int d = 0; d < 2; ++d) {
      for (const int steps : {-2, -1, 1, 2, 100}) {
        const auto i = static_cast<std::size_t>(d);
        const std::int64_t first = static_cast<std::int64_t>(chunk.offset[i]) +
                                   steps * static_cast<std::int64_t>(spec.chunk[i]);
        if (first < 0) continue;
        Extents offset = chunk.offset;
        offset[i] = static_cast<hsize_t>(first);
        // Nodes keep what they gave to another one when they were split.
        std::string damaged = bytes;
        std::size_t at = damaged.find(right);
        ASSERT_NE(at, std::string::npos);
        for (; at != std::string::npos; at = damaged.find(right)) {
          damaged.replace(at, right.size(), entry(offset[0], offset[1]));
        }
        scratch.write("damaged.h5", damaged);
        const Hdf5Bytes file(file_reader(*files, scratch.path("damaged.h5")), 0, 8, 8);
        EXPECT_THAT([&] { read_hdf5_chunk_index(file, dataset); },
                    ::testing::Throws<Error>(::testing::Property(&Error::kind, ErrorKind::corrupt)))
            << "chunk " << chunk.offset[0] << ", " << chunk.offset[1] << ": " << d << " " << first;
        ++changed;
      }
    }
  }
  EXPECT_GT(changed, 1000);
}

// Nodes made by hand: a tree that is its own child, and one that names a node twice.
class HostileTree : public ::testing::Test {
 protected:
  static void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
  }
  // A node at `at` with `children` children at `child`, of a dataset of one dimension, with the
  // keys 0, `step`, 2 * `step`, ...
  static void node(std::string& bytes, std::size_t at, int level, std::uint64_t children,
                   std::uint64_t child, std::uint64_t step = 1) {
    bytes.replace(at, 4, "TREE");
    put(bytes, at + 4, 1, 1);
    put(bytes, at + 5, static_cast<std::uint64_t>(level), 1);
    put(bytes, at + 6, children, 2);
    for (std::uint64_t i = 0; i <= children; ++i) {
      put(bytes, at + 24 + 32 * i + 8, i * step, 8);
      if (i < children) put(bytes, at + 24 + 32 * i + 24, child, 8);
    }
  }
  Hdf5ChunkTable read(const std::string& bytes) {
    scratch_.write("hostile.h5", bytes);
    Hdf5Dataset dataset;
    dataset.path = "v";
    dataset.type = types::float32;
    dataset.element_size = 4;
    dataset.shape = {1 << 20};
    dataset.max_shape = {1 << 20};
    dataset.layout.storage = Hdf5Layout::Storage::chunked;
    dataset.layout.chunk = {1};
    dataset.layout.index_address = 0;
    const auto files = posix_files();
    const Hdf5Bytes file(file_reader(*files, scratch_.path("hostile.h5")), 0, 8, 8);
    return read_hdf5_chunk_index(file, dataset);
  }
  ScratchDirectory scratch_;
};

TEST_F(HostileTree, ThatIsItsOwnChild) {
  std::string bytes(4096, '\0');
  node(bytes, 0, 255, 3, 0);
  EXPECT_THROW(read(bytes), Error);
}

// 255 levels of nodes that each name the next one a hundred times would be 100^255 nodes.
TEST_F(HostileTree, ThatNamesItsNodesManyTimes) {
  std::string bytes(256 * 4096, '\0');
  for (int level = 255; level >= 0; --level) {
    const auto at = static_cast<std::size_t>(255 - level) * 4096;
    node(bytes, at, level, 100, at + 4096);
  }
  try {
    read(bytes);
    FAIL() << "a tree of 100^255 nodes was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(), HasSubstr("lies before this node"));
  }
}

TEST_F(HostileTree, ThatHasAChunkTwice) {
  std::string bytes(4096, '\0');
  node(bytes, 0, 0, 2, 512, 0);
  EXPECT_THAT([&] { read(bytes); }, ::testing::Throws<Error>(::testing::Property(
                                        &Error::what, HasSubstr("does not follow (0, 0)"))));
}

}  // namespace
}  // namespace gridmill
