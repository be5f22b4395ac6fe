// What a cached store asks the store below, and when it believes what it has kept. That it is a
// store at all: store_test.cc.
#include "gridmill/store/cached_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doubles/assertions.h"
#include "doubles/slow_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/store/file_store.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class CachedStoreTest : public testing::Test {
 protected:
  CachedStoreTest() {
    far_->put(Key("zarr.json"), as_bytes("{}"));
    far_->put(Key("t/zarr.json"), as_bytes("{\"shape\": 4}"));
    far_->put(Key("t/c/0"), as_bytes("chunk 0"));
    far_->put(Key("t/c/1"), as_bytes("chunk 1"));
    far_->put(Key("t/c/9"), as_bytes("0123456789"));
  }

  // A run of its own.
  struct Run {
    std::shared_ptr<InputCache> cache;
    std::unique_ptr<Store> store;
  };

  Run open(CacheTrust trust, const char* path = "far/a.zarr") {
    auto directory = std::make_shared<CacheDirectory>(files_, directory_ / "cache", 1 << 20);
    auto cache = std::make_shared<InputCache>(std::move(directory), trust);
    auto store = open_input_store(files_, parse_location(directory_ / path), cache);
    files_.forget();
    return {std::move(cache), std::move(store)};
  }

  // As opening a store does.
  static void read_documents(Store& store) {
    (void)value_of(store, "zarr.json");
    (void)value_of(store, "t/zarr.json");
  }

  std::string read_all(Store& store) {
    read_documents(store);
    files_.forget();
    return value_of(store, "t/c/0").value_or("-") + value_of(store, "t/c/1").value_or("-") +
           value_of(store, "t/c/2").value_or("-");
  }

  void write_manifest(const std::string& content) {
    const auto beside = file_store(directory_.files(), directory_ / "far/a.zarr.gridmill");
    beside->put(Key("manifest"), as_bytes(content));
  }

  static std::string part_of(Store& store, ByteRange range) {
    Buffer bytes;
    EXPECT_TRUE(store.get(Key("t/c/9"), {{range}, {}}, bytes));
    return std::string(as_text(bytes));
  }

  std::vector<CacheFile> entries() { return cache_files(files_, directory_ / "cache"); }

  const std::unique_ptr<Clock> clock_ = system_clock();
  TemporaryDirectory directory_;
  SlowFiles files_{directory_.files(), *clock_, {directory_ / "far", 0, 0}};
  const std::unique_ptr<Store> far_ = file_store(directory_.files(), directory_ / "far/a.zarr");
};

TEST_F(CachedStoreTest, ASecondReadMovesNothing) {
  for (const CacheTrust trust : {CacheTrust::every_value, CacheTrust::once_per_store}) {
    Run first = open(trust);
    EXPECT_EQ(read_all(*first.store), "chunk 0chunk 1-");
  }
  Run second = open(CacheTrust::every_value);
  EXPECT_EQ(read_all(*second.store), "chunk 0chunk 1-");
  EXPECT_EQ(files_.bytes(), 0);
  EXPECT_EQ(files_.requests(), 3);  // two versions, and the chunk that is absent
  EXPECT_EQ(second.cache->counts.hits, 4);
  EXPECT_EQ(second.cache->counts.misses, 0);
  EXPECT_EQ(second.cache->counts.absent, 1);
  EXPECT_EQ(second.cache->counts.fetched_bytes, 0);
  EXPECT_EQ(second.cache->counts.hit_bytes, 2 + 12 + 7 + 7);
}

TEST_F(CachedStoreTest, AColdReadCostsOneRequestForEachValue) {
  Run run = open(CacheTrust::every_value);
  EXPECT_EQ(read_all(*run.store), "chunk 0chunk 1-");
  EXPECT_EQ(files_.requests(), 3);
  EXPECT_EQ(files_.bytes(), 14);
  EXPECT_EQ(run.cache->counts.asked, 0);
}

TEST_F(CachedStoreTest, DocumentsSpeakForTheirChunks) {
  write_manifest("1");
  (void)read_all(*open(CacheTrust::once_per_store).store);
  Run run = open(CacheTrust::once_per_store);
  EXPECT_EQ(read_all(*run.store), "chunk 0chunk 1-");
  EXPECT_EQ(files_.requests(), 0);        // that a chunk is absent is known, too
  EXPECT_EQ(run.cache->counts.asked, 2);  // the documents
  EXPECT_EQ(run.store->stat(Key("t/c/0"))->value_size, 7);
  EXPECT_FALSE(run.store->stat(Key("t/c/2")));
  EXPECT_EQ(files_.requests(), 0);
}

