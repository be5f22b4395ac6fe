// What is kept is proved whenever it is read, stays below its cap, and never spoils anything.
#include "gridmill/store/cache_directory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <thread>

#include "doubles/assertions.h"
#include "doubles/faulty_files.h"
#include "doubles/temporary_directory.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kLarge = 1 << 30;

CacheName named(const std::string& key) { return {"/far/a.zarr", key, ""}; }

std::string numbers(std::size_t count) {
  std::string text(count, '\0');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>(i * i % 251);
  return text;
}

class CacheDirectoryTest : public testing::Test {
 protected:
  CacheDirectory cache(std::int64_t most_bytes = kLarge) {
    return {files_, directory_ / "cache", most_bytes};
  }

  static void keep(CacheDirectory& cache, const std::string& key, const std::string& content) {
    cache.keep(CacheKind::chunks, named(key), {{"version", "1"}}, as_bytes(content));
  }

  static std::optional<std::string> kept(CacheDirectory& cache, const std::string& key) {
    const auto entry = cache.find(CacheKind::chunks, named(key));
    Buffer bytes;
    if (entry == nullptr || !cache.read(CacheKind::chunks, *entry, {}, bytes)) return std::nullopt;
    return std::string(as_text(bytes));
  }

  std::string path_of(const std::string& key) const {
    return entry_path(directory_ / "cache", CacheKind::chunks, named(key).digest());
  }

  std::string content_of(const std::string& path) {
    return value_of(*file_store(directory_.files(), path), "").value_or("");
  }

  void write(const std::string& path, const std::string& content) {
    directory_.files().remove_file(path);
    const auto file = directory_.files().create(path);
    file->append(as_bytes(content));
    file->close();
  }

  std::vector<std::string> unfinished() { return debris(directory_.files(), directory_ / "cache"); }

  std::int64_t total() {
    std::int64_t bytes = 0;
    for (const CacheFile& file : cache_files(directory_.files(), directory_ / "cache")) {
      bytes += file.size;
    }
    return bytes;
  }

  TemporaryDirectory directory_;
  FaultyFiles files_{directory_.files()};
};

TEST_F(CacheDirectoryTest, GivesBackWhatWasKept) {
  CacheDirectory first = cache();
  keep(first, "t/c/0", "one");
  keep(first, "t/c/1", "");
  first.keep(CacheKind::chunks, {"/far/a.zarr", "t/c/0", "0+2 "}, {}, as_bytes("on"));
  CacheDirectory second = cache();
  EXPECT_EQ(kept(second, "t/c/0"), "one");
  EXPECT_EQ(kept(second, "t/c/1"), "");
  EXPECT_EQ(kept(second, "t/c/2"), std::nullopt);
  const auto entry = second.find(CacheKind::chunks, named("t/c/0"));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->head().name, named("t/c/0"));
  EXPECT_EQ(entry->head().about.value("version", ""), "1");
  EXPECT_EQ(entry->file_size(), directory_.files().status(path_of("t/c/0"))->size);
  EXPECT_EQ(second.find(CacheKind::steps, named("t/c/0")), nullptr);
  EXPECT_EQ(first.kept(), 3);
  EXPECT_THAT(second.notes(), IsEmpty());
}

TEST_F(CacheDirectoryTest, WhatIsKeptAgainReplacesTheOldOne) {
  CacheDirectory mine = cache();
  keep(mine, "k", "old and long");
  keep(mine, "k", "new");
  EXPECT_EQ(kept(mine, "k"), "new");
  EXPECT_THAT(cache_files(files_, mine.path()), SizeIs(1));
}

TEST_F(CacheDirectoryTest, NamesThatAreNoTextAreKeptApart) {
  CacheDirectory mine = cache();
  keep(mine, "\xff", "one");
  keep(mine, "\xfe", "two");
  EXPECT_EQ(kept(mine, "\xff"), "one");
  EXPECT_EQ(kept(mine, "\xfe"), "two");
  EXPECT_EQ(mine.dropped(), 0);
}

TEST_F(CacheDirectoryTest, ManyPiecesAndLongHeadsComeBack) {
  CacheDirectory mine = cache();
  const std::string large = numbers(9'000'001);
  write(directory_ / "table.csv", large);
  const std::string about(100'000, 'a');
  mine.keep_file(CacheKind::steps, named("s"), {{"about", about}}, directory_ / "table.csv");
  const auto entry = mine.find(CacheKind::steps, named("s"));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->head().about.value("about", ""), about);
  const auto store = memory_store();
  const auto writer = store->writer(Key("copy"));
  EXPECT_TRUE(mine.copy(CacheKind::steps, *entry, *writer));
  (void)writer->commit();
  EXPECT_EQ(value_of(*store, "copy"), large);
}

