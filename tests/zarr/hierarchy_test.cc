// What the writer writes, the hierarchy and the readers read: with and without consolidated
// metadata, absent chunks, shards, damage.
#include "gridmill/zarr/hierarchy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cstring>
#include <thread>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/faulty_store.h"
#include "doubles/temporary_directory.h"
#include "gridmill/array/array.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/memory_store.h"
#include "gridmill/zarr/array_reader.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> paths(const ZarrHierarchy& hierarchy) {
  std::vector<std::string> all;
  for (const ZarrNode& node : hierarchy.nodes) all.push_back(node.path + (node.array ? "*" : ""));
  return all;
}

std::vector<ZarrNode> sample_nodes(int zarr_format) {
  ArrayMetadata metadata = new_array_metadata(zarr_format, types::int16, {4, 6}, {2, 4});
  metadata.dimension_names = {"y", "x"};
  metadata.attributes.set("units", AttributeValue::text("K"));
  Attributes root;
  root.set("title", AttributeValue::text("sample"));
  return {{"", root, {}}, {"a", {}, {}}, {"t", {}, metadata}, {"a/b", {}, metadata}};
}

void write(Store& store, int zarr_format, const std::vector<ZarrNode>& nodes) {
  for (const ZarrNode& node : nodes) {
    if (node.array) {
      write_array(store, Key(node.path), *node.array);
    } else {
      write_group(store, Key(node.path), zarr_format, node.attributes);
    }
  }
}

class Formats : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(V, Formats, testing::Values(2, 3));

TEST_P(Formats, ListedAndConsolidatedAgree) {
  const auto store = memory_store();
  const auto nodes = sample_nodes(GetParam());
  write(*store, GetParam(), nodes);
  const ZarrHierarchy listed = open_hierarchy(*store);
  EXPECT_FALSE(listed.is_consolidated);
  EXPECT_THAT(paths(listed), ElementsAre("", "a", "t*", "a/b*"));
  write_consolidated(*store, GetParam(), nodes);
  store->remove(Key("a/b/zarr.json"));  // proof that nothing but the one value is read
  store->remove(Key("a/b/.zarray"));
  const ZarrHierarchy consolidated = open_hierarchy(*store);
  EXPECT_TRUE(consolidated.is_consolidated);
  EXPECT_THAT(paths(consolidated), ElementsAre("", "a", "t*", "a/b*"));
  for (const ZarrHierarchy* one : {&listed, &consolidated}) {
    EXPECT_EQ(one->zarr_format, GetParam());
    EXPECT_EQ(one->nodes[0].attributes.text("title"), "sample");
    EXPECT_EQ(one->nodes[3].array->dimension_names, (std::vector<std::string>{"y", "x"}));
    EXPECT_EQ(one->nodes[3].array->attributes.text("units"), "K");
  }
  EXPECT_THAT(paths(open_hierarchy(*store, Key("a"))), testing::Contains(""));
  EXPECT_THAT(paths(open_hierarchy(*store, Key("t"))), ElementsAre("*"));
}

// As zarr-python and TensorStore: an extension of a group is to be understood as well.
TEST(Hierarchy, GroupsRefuseExtensionsByName) {
  const auto store = memory_store();
  const auto put = [&](const char* member) {
    store->put(Key("zarr.json"),
               as_bytes(fmt::format(R"({{"zarr_format":3,"node_type":"group",{}}})", member)));
  };
  put(R"("foo":{"name":"x"})");
  try {
    open_hierarchy(*store);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("foo"));
  }
  put(R"("foo":{"must_understand":false},"attributes":{}, "consolidated_metadata":null)");
  EXPECT_EQ(open_hierarchy(*store).nodes.size(), 1U);
}

TEST(Hierarchy, ConsolidatedElsewhereIsListed) {
  const auto store = memory_store();
  const auto nodes = sample_nodes(3);
  write(*store, 3, nodes);
  store->put(Key("zarr.json"), as_bytes(R"({"zarr_format":3,"node_type":"group",
    "consolidated_metadata":{"kind":"external","must_understand":false,"metadata":{}}})"));
  EXPECT_THAT(paths(open_hierarchy(*store)), ElementsAre("", "a", "t*", "a/b*"));
}