// Without its documents having been read, nothing speaks for a chunk.
TEST_F(CachedStoreTest, ChunksWithoutDocumentsAreAskedFor) {
  (void)read_all(*open(CacheTrust::once_per_store).store);
  Run run = open(CacheTrust::once_per_store);
  EXPECT_EQ(value_of(*run.store, "t/c/0"), "chunk 0");
  EXPECT_EQ(files_.requests(), 1);
  EXPECT_EQ(files_.bytes(), 0);
}

TEST_F(CachedStoreTest, AChunkThatChangedIsFetchedAgain) {
  (void)read_all(*open(CacheTrust::every_value).store);
  far_->put(Key("t/c/1"), as_bytes("CHUNK 1"));
  far_->put(Key("t/c/2"), as_bytes("chunk 2"));
  Run run = open(CacheTrust::every_value);
  EXPECT_EQ(read_all(*run.store), "chunk 0CHUNK 1chunk 2");
  EXPECT_EQ(files_.bytes(), 14);
  EXPECT_EQ(run.cache->counts.stale, 1);
  far_->remove(Key("t/c/0"));
  EXPECT_EQ(read_all(*run.store), "-CHUNK 1chunk 2");
  EXPECT_THAT(entries(), SizeIs(5));  // the new ones have replaced the old ones
}

// What once_per_store says that it doesn't see, and what it does.
TEST_F(CachedStoreTest, TrustEndsWithTheDocuments) {
  (void)read_all(*open(CacheTrust::once_per_store).store);
  far_->put(Key("t/c/1"), as_bytes("CHUNK 1"));
  EXPECT_EQ(read_all(*open(CacheTrust::once_per_store).store), "chunk 0chunk 1-");
  far_->put(Key("t/zarr.json"), as_bytes("{\"shape\": 5}"));
  far_->put(Key("t/c/2"), as_bytes("chunk 2"));
  Run run = open(CacheTrust::once_per_store);
  EXPECT_EQ(read_all(*run.store), "chunk 0CHUNK 1chunk 2");
  EXPECT_EQ(files_.bytes(), 14);
  EXPECT_EQ(read_all(*open(CacheTrust::once_per_store).store), "chunk 0CHUNK 1chunk 2");
  EXPECT_EQ(files_.requests(), 0);  // what was the same is known to be so under the new documents
}

// Documents of other arrays say nothing of this one's chunks.
TEST_F(CachedStoreTest, OtherArraysDocumentsDoNotMatter) {
  write_manifest("1");
  far_->put(Key("u/zarr.json"), as_bytes("{}"));
  Run first = open(CacheTrust::once_per_store);
  (void)value_of(*first.store, "u/zarr.json");
  (void)read_all(*first.store);
  far_->put(Key("u/zarr.json"), as_bytes("{\"shape\": 9}"));
  Run run = open(CacheTrust::once_per_store);
  (void)value_of(*run.store, "u/zarr.json");
  (void)read_all(*run.store);
  EXPECT_EQ(files_.requests(), 0);
}

// Others write documents first and chunks later, and no manifest.
TEST_F(CachedStoreTest, WithoutAManifestWhatIsAbsentIsAskedForAgain) {
  Run first = open(CacheTrust::once_per_store);
  EXPECT_EQ(read_all(*first.store), "chunk 0chunk 1-");
  EXPECT_FALSE(first.store->stat(Key("t/c/2")));
  const auto rests = first.cache->rests_on();
  ASSERT_TRUE(rests);
  EXPECT_TRUE(are_unchanged(files_, *rests, true));
  far_->put(Key("t/c/2"), as_bytes("chunk 2"));
  EXPECT_FALSE(are_unchanged(files_, *rests, true));
  Run run = open(CacheTrust::once_per_store);
  EXPECT_EQ(read_all(*run.store), "chunk 0chunk 1chunk 2");
  EXPECT_EQ(files_.bytes(), 7);
  EXPECT_TRUE(run.store->stat(Key("t/c/2")));
}

// What was kept as absent under a manifest is believed as long as that is the same.
TEST_F(CachedStoreTest, AbsenceIsBelievedUnderItsManifestOnly) {
  write_manifest("1");
  (void)read_all(*open(CacheTrust::once_per_store).store);
  far_->put(Key("t/c/2"), as_bytes("chunk 2"));
  EXPECT_EQ(read_all(*open(CacheTrust::once_per_store).store), "chunk 0chunk 1-");
  write_manifest("2");
  EXPECT_EQ(read_all(*open(CacheTrust::once_per_store).store), "chunk 0chunk 1chunk 2");
}