TEST_F(CacheDirectoryTest, PartsAreThoseOfTheWhole) {
  CacheDirectory mine = cache();
  const std::string whole = numbers(300'001);
  keep(mine, "k", whole);
  const auto entry = mine.find(CacheKind::chunks, named("k"));
  ASSERT_NE(entry, nullptr);
  EXPECT_THAT(entry->head().hashes, SizeIs(5));
  Buffer bytes;
  const auto part = [&](const std::vector<ByteRange>& ranges) {
    EXPECT_TRUE(mine.read(CacheKind::chunks, *entry, ranges, bytes));
    return std::string(as_text(bytes));
  };
  EXPECT_EQ(part({}), whole);
  EXPECT_EQ(part({{0, 1}}), whole.substr(0, 1));
  EXPECT_EQ(part({{65'535, 2}}), whole.substr(65'535, 2));
  EXPECT_EQ(part({{65'536, 65'536}}), whole.substr(65'536, 65'536));
  EXPECT_EQ(part({{262'143, 37'858}}), whole.substr(262'143));
  EXPECT_EQ(part({{200'000, 5}, {7, 100'000}, {300'001, 0}}),
            whole.substr(200'000, 5) + whole.substr(7, 100'000));
  EXPECT_EQ(kind_thrown([&] { (void)part({{300'000, 2}}); }), ErrorKind::corrupt);
  EXPECT_EQ(part({{0, 1}}), whole.substr(0, 1));  // that was the asker's mistake
  EXPECT_EQ(mine.dropped(), 0);
}

TEST_F(CacheDirectoryTest, APartIsProvedByItself) {
  CacheDirectory mine = cache();
  const std::string whole = numbers(300'001);
  keep(mine, "k", whole);
  std::string bad = content_of(path_of("k"));
  bad.back() = static_cast<char>(bad.back() ^ 1);
  write(path_of("k"), bad);
  const auto entry = mine.find(CacheKind::chunks, named("k"));
  ASSERT_NE(entry, nullptr);
  Buffer bytes;
  EXPECT_TRUE(mine.read(CacheKind::chunks, *entry, {{0, 262'144}}, bytes));
  EXPECT_EQ(as_text(bytes), whole.substr(0, 262'144));
  EXPECT_FALSE(mine.read(CacheKind::chunks, *entry, {{262'144, 1}}, bytes));
  EXPECT_EQ(mine.dropped(), 1);
  EXPECT_EQ(mine.find(CacheKind::chunks, named("k")), nullptr);
}

// Every byte of an entry is under a checksum, or its length says that something is wrong.
TEST_F(CacheDirectoryTest, EveryFlippedByteIsFound) {
  CacheDirectory mine = cache();
  keep(mine, "k", "the content of a chunk");
  const std::string path = path_of("k"), good = content_of(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    write(path, bad);
    EXPECT_EQ(kept(mine, "k"), std::nullopt) << at;
    EXPECT_FALSE(directory_.files().status(path)) << at;
  }
  EXPECT_EQ(mine.dropped(), static_cast<std::int64_t>(good.size()));
  ASSERT_THAT(mine.notes(), SizeIs(2));  // the first one, and how many
  EXPECT_THAT(mine.notes()[0], HasSubstr("/far/a.zarr#/k"));
  EXPECT_THAT(mine.notes()[1], HasSubstr(std::to_string(good.size())));
}

TEST_F(CacheDirectoryTest, EveryTruncationIsFoundAndSoIsAnAppendedEnd) {
  CacheDirectory mine = cache();
  keep(mine, "k", "the content of a chunk");
  const std::string path = path_of("k"), good = content_of(path);
  for (std::size_t length = 0; length < good.size(); ++length) {
    write(path, good.substr(0, length));
    EXPECT_EQ(kept(mine, "k"), std::nullopt) << length;
  }
  write(path, good + "x");
  EXPECT_EQ(kept(mine, "k"), std::nullopt);
  write(path, good);
  EXPECT_EQ(kept(mine, "k"), "the content of a chunk");
}

TEST_F(CacheDirectoryTest, AnEntryInTheWrongPlaceIsFound) {
  CacheDirectory mine = cache();
  keep(mine, "one", "1");
  keep(mine, "two", "2");
  write(path_of("two"), content_of(path_of("one")));
  EXPECT_EQ(kept(mine, "two"), std::nullopt);
  EXPECT_EQ(kept(mine, "one"), "1");
  EXPECT_EQ(mine.dropped(), 1);
}

// Entries of 1000 bytes and a head; the cap holds a dozen.
TEST_F(CacheDirectoryTest, WhatWasUsedLongestAgoGoesFirst) {
  const std::string content(1000, 'x');
  std::int64_t size = 0;
  {
    CacheDirectory one = cache();
    keep(one, "0", content);
    size = total();
  }
  const std::int64_t cap = 12 * size + 100;  // some names are longer
  CacheDirectory mine = cache(cap);
  for (int i = 1; i < 12; ++i) keep(mine, std::to_string(i), content);
  EXPECT_EQ(mine.evicted(), 0);
  EXPECT_EQ(kept(mine, "0"), content);  // the oldest one has been used by now
  keep(mine, "a", content);             // one too many: down to 90 %
  EXPECT_LE(total(), cap * 9 / 10);
  EXPECT_GE(mine.evicted(), 2);
  EXPECT_EQ(kept(mine, "0"), content);
  EXPECT_EQ(kept(mine, "a"), content);
  EXPECT_EQ(kept(mine, "1"), std::nullopt);
  EXPECT_EQ(kept(mine, "2"), std::nullopt);
  EXPECT_EQ(kept(mine, "11"), content);
}

TEST_F(CacheDirectoryTest, StepsCountBelowTheSameCap) {
  write(directory_ / "table.csv", std::string(5000, 't'));
  CacheDirectory mine = cache(25'000);
  mine.keep_file(CacheKind::steps, named("s"), {}, directory_ / "table.csv");
  for (int i = 0; i < 30; ++i) {
    keep(mine, std::to_string(i), std::string(2000, 'c'));
    EXPECT_LE(total(), 25'000);
  }
  EXPECT_EQ(mine.find(CacheKind::steps, named("s")), nullptr);  // it wasn't used since
  EXPECT_THAT(mine.notes(), IsEmpty());
}

TEST_F(CacheDirectoryTest, WhatWouldTakeAQuarterOfTheCapIsNotKept) {
  CacheDirectory mine = cache(10'000);
  keep(mine, "large", std::string(2501, 'x'));
  keep(mine, "small", std::string(2000, 'x'));
  EXPECT_EQ(kept(mine, "large"), std::nullopt);
  EXPECT_NE(kept(mine, "small"), std::nullopt);
}

TEST_F(CacheDirectoryTest, NothingIsMadeBeforeSomethingIsKept) {
  CacheDirectory mine = cache();
  EXPECT_EQ(kept(mine, "k"), std::nullopt);
  EXPECT_FALSE(directory_.files().status(directory_ / "cache"));
  EXPECT_FALSE(is_cache_directory(files_, mine.path()));
  keep(mine, "k", "1");
  EXPECT_TRUE(is_cache_directory(files_, mine.path()));
}

TEST_F(CacheDirectoryTest, SomebodyElsesFolderIsRefused) {
  const auto made = [&](const std::string& name) {
    return kind_thrown([&] { const CacheDirectory no(files_, directory_ / name, kLarge); });
  };
  directory_.files().make_directories(directory_ / "thesis/chapters");
  EXPECT_EQ(made("thesis"), ErrorKind::conflict);
  write(directory_ / "file", "x");
  EXPECT_EQ(made("file"), ErrorKind::conflict);
  directory_.files().make_directories(directory_ / "empty");
  CacheDirectory empty(files_, directory_ / "empty", kLarge);
  keep(empty, "k", "1");
  EXPECT_EQ(kept(empty, "k"), "1");
}

// A kill while the folder gets its tag.
TEST_F(CacheDirectoryTest, AFolderWhoseTagIsUnfinishedIsTaken) {
  directory_.files().make_directories(directory_ / "cache");
  write(directory_ / "cache/.CACHEDIR.TAG.1f2e.partial", "Signature");
  CacheDirectory mine = cache();
  keep(mine, "k", "1");
  EXPECT_EQ(kept(mine, "k"), "1");
  EXPECT_TRUE(is_cache_directory(files_, mine.path()));
}

// The disk is full at the n-th call, for every n: nothing is thrown, nothing half is left, and one
// note says which folder it is and what to do.
TEST_F(CacheDirectoryTest, AFullDiskEndsTheKeepingAndNothingElse) {
  keep(*std::make_unique<CacheDirectory>(files_, directory_ / "cache", kLarge), "before", "0");
  bool has_fired = true;
  for (int n = 1; has_fired; ++n) {
    ASSERT_LT(n, 500);
    CacheDirectory mine = cache();
    files_.set_fault({n, Failure::full_disk});
    keep(mine, "one", "1");
    keep(mine, "two", "2");
    keep(mine, "three", "3");
    has_fired = files_.fired();
    const auto one = kept(mine, "one"), three = kept(mine, "three");
    EXPECT_TRUE(!one || one == "1");
    EXPECT_EQ(kept(mine, "before"), "0") << n;
    files_.set_fault({});
    EXPECT_THAT(unfinished(), IsEmpty()) << n;
    for (const char* key : {"one", "two", "three"}) files_.remove_file(path_of(key));
    if (!has_fired) {
      EXPECT_EQ(three, "3");
      EXPECT_THAT(mine.notes(), IsEmpty());
      continue;
    }
    EXPECT_EQ(mine.dropped(), 0) << n;
    ASSERT_THAT(mine.notes(), SizeIs(1)) << n;
    EXPECT_THAT(mine.notes()[0], HasSubstr(mine.path()));
    EXPECT_THAT(mine.notes()[0], HasSubstr("free"));
    EXPECT_THAT(mine.notes()[0], HasSubstr("--cache-size"));
  }
}

// What can't be read now is no reason to remove it.
TEST_F(CacheDirectoryTest, WhatCanNotBeReadIsPassedOverAndStays) {
  for (const ErrorKind kind : {ErrorKind::denied, ErrorKind::unavailable}) {
    CacheDirectory mine = cache();
    keep(mine, "k", "1");
    for (const char* call : {"open", "status", "read_at"}) {
      files_.set_fault({1, Failure::error, kind, call, path_of("k")});
      EXPECT_EQ(kept(mine, "k"), std::nullopt) << call;
      EXPECT_TRUE(files_.fired()) << call;
      files_.set_fault({});
      EXPECT_EQ(kept(mine, "k"), "1") << call;
    }
    EXPECT_EQ(mine.dropped(), 0);
    EXPECT_THAT(mine.notes(), ElementsAre(HasSubstr("not everything can be read")));
  }
}

// Of a cache that may only be read, hits are hits.
TEST_F(CacheDirectoryTest, HitsNeedNoWriting) {
  CacheDirectory mine = cache();
  keep(mine, "k", "1");
  files_.set_fault({1, Failure::sticky, ErrorKind::denied, "touch"});
  EXPECT_EQ(kept(mine, "k"), "1");
  EXPECT_TRUE(files_.fired());
  EXPECT_THAT(mine.notes(), IsEmpty());
}

// Two of these stand for two processes: they share nothing but the folder. The cap makes both evict
// all the time.
TEST_F(CacheDirectoryTest, ProcessesAndThreadsShareOneFolder) {
  CacheDirectory first = cache(20'000), second = cache(20'000);
  const auto content = [](int key) {
    return std::string(1000 + static_cast<std::size_t>(key), static_cast<char>('a' + key));
  };
  std::atomic<int> hits = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        CacheDirectory& mine = t % 2 == 0 ? first : second;
        for (int round = 0; round < 150; ++round) {
          const int key = (round / 3 + t * 6) % 25;
          const auto found = kept(mine, std::to_string(key));
          if (found) {
            EXPECT_EQ(*found, content(key));
            ++hits;
          } else {
            keep(mine, std::to_string(key), content(key));
          }
        }
      });
    }
  }
  EXPECT_GT(hits, 0);
  EXPECT_EQ(first.dropped() + second.dropped(), 0);
  EXPECT_THAT(first.notes(), IsEmpty());
  EXPECT_THAT(second.notes(), IsEmpty());
  EXPECT_THAT(unfinished(), IsEmpty());
}

// What killed writers have left takes no entry's place, and goes when room is made.
TEST_F(CacheDirectoryTest, WhatIsUnfinishedEvictsNothing) {
  CacheDirectory mine = cache(25'000);
  keep(mine, "0", std::string(2000, 'c'));
  const std::string path = path_of("0"), folder = path.substr(0, path.rfind('/'));
  const std::string old = folder + "/.old.1.partial", young = folder + "/.young.1.partial";
  write(old, std::string(30'000, 'x'));
  write(young, std::string(30'000, 'x'));
  const std::filesystem::file_time_type now = std::filesystem::last_write_time(young);
  std::filesystem::last_write_time(old, now - std::chrono::hours(25));
  CacheDirectory next = cache(25'000);
  for (int i = 1; i < 5; ++i) keep(next, std::to_string(i), std::string(2000, 'c'));
  EXPECT_EQ(next.evicted(), 0);
  EXPECT_NE(kept(next, "0"), std::nullopt);
  EXPECT_TRUE(directory_.files().status(old));
  for (int i = 5; i < 20; ++i) keep(next, std::to_string(i), std::string(2000, 'c'));
  EXPECT_GT(next.evicted(), 0);
  EXPECT_NE(kept(next, "19"), std::nullopt);
  EXPECT_FALSE(directory_.files().status(old));
  EXPECT_TRUE(directory_.files().status(young));
}

TEST_F(CacheDirectoryTest, ListsWhatIsUnfinishedAsSuch) {
  CacheDirectory mine = cache();
  keep(mine, "k", "1");
  const std::string path = path_of("k");
  write(path.substr(0, path.rfind('/')) + "/.abc.123.partial", "half");
  const auto found = cache_files(files_, mine.path());
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_NE(found[0].is_unfinished, found[1].is_unfinished);
}

}  // namespace
}  // namespace gridmill