TEST(Hierarchy, OnlyDocumentsAreNoNodes) {
  const auto store = memory_store();
  auto nodes = sample_nodes(3);
  nodes[2].path = ".zz";
  nodes[1].path = ".z";
  nodes[3].path = ".z/b";
  write(*store, 3, nodes);
  EXPECT_THAT(paths(open_hierarchy(*store)), ElementsAre("", ".z", ".zz*", ".z/b*"));
}

TEST_P(Formats, ThreeHundredArraysAreOpenedByOneRead) {
  const auto under = memory_store();
  std::vector<ZarrNode> nodes = sample_nodes(GetParam());
  while (nodes.size() < 301) {
    nodes.push_back({fmt::format("v{}", nodes.size()), {}, nodes[2].array});
  }
  write(*under, GetParam(), nodes);
  write_consolidated(*under, GetParam(), nodes);
  FaultyStore store(*under);
  EXPECT_EQ(open_hierarchy(store).nodes.size(), 301U);
  const std::vector<Call> calls = store.log();
  const auto reads = std::count_if(calls.begin(), calls.end(), [](const Call& call) {
    return call.name == "get" && !call.subject.ends_with("/zarr.json");
  });
  // Of v2 a look whether it is v3 comes first, which finds nothing.
  EXPECT_LE(reads + static_cast<std::ptrdiff_t>(store.gate().count("list")), 2);
  EXPECT_EQ(store.gate().count("children"), 0);
}

TEST(Hierarchy, NothingThereIsNotFound) {
  const auto store = memory_store();
  try {
    open_hierarchy(*store);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
  }
}

TEST(Hierarchy, ErrorsNameTheNode) {
  const auto store = memory_store();
  const auto nodes = sample_nodes(3);
  write(*store, 3, nodes);
  store->put(Key("a/zarr.json"),
             as_bytes(R"({"zarr_format": 3, "node_type": "group", "attributes": 1})"));
  try {
    open_hierarchy(*store);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(), HasSubstr("node a"));
  }
}

// A damaged array is listed, with what is wrong, and hides no other; as the root it is an error.
TEST(Hierarchy, ADamagedArrayHidesNoOther) {
  for (const auto& [format, name] :
       {std::pair(3, "zarr.json"), std::pair(2, ".zarray"), std::pair(2, ".zattrs")}) {
    for (const char* text :
         {"{\"zarr_format\"", "[]", R"({"zarr_format":3,"node_type":"array"})"}) {
      const bool is_attributes = std::string_view(name) == ".zattrs";
      if (is_attributes && text[0] == '{' && text[std::strlen(text) - 1] == '}') continue;
      const auto store = memory_store();
      const auto nodes = sample_nodes(format);
      write(*store, format, nodes);
      const std::string path = nodes.back().path;
      store->put(Key(path) / name, as_bytes(text));
      const ZarrHierarchy found = open_hierarchy(*store);
      EXPECT_EQ(found.nodes.size(), nodes.size());
      for (const ZarrNode& node : found.nodes) {
        const bool is_damaged = node.unreadable && node.unreadable->kind == ErrorKind::corrupt;
        EXPECT_EQ(is_damaged, node.path == path) << name << text;
      }
      EXPECT_THROW(open_hierarchy(*store, Key(path)), Error);
    }
  }
}

TEST(Hierarchy, WhatMayBeLeftAsideIsTold) {
  const auto store = memory_store();
  store->put(Key("zarr.json"),
             as_bytes(R"({"zarr_format":3,"node_type":"group","foo":{"must_understand":false}})"));
  EXPECT_THAT(open_hierarchy(*store).nodes[0].ignored, testing::ElementsAre("foo"));
  for (const char* member : {"data_type", "chunk_grid", "chunk_key_encoding"}) {
    Json document = array_metadata_to_v3(new_array_metadata(3, types::int64, {5}, {5}));
    if (document[member].is_string()) document[member] = {{"name", document[member]}};
    (void)array_metadata_from_v3(document);
    document[member]["must_understand"] = false;
    try {
      array_metadata_from_v3(document);
      ADD_FAILURE() << member;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_THAT(error.what(), HasSubstr(member));
    }
  }
}