// Whatever Gridmill writes into a store changes its manifest, though not the documents.
TEST_F(CachedStoreTest, TrustEndsWithTheManifest) {
  write_manifest("1");
  (void)read_all(*open(CacheTrust::once_per_store).store);
  far_->put(Key("t/c/1"), as_bytes("CHUNK 1"));
  write_manifest("2");
  EXPECT_EQ(read_all(*open(CacheTrust::once_per_store).store), "chunk 0CHUNK 1-");
}

// A group that is named by its path: what is written into the store around it is noticed.
TEST_F(CachedStoreTest, TrustEndsWithTheManifestOfTheStoreAround) {
  const auto open_group = [&] {
    Run run = open(CacheTrust::once_per_store, "far/a.zarr/t");
    (void)value_of(*run.store, "zarr.json");
    return run;
  };
  const Run bare = open_group();
  EXPECT_EQ(value_of(*bare.store, "c/1"), "chunk 1");
  const auto rests = bare.cache->rests_on();
  ASSERT_TRUE(rests);
  EXPECT_TRUE(are_unchanged(files_, *rests, true));
  for (const std::string version : {"1", "2"}) {
    const std::string content = "CHUNK " + version;
    far_->put(Key("t/c/1"), as_bytes(content));
    write_manifest(version);
    EXPECT_EQ(value_of(*open_group().store, "c/1"), content);
    EXPECT_FALSE(are_unchanged(files_, *rests, true));
  }
}

// A store in whose place another was put, with the same keys.
TEST_F(CachedStoreTest, AnotherStoreInItsPlaceIsAnotherStore) {
  (void)read_all(*open(CacheTrust::once_per_store).store);
  far_->remove_below(Key());
  far_->put(Key("zarr.json"), as_bytes("{}"));
  far_->put(Key("t/zarr.json"), as_bytes("{\"shape\": 4}"));
  far_->put(Key("t/c/0"), as_bytes("other 0"));
  for (const CacheTrust trust : {CacheTrust::once_per_store, CacheTrust::every_value}) {
    EXPECT_EQ(read_all(*open(trust).store), "other 0--");
  }
}

TEST_F(CachedStoreTest, RangesAreKeptAsTheyWereAskedFor) {
  Run first = open(CacheTrust::every_value);
  EXPECT_EQ(part_of(*first.store, {2, 3}), "234");
  EXPECT_EQ(part_of(*first.store, {-3, 3}), "789");
  EXPECT_EQ(files_.bytes(), 6);
  Run second = open(CacheTrust::every_value);
  EXPECT_EQ(part_of(*second.store, {2, 3}), "234");
  EXPECT_EQ(part_of(*second.store, {-3, 3}), "789");
  EXPECT_EQ(files_.bytes(), 0);
  EXPECT_EQ(part_of(*second.store, {2, 4}), "2345");
  EXPECT_EQ(files_.bytes(), 4);
}

TEST_F(CachedStoreTest, BadEntriesAreFoundAndFetchedAgain) {
  write_manifest("1");
  (void)read_all(*open(CacheTrust::once_per_store).store);
  const std::vector<CacheFile> all = entries();
  ASSERT_THAT(all, SizeIs(5));  // two documents, three chunks, of which one is absent
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto entry = file_store(directory_.files(), all[i].path);
    std::string content = value_of(*entry, "").value_or("");
    if (i % 2 == 0) {
      content.back() = static_cast<char>(content.back() ^ 1);
    } else {
      content.pop_back();
    }
    directory_.files().remove_file(all[i].path);
    const auto file = directory_.files().create(all[i].path);
    file->append(as_bytes(content));
    file->close();
  }
  Run run = open(CacheTrust::once_per_store);
  EXPECT_EQ(read_all(*run.store), "chunk 0chunk 1-");
  EXPECT_EQ(run.cache->directory().dropped(), 5);
  EXPECT_EQ(files_.bytes(), 14);
  EXPECT_EQ(read_all(*open(CacheTrust::once_per_store).store), "chunk 0chunk 1-");
  EXPECT_EQ(files_.requests(), 0);
}

TEST_F(CachedStoreTest, KnowsWhatAResultRestsUpon) {
  Run run = open(CacheTrust::every_value);
  (void)read_all(*run.store);
  (void)run.store->children(Key());
  const auto rests = run.cache->rests_on();
  ASSERT_TRUE(rests);
  EXPECT_THAT(*rests, SizeIs(7));  // two documents, three chunks, the manifest, the names
  EXPECT_TRUE(are_unchanged(files_, *rests, false));
  far_->put(Key("t/c/2"), as_bytes("it is there now"));
  EXPECT_FALSE(are_unchanged(files_, *rests, false));
  EXPECT_TRUE(are_unchanged(files_, *rests, true));
  far_->remove(Key("t/c/2"));
  EXPECT_TRUE(are_unchanged(files_, *rests, false));
  far_->put(Key("u/zarr.json"), as_bytes("{}"));  // another array
  EXPECT_FALSE(are_unchanged(files_, *rests, true));
}

TEST_F(CachedStoreTest, WithTrustAResultRestsUponDocuments) {
  Run run = open(CacheTrust::once_per_store);
  (void)read_all(*run.store);
  const auto rests = run.cache->rests_on();
  ASSERT_TRUE(rests);
  EXPECT_THAT(*rests, SizeIs(4));  // two documents, the manifest, the chunk that is absent
  far_->put(Key("t/zarr.json"), as_bytes("{\"shape\": 5}"));
  EXPECT_FALSE(are_unchanged(files_, *rests, true));
}

TEST_F(CachedStoreTest, WhatChangesMeanwhileMakesNoResult) {
  Run run = open(CacheTrust::every_value);
  (void)read_all(*run.store);
  far_->put(Key("t/c/1"), as_bytes("CHUNK 1"));
  (void)read_all(*run.store);
  EXPECT_FALSE(run.cache->rests_on());
}

TEST_F(CachedStoreTest, WithoutACacheItIsThePlainStore) {
  const auto store = open_input_store(files_, parse_location(directory_ / "far/a.zarr"), nullptr);
  EXPECT_FALSE(store->keeps_values());
  EXPECT_EQ(value_of(*store, "t/c/0"), "chunk 0");
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(CachedStoreTest, PartsOfWhatIsKeptLieNearby) {
  for (const CacheTrust trust : {CacheTrust::every_value, CacheTrust::once_per_store}) {
    const Run cold = open(trust);
    read_documents(*cold.store);
    EXPECT_EQ(cold.store->nearby(Key("t/c/9")), nullptr);
    EXPECT_EQ(value_of(*cold.store, "t/c/9"), "0123456789");
    const Run warm = open(trust);
    read_documents(*warm.store);
    files_.forget();
    const auto value = warm.store->nearby(Key("t/c/9"));
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(value->size(), 10);
    const bool is_vouched = trust == CacheTrust::once_per_store;
    EXPECT_EQ(warm.store->nearby_size(Key("t/c/9")).value_or(-1), is_vouched ? 10 : -1);
    EXPECT_FALSE(warm.store->nearby_size(Key("t/c/0")));
    Buffer bytes;
    EXPECT_TRUE(value->read({{8, 2}, {1, 3}}, bytes));
    EXPECT_EQ(as_text(bytes), "89123");
    EXPECT_TRUE(value->read({{0, 1}}, bytes));
    EXPECT_EQ(files_.bytes(), 0);
    EXPECT_EQ(files_.requests(), trust == CacheTrust::every_value ? 1 : 0);
    EXPECT_EQ(warm.cache->counts.hits, 1 + 2);             // and the documents
    EXPECT_EQ(warm.store->nearby(Key("t/c/2")), nullptr);  // absent
    remove_tree(directory_.files(), directory_ / "cache");
  }
}

// What changed, or isn't vouched for any more, is for get(), which asks and keeps it again.
TEST_F(CachedStoreTest, WhatMayHaveChangedIsNotNearby) {
  const Run cold = open(CacheTrust::every_value);
  EXPECT_EQ(value_of(*cold.store, "t/c/9"), "0123456789");
  far_->put(Key("t/c/9"), as_bytes("9876543210"));
  const Run warm = open(CacheTrust::every_value);
  EXPECT_EQ(warm.store->nearby(Key("t/c/9")), nullptr);
  EXPECT_EQ(value_of(*warm.store, "t/c/9"), "9876543210");
  EXPECT_EQ(files_.requests(), 2);  // its version, once, and the value
  EXPECT_EQ(warm.cache->counts.stale, 1);
}

}  // namespace
}  // namespace gridmill