TEST(Hierarchy, ConsolidatedPathsStayInside) {
  const auto store = memory_store();
  store->put(Key("zarr.json"), as_bytes(R"({"zarr_format": 3, "node_type": "group",
    "consolidated_metadata": {"kind": "inline", "must_understand": false, "metadata":
      {"../x": {"zarr_format": 3, "node_type": "group"}}}})"));
  EXPECT_THROW(open_hierarchy(*store), Error);
}

// An array of a type that nobody knows must not take its neighbours with it.
struct UnknownArray {
  Json attributes{{"long_name", "when"}};
  Json v2{{"zarr_format", 2},      {"shape", {5}},    {"chunks", {5}}, {"dtype", "<f16"},
          {"compressor", nullptr}, {"fill_value", 0}, {"order", "C"},  {"filters", nullptr}};
  Json v3 = array_metadata_to_v3(new_array_metadata(3, types::int64, {5}, {5}));

  UnknownArray() {
    v3["data_type"] = "float128";
    v3["attributes"] = attributes;
  }

  void put(Store& store, int format) const {
    if (format == 3) return put(store, "when/zarr.json", v3);
    put(store, "when/.zarray", v2);
    put(store, "when/.zattrs", attributes);
  }
  void put_consolidated(Store& store, int format) const {
    const char* key = format == 3 ? "zarr.json" : ".zmetadata";
    Json document = parse_json(*value_of(store, key));
    if (format == 3) {
      document["consolidated_metadata"]["metadata"]["when"] = v3;
    } else {
      document["metadata"]["when/.zarray"] = v2;
      document["metadata"]["when/.zattrs"] = attributes;
    }
    put(store, key, document);
  }

 private:
  static void put(Store& store, const char* key, const Json& json) {
    store.put(Key(key), as_bytes(dump_json(json)));
  }
};

TEST_P(Formats, AnArrayThatCantBeReadIsListedWithTheReason) {
  const int format = GetParam();
  const auto nodes = sample_nodes(format);
  for (const bool is_consolidated : {false, true}) {
    const auto store = memory_store();
    write(*store, format, nodes);
    if (is_consolidated) {
      write_consolidated(*store, format, nodes);
      UnknownArray().put_consolidated(*store, format);
    } else {
      UnknownArray().put(*store, format);
    }
    const ZarrHierarchy opened = open_hierarchy(*store);
    ASSERT_EQ(opened.is_consolidated, is_consolidated);
    EXPECT_EQ(opened.nodes.size(), nodes.size() + 1);
    const auto when = std::find_if(opened.nodes.begin(), opened.nodes.end(),
                                   [](const ZarrNode& node) { return node.path == "when"; });
    ASSERT_NE(when, opened.nodes.end());
    EXPECT_FALSE(when->is_group());
    ASSERT_TRUE(when->unreadable);
    EXPECT_EQ(when->unreadable->shape, Shape{5});
    EXPECT_EQ(when->unreadable->attributes.find("long_name")->as_text(), "when");
    EXPECT_THAT(when->unreadable->reason, HasSubstr(format == 3 ? "float128" : "<f16"));
    EXPECT_EQ(std::count_if(opened.nodes.begin(), opened.nodes.end(),
                            [](const ZarrNode& node) { return node.unreadable.has_value(); }),
              1);
  }
}

TEST(Hierarchy, AHugeDocumentIsRefusedBeforeItIsRead) {
  TemporaryDirectory directory;
  const auto store = file_store(directory.files(), directory.path());
  for (const char* name : {"zarr.json", ".zmetadata"}) {
    store->put(Key(name), as_bytes("{"));
    ASSERT_EQ(::truncate((directory / name).c_str(), 50'000'000'000), 0);
    try {
      open_hierarchy(*store);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_THAT(error.what(), HasSubstr(name));
      EXPECT_THAT(error.what(), HasSubstr("50000000000"));
    }
    store->remove(Key(name));
  }
}

// A chunk of 24 bytes in a value of a megabyte, or in a shard entry of one.
TEST(ArrayReader, MoreBytesThanAChunkCanHaveAreNotRead) {
  const auto expect_refused = [](const ArrayMetadata& metadata, ByteView value) {
    const std::shared_ptr<Store> store = memory_store();
    store->put(Key("t/c/0"), value);
    Buffer stored;
    try {
      zarr_leaf_reader(store, Key("t"), metadata)->fetch({0}, stored);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_THAT(error.what(), HasSubstr("t/c/0"));
      EXPECT_THAT(error.what(), HasSubstr("1000000"));
    }
    EXPECT_EQ(stored.capacity(), 0U);
  };
  ArrayMetadata metadata = new_array_metadata(3, types::float64, {3}, {3});
  metadata.codecs = parse_codec("zstd", types::float64, 1);
  const std::string large(1'000'000, 'x');
  expect_refused(metadata, as_bytes(large));
  metadata.sharding = Sharding{{3}, {true, false}};
  std::string shard = large;
  std::array<std::byte, 16> entry{};
  store_le(entry.data() + 8, std::uint64_t{1'000'000});
  shard += as_text(ByteView(entry));
  expect_refused(metadata, as_bytes(shard));
}

TEST(ArrayReader, StringsMayBeLongerThanTheEstimate) {
  const std::shared_ptr<Store> store = memory_store();
  ArrayMetadata metadata = new_array_metadata(3, types::string, {2}, {2});
  metadata.codecs = CodecChain();
  Array texts(types::string, {2});
  const std::string text(500'000, 'x');
  for (int i = 0; i < 2; ++i) texts.values<StringRef>()[i] = texts.strings().add(text);
  CodecContext context;
  Buffer stored;
  metadata.codecs.encode(texts.view(), stored, context);
  store->put(Key("t/c/0"), stored);
  EXPECT_TRUE(zarr_leaf_reader(store, Key("t"), metadata)->fetch({0}, stored));
}

TEST(ArrayReader, AbsentIsFillAndDamageIsNamed) {
  const std::shared_ptr<Store> store = memory_store();
  ArrayMetadata metadata = new_array_metadata(3, types::int16, {4, 6}, {2, 4});
  metadata.fill = FillValue::from_json(-7, types::int16, 3);
  const auto reader = zarr_leaf_reader(store, Key("t"), metadata);
  Buffer stored;
  EXPECT_FALSE(reader->fetch({1, 1}, stored));
  Array out(types::int16, {2, 2});
  const Part part{{{0, 0}, {2, 2}}, out.view()};
  reader->fill(std::span(&part, 1), out.strings());
  EXPECT_EQ(out.values<std::int16_t>()[3], -7);
  store->put(Key("t/c/1/1"), as_bytes("rubbish"));
  ASSERT_TRUE(reader->fetch({1, 1}, stored));
  CodecContext context;
  try {
    reader->decode({1, 1}, stored, std::span(&part, 1), out.strings(), context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(), HasSubstr("t/c/1/1"));
  }
}

TEST(ArrayReader, FilledStringsOutliveTheReader) {
  ArrayMetadata metadata = new_array_metadata(3, types::string, {3}, {3});
  metadata.fill = FillValue::of_text("a text that is no short string");
  auto reader = zarr_leaf_reader(memory_store(), Key("t"), metadata);
  Array out(types::string, {3});
  const Part part{{{0}, {3}}, out.view()};
  reader->fill(std::span(&part, 1), out.strings());
  reader.reset();
  metadata.fill = {};
  EXPECT_EQ(out.values<StringRef>()[2].view(), "a text that is no short string");
}

// A shard of four raw chunks of two int16, the third absent, gaps between, index at either side.
class Shards : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(IndexAtEnd, Shards, testing::Bool());

Buffer shard_bytes(bool is_index_at_end, std::uint64_t size_of_last = 4) {
  constexpr auto kAbsent = ~std::uint64_t{0};
  const std::uint64_t base = is_index_at_end ? 0 : 68;
  Buffer index;
  for (const std::uint64_t number : {base + 8, std::uint64_t{4}, base, std::uint64_t{4}, kAbsent,
                                     kAbsent, base + 13, size_of_last}) {
    std::array<std::byte, 8> bytes{};
    store_le(bytes.data(), number);
    index.append(bytes);
  }
  std::array<std::byte, 4> checksum{};
  store_le(checksum.data(), crc32c(index));
  index.append(checksum);
  std::array<std::byte, 17> chunks{};
  const std::array<std::pair<std::size_t, std::int16_t>, 6> values{
      {{8, 1}, {10, 2}, {0, 3}, {2, 4}, {13, 7}, {15, 8}}};
  for (const auto& [at, value] : values) store_le(chunks.data() + at, value);
  Buffer shard;
  if (!is_index_at_end) shard.append(index);
  shard.append(chunks);
  if (is_index_at_end) shard.append(index);
  return shard;
}

TEST_P(Shards, ChunksAreFoundByTheIndex) {
  const std::shared_ptr<Store> store = memory_store();
  ArrayMetadata metadata = new_array_metadata(3, types::int16, {8}, {2});
  metadata.codecs = CodecChain();
  metadata.sharding = Sharding{{8}, {GetParam(), true}};
  store->put(Key("c/0"), shard_bytes(GetParam()));
  const auto reader = zarr_leaf_reader(store, Key(), metadata);
  CodecContext context;
  Buffer stored;
  for (std::int64_t chunk = 0; chunk < 4; ++chunk) {
    ASSERT_EQ(reader->fetch({chunk}, stored), chunk != 2);
    if (chunk == 2) continue;
    Array out(types::int16, {2});
    const Part part{{{0}, {2}}, out.view()};
    reader->decode({chunk}, stored, std::span(&part, 1), out.strings(), context);
    EXPECT_EQ(out.values<std::int16_t>()[0], 2 * chunk + 1);
    EXPECT_EQ(out.values<std::int16_t>()[1], 2 * chunk + 2);
  }
}

TEST_P(Shards, ADamagedIndexIsCorrupt) {
  ArrayMetadata metadata = new_array_metadata(3, types::int16, {8}, {2});
  metadata.sharding = Sharding{{8}, {GetParam(), true}};
  const auto expect_corrupt = [&](ByteView shard) {
    const std::shared_ptr<Store> store = memory_store();
    store->put(Key("c/0"), shard);
    Buffer stored;
    try {
      zarr_leaf_reader(store, Key(), metadata)->fetch({0}, stored);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
    }
  };
  const Buffer good = shard_bytes(GetParam());
  for (std::size_t bit = 0; bit < 68 * 8; bit += 5) {
    Buffer flipped;
    flipped.append(good);
    const std::size_t begin = GetParam() ? 17 : 0;
    flipped.bytes()[begin + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    expect_corrupt(flipped);
  }
  expect_corrupt(good.bytes().first(40));
  expect_corrupt(shard_bytes(GetParam(), 1000));                   // beyond the shard
  expect_corrupt(shard_bytes(GetParam(), ~std::uint64_t{0} - 3));  // offset + size overflows
}

// What a chunk costs is one read; its shard's file is opened once for all of them.
TEST_P(Shards, AreOpenedOnce) {
  TemporaryDirectory folder;
  FaultyFiles files(folder.files());
  const std::shared_ptr<Store> store = file_store(files, folder.path());
  ArrayMetadata metadata = new_array_metadata(3, types::int16, {8}, {2});
  metadata.codecs = CodecChain();
  metadata.sharding = Sharding{{8}, {GetParam(), true}};
  store->put(Key("c/0"), shard_bytes(GetParam()));
  const auto reader = zarr_leaf_reader(store, Key(), metadata);
  const std::int64_t before = files.gate().count("open");
  Buffer stored;
  for (int round = 0; round < 3; ++round) {
    for (const std::int64_t chunk : {0, 1, 3}) ASSERT_TRUE(reader->fetch({chunk}, stored));
  }
  EXPECT_EQ(files.gate().count("open") - before, 1);
}

// Sixteen readers that want the same index at once: one opens the shard, the others wait for it.
TEST_P(Shards, AreOpenedOnceByManyThreads) {
  TemporaryDirectory folder;
  FaultyFiles files(folder.files());
  const std::shared_ptr<Store> store = file_store(files, folder.path());
  ArrayMetadata metadata = new_array_metadata(3, types::int16, {8}, {2});
  metadata.codecs = CodecChain();
  metadata.sharding = Sharding{{8}, {GetParam(), true}};
  store->put(Key("c/0"), shard_bytes(GetParam()));
  for (int round = 0; round < 20; ++round) {
    const auto reader = zarr_leaf_reader(store, Key(), metadata);
    const std::int64_t before = files.gate().count("open");
    std::barrier together(16);
    std::vector<std::jthread> readers;
    for (int i = 0; i < 16; ++i) {
      readers.emplace_back([&] {
        Buffer stored;
        together.arrive_and_wait();
        for (const std::int64_t chunk : {0, 1, 3}) EXPECT_TRUE(reader->fetch({chunk}, stored));
      });
    }
    readers.clear();
    EXPECT_EQ(files.gate().count("open") - before, 1);
  }
}

// Who waited for a read that failed, or that hangs, reads for himself.
TEST(ShardIndexes, AFailedOrHungReadIsNotEverybodysFailure) {
  const Sharding sharding{{4}, {true, false}};
  for (const Failure failure : {Failure::error, Failure::hang}) {
    const auto under = memory_store();
    FaultyStore store(*under, {1, failure});
    under->put(Key("c/0"), as_bytes(std::string(64, '\xff')));
    ShardIndexes indexes;
    std::jthread first([&] {
      try {
        (void)indexes.get(store, Key("c/0"), sharding, 4);
      } catch (const Error&) {
        EXPECT_EQ(failure, Failure::error);
      }
    });
    while (store.calls() == 0) std::this_thread::yield();
    EXPECT_TRUE(indexes.get(store, Key("c/0"), sharding, 4)->has_value());
    store.release();
  }
}

TEST(OpenValues, AreOfTheVersionThatIsAskedFor) {
  TemporaryDirectory folder;
  const std::shared_ptr<Store> store = file_store(folder.files(), folder.path());
  const Key key("c/0");
  const Version old = store->put(key, as_bytes("old"));
  OpenValues values(1);
  const auto opened = values.get(*store, key, old);
  const Version fresh = store->put(key, as_bytes("fresher"));
  Buffer text;
  read_range(*values.get(*store, key, old), {0, 3}, text);  // kept open, so still what it was
  EXPECT_EQ(as_text(text), "old");
  read_range(*values.get(*store, key, fresh), {0, 7}, text);
  EXPECT_EQ(as_text(text), "fresher");
  EXPECT_THROW(values.get(*store, key, old), Error) << "it isn't kept any more";
  EXPECT_THROW(read_range(*values.get(*store, key, fresh), {5, 3}, text), Error);
  store->remove(key);
  EXPECT_THROW(OpenValues().get(*store, key, fresh), Error);
}

// A hundred shards of a thousand chunks: 16 KiB of index each, most of them forgotten again.
TEST(ShardIndexes, KeepWhatWasUsedLastWithinTheirBytes) {
  const auto under = memory_store();
  FaultyStore store(*under);
  const Sharding sharding{{1000}, {true, false}};
  const std::string absent(16'000, '\xff');
  for (int i = 0; i < 100; ++i) under->put(Key(fmt::format("c/{}", i)), as_bytes(absent));
  constexpr std::int64_t kMost = 100'000;
  ShardIndexes indexes(kMost);
  const auto reads = [&](int shard) {
    const std::int64_t before = store.gate().count("get");
    const auto entry = indexes.get(store, Key(fmt::format("c/{}", shard)), sharding, 1000);
    EXPECT_TRUE(entry->has_value());
    EXPECT_FALSE((*entry)->find(7));
    return store.gate().count("get") - before;
  };
  EXPECT_EQ(reads(0), 1);
  for (int shard = 1; shard < 100; ++shard) {
    EXPECT_EQ(reads(shard), 1);
    EXPECT_EQ(reads(0), 0) << "used all the time, so kept";
    EXPECT_LE(indexes.kept_bytes(), kMost);
  }
  EXPECT_GT(indexes.kept_bytes(), kMost / 2);
  EXPECT_EQ(reads(99), 0);
  EXPECT_EQ(reads(1), 1);
  ShardIndexes tiny(1);
  EXPECT_TRUE(tiny.get(store, Key("c/5"), sharding, 1000)->has_value());
  EXPECT_GT(tiny.kept_bytes(), 0) << "one is always kept";
}

}  // namespace
}  // namespace gridmill
