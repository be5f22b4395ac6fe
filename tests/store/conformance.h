// conformance.h: what every store must do (store/store.h), as a suite.
//
// A store joins with INSTANTIATE_TEST_SUITE_P(Name, StoreConformance, Values(factory)). The factory
// gives a fresh, empty store together with whatever keeps it alive. Include it in one file per
// binary.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "doubles/assertions.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct OpenedStore {
  std::shared_ptr<void> ground;  // destroyed after the store
  std::unique_ptr<Store> store;
};
using StoreFactory = std::function<OpenedStore()>;

class StoreConformance : public testing::TestWithParam<StoreFactory> {
 protected:
  StoreConformance() : opened_(GetParam()()), store_(*opened_.store) {}

  Version put(std::string_view key, std::string_view value) {
    return store_.put(Key(key), as_bytes(value));
  }
  std::string ranges(std::string_view key, std::vector<ByteRange> wanted) {
    Buffer value;
    const auto result = store_.get(Key(key), {std::move(wanted), {}}, value);
    EXPECT_TRUE(result.has_value());
    return std::string(as_text(value));
  }

  OpenedStore opened_;
  Store& store_;
};

TEST_P(StoreConformance, GivesBackWhatWasPut) {
  const Version version = put("a/b/c", "hello");
  Buffer value;
  const auto result = store_.get(Key("a/b/c"), value);
  ASSERT_TRUE(result);
  EXPECT_EQ(as_text(value), "hello");
  EXPECT_EQ(result->value_size, 5);
  EXPECT_EQ(result->version, version);
  const auto status = store_.stat(Key("a/b/c"));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->version, version);
  EXPECT_EQ(status->value_size, 5);
}

TEST_P(StoreConformance, KeepsEmptyAndBinaryValues) {
  put("empty", "");
  EXPECT_EQ(value_of(store_, "empty"), "");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  put("binary", all);
  EXPECT_EQ(value_of(store_, "binary"), all);
}

TEST_P(StoreConformance, JoinsPieces) {
  const std::vector<ByteView> pieces{as_bytes("ab"), as_bytes(""), as_bytes("cde")};
  store_.put(Key("joined"), pieces);
  EXPECT_EQ(value_of(store_, "joined"), "abcde");
}

TEST_P(StoreConformance, ReplacesLongByShort) {
  put("k", "a long value");
  put("k", "short");
  EXPECT_EQ(value_of(store_, "k"), "short");
}

TEST_P(StoreConformance, ReplacesTheBuffersOldContent) {
  put("k", "ab");
  Buffer value;
  value.append(as_bytes("much longer than before"));
  ASSERT_TRUE(store_.get(Key("k"), value));
  EXPECT_EQ(as_text(value), "ab");
}

TEST_P(StoreConformance, SaysAbsentOnlyForAbsent) {
  EXPECT_EQ(value_of(store_, "nothing"), std::nullopt);
  EXPECT_EQ(value_of(store_, "no/thing/here"), std::nullopt);
  EXPECT_FALSE(store_.stat(Key("nothing")));
  put("a/b", "1");
  EXPECT_EQ(value_of(store_, "a"), std::nullopt);      // a prefix is not a value
  EXPECT_EQ(value_of(store_, "a/b/c"), std::nullopt);  // nor is what would lie below one
  EXPECT_FALSE(store_.stat(Key("a")));
}

TEST_P(StoreConformance, ReadsRanges) {
  put("k", "0123456789");
  EXPECT_EQ(ranges("k", {}), "0123456789");
  EXPECT_EQ(ranges("k", {{2, 3}}), "234");
  EXPECT_EQ(ranges("k", {{-3, 3}}), "789");
  EXPECT_EQ(ranges("k", {{-10, 1}, {5, 0}, {0, 2}, {8, 2}}), "00189");
  EXPECT_EQ(ranges("k", {{10, 0}}), "");
}

TEST_P(StoreConformance, RefusesRangesBeyondTheEnd) {
  put("k", "0123456789");
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (const ByteRange bad : std::vector<ByteRange>{
           {5, 6}, {11, 0}, {-11, 1}, {-3, 4}, {0, -1}, {kMost, 1}, {1, kMost}, {kLeast, 1}}) {
    EXPECT_EQ(kind_thrown([&] {
                ranges("k", {{0, 1}, bad});
              }),
              ErrorKind::corrupt)
        << bad.offset << " " << bad.length;
  }
}

// What a file claims to be is refused before memory is taken for it.
TEST_P(StoreConformance, RefusesMoreBytesThanAsked) {
  put("c/0/0", std::string(100'000, 'x'));
  const auto get = [&](std::vector<ByteRange> wanted, std::int64_t most) {
    Buffer value;
    try {
      EXPECT_TRUE(store_.get(Key("c/0/0"), {std::move(wanted), {}, most}, value));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_THAT(error.what(), testing::HasSubstr("c/0/0"));
      EXPECT_THAT(error.what(), testing::HasSubstr(std::to_string(most)));
      EXPECT_EQ(value.capacity(), 0U);
      return std::int64_t{-1};
    }
    return static_cast<std::int64_t>(value.size());
  };
  EXPECT_EQ(get({}, 100'000), 100'000);
  EXPECT_EQ(get({}, 99'999), -1);
  EXPECT_EQ(get({{0, 60'000}, {-60'000, 60'000}}, 120'000), 120'000);
  EXPECT_EQ(get({{0, 60'000}, {-60'000, 60'000}}, 119'999), -1);
  EXPECT_EQ(get({{5, 10}}, 10), 10);
  EXPECT_EQ(get({{5, 10}}, 0), -1);
}

TEST_P(StoreConformance, HoldsReadersToTheirVersion) {
  const Version old = put("k", "one");
  Buffer value;
  ASSERT_TRUE(store_.get(Key("k"), {{}, old}, value));
  const Version fresh = put("k", "two");
  EXPECT_NE(old, fresh);
  EXPECT_EQ(kind_thrown([&] {
              (void)store_.get(Key("k"), {{}, old}, value);
            }),
            ErrorKind::conflict);
  ASSERT_TRUE(store_.get(Key("k"), {{{0, 2}}, fresh}, value));
  EXPECT_EQ(as_text(value), "tw");
}

TEST_P(StoreConformance, OpensOneVersionToBeReadByPieces) {
  const Version version = put("a/k", "0123456789");
  const auto reader = store_.reader(Key("a/k"));
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->size(), 10);
  EXPECT_EQ(reader->version(), version);
  const auto read = [&](std::int64_t offset, std::size_t length) {
    std::string bytes(length, '.');
    bytes.resize(reader->read_at(offset, {reinterpret_cast<std::byte*>(bytes.data()), length}));
    return bytes;
  };
  EXPECT_EQ(read(0, 10), "0123456789");
  EXPECT_EQ(read(3, 4), "3456");
  EXPECT_EQ(read(8, 5), "89");  // as far as it goes
  EXPECT_EQ(read(10, 1), "");
  EXPECT_EQ(read(25, 3), "");
  EXPECT_EQ(read(5, 0), "");
  EXPECT_EQ(read(1, 2), "12");  // and back
}

TEST_P(StoreConformance, OpensNothingWhereNoValueIs) {
  put("a/b", "1");
  for (const char* key : {"nothing", "a", "a/b/c", "no/thing"}) {
    EXPECT_EQ(store_.reader(Key(key)), nullptr) << key;
  }
}

TEST_P(StoreConformance, ReadersOfPiecesStayWithTheirVersion) {
  put("k", std::string(1000, 'a'));
  const auto reader = store_.reader(Key("k"));
  const auto first = [&] {
    std::byte byte{};
    EXPECT_EQ(reader->read_at(500, {&byte, 1}), 1U);
    return static_cast<char>(byte);
  };
  EXPECT_EQ(first(), 'a');
  const auto expect_old = [&] {
    try {
      EXPECT_EQ(first(), 'a');
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::conflict) << error.what();
    }
  };
  put("k", std::string(2000, 'b'));
  expect_old();
  store_.remove(Key("k"));
  expect_old();
}

// Same key, same size, quick succession: names and times that the system uses again must not make
// two values look like one.
TEST_P(StoreConformance, EveryValueHasItsOwnVersion) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(seen.insert(put("k", fmt::format("{:04}", i)).token).second) << i;
  }
}

TEST_P(StoreConformance, PutsIfAbsent) {
  const Version version = store_.put_if(Key("d/k"), as_bytes("first"), std::nullopt);
  EXPECT_EQ(store_.stat(Key("d/k"))->version, version);
  EXPECT_EQ(kind_thrown([&] { store_.put_if(Key("d/k"), as_bytes("second"), std::nullopt); }),
            ErrorKind::conflict);
  EXPECT_EQ(value_of(store_, "d/k"), "first");
}

TEST_P(StoreConformance, PutsIfTheVersionIsTheSame) {
  const Version old = put("k", "1");
  const Version next = store_.put_if(Key("k"), as_bytes("2"), old);
  EXPECT_EQ(kind_thrown([&] { store_.put_if(Key("k"), as_bytes("3"), old); }), ErrorKind::conflict);
  EXPECT_EQ(value_of(store_, "k"), "2");
  store_.remove(Key("k"));
  EXPECT_EQ(kind_thrown([&] { store_.put_if(Key("k"), as_bytes("4"), next); }),
            ErrorKind::conflict);
  EXPECT_EQ(value_of(store_, "k"), std::nullopt);
}

TEST_P(StoreConformance, OneOfManyConditionalPutsWins) {
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int round = 0; round < 50; ++round) {
          try {
            store_.put_if(Key(fmt::format("r{}", round)), as_bytes(std::to_string(t)),
                          std::nullopt);
            ++won;
          } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::conflict) << error.what();
          }
        }
      });
    }
  }
  EXPECT_EQ(won, 50);
}

// Read, add one, write back if unchanged: no addition is lost.
TEST_P(StoreConformance, ConditionalPutsCount) {
  put("n", "0");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int done = 0; done < 25;) {
          Buffer value;
          const auto got = store_.get(Key("n"), value);
          const std::string next = std::to_string(std::stoi(std::string(as_text(value))) + 1);
          try {
            store_.put_if(Key("n"), as_bytes(next), got->version);
            ++done;
          } catch (const Error& error) {
            ASSERT_EQ(error.kind(), ErrorKind::conflict) << error.what();
          }
        }
      });
    }
  }
  EXPECT_EQ(value_of(store_, "n"), "100");
}

TEST_P(StoreConformance, WritersShowNothingBeforeCommit) {
  put("w", "old");
  auto writer = store_.writer(Key("w"));
  writer->append(as_bytes("ne"));
  EXPECT_EQ(value_of(store_, "w"), "old");
  EXPECT_EQ(listed(store_, ""), std::vector<std::string>{"w"});
  writer->append(as_bytes("w"));
  const Version version = writer->commit();
  EXPECT_EQ(value_of(store_, "w"), "new");
  EXPECT_EQ(store_.stat(Key("w"))->version, version);
}

TEST_P(StoreConformance, AbandonedWritersLeaveNothing) {
  store_.writer(Key("a/w"))->append(as_bytes("lost"));
  EXPECT_EQ(value_of(store_, "a/w"), std::nullopt);
  EXPECT_TRUE(listed(store_, "").empty());
  EXPECT_TRUE(store_.children(Key("a")).empty());
}

TEST_P(StoreConformance, WritersOfOneKeyDoNotMix) {
  auto first = store_.writer(Key("w"));
  auto second = store_.writer(Key("w"));
  first->append(as_bytes("111"));
  second->append(as_bytes("22"));
  first->append(as_bytes("111"));
  (void)second->commit();
  EXPECT_EQ(value_of(store_, "w"), "22");
  (void)first->commit();
  EXPECT_EQ(value_of(store_, "w"), "111111");
}

// '-' and '.' sort before '/', so that key order differs from a walk through directories.
TEST_P(StoreConformance, ListsInKeyOrder) {
  const std::vector<std::string> keys{"a-b",  "a.c/0", "a/0", "a/1/2",
                                      "a/10", "a0",    "b",   "zarr.json"};
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) put(*key, *key);
  EXPECT_EQ(listed(store_, ""), keys);
  EXPECT_EQ(listed(store_, "a"), (std::vector<std::string>{"a/0", "a/1/2", "a/10"}));
  EXPECT_EQ(listed(store_, "a/1"), std::vector<std::string>{"a/1/2"});
  EXPECT_EQ(listed(store_, "b"), std::vector<std::string>{"b"});
  EXPECT_TRUE(listed(store_, "none").empty());
  store_.list(Key(), [](const ListEntry& entry) {
    EXPECT_EQ(entry.size, static_cast<std::int64_t>(entry.key.text().size()));
  });
}

TEST_P(StoreConformance, NamesChildrenSortedAndOnce) {
  for (const char* key : {"a/x", "a-b", "a/y/z", "b", "c/d/e"}) put(key, "");
  EXPECT_EQ(store_.children(Key()), (std::vector<std::string>{"a", "a-b", "b", "c"}));
  EXPECT_EQ(store_.children(Key("a")), (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(store_.children(Key("b")).empty());
  EXPECT_TRUE(store_.children(Key("none")).empty());
}

TEST_P(StoreConformance, Removes) {
  put("a/k", "1");
  EXPECT_TRUE(store_.remove(Key("a/k")));
  EXPECT_FALSE(store_.remove(Key("a/k")));
  EXPECT_FALSE(store_.remove(Key("never/was")));
  EXPECT_FALSE(store_.remove(Key("a")));
  EXPECT_EQ(value_of(store_, "a/k"), std::nullopt);
  put("a/k", "2");
  EXPECT_EQ(value_of(store_, "a/k"), "2");
}

TEST_P(StoreConformance, RemovesAllBelow) {
  for (const char* key : {"a/x", "a/y/z", "ab", "a-b"}) put(key, key);
  store_.remove_below(Key("a"));
  EXPECT_EQ(listed(store_, ""), (std::vector<std::string>{"a-b", "ab"}));
  store_.remove_below(Key("ab"));
  store_.remove_below(Key("never/was"));
  EXPECT_EQ(listed(store_, ""), std::vector<std::string>{"a-b"});
  put("a/x", "again");
  EXPECT_EQ(value_of(store_, "a/x"), "again");
}

TEST_P(StoreConformance, Moves) {
  for (const char* key : {"a/x", "a/y/z", "ab", "c"}) put(key, key);
  store_.move(Key("a"), Key("d/e"));
  EXPECT_EQ(listed(store_, ""), (std::vector<std::string>{"ab", "c", "d/e/x", "d/e/y/z"}));
  EXPECT_EQ(value_of(store_, "d/e/y/z"), "a/y/z");
  store_.move(Key("c"), Key("d/c"));
  EXPECT_EQ(value_of(store_, "d/c"), "c");
  EXPECT_EQ(kind_thrown([&] { store_.move(Key("ab"), Key("d/c")); }), ErrorKind::conflict);
  EXPECT_EQ(kind_thrown([&] { store_.move(Key("ab"), Key("d")); }), ErrorKind::conflict);
  EXPECT_EQ(value_of(store_, "d/c"), "c");
  put("a/x", "again");  // where it was, there is room
  EXPECT_EQ(value_of(store_, "a/x"), "again");
}

TEST_P(StoreConformance, TakesUnusualKeys) {
  for (const std::string& key :
       {std::string("sp ace/ü\\n/..."), std::string("a:b#c?d%2F"), std::string("back\\slash"),
        std::string("c/") + std::string(250, 'n'), std::string(".zgroup"), std::string("-")}) {
    put(key, key);
    EXPECT_EQ(value_of(store_, key), key);
  }
  EXPECT_EQ(listed(store_, "").size(), 6U);
}

TEST_P(StoreConformance, ListsManyKeys) {
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) keys.push_back(fmt::format("c/{:02}/{:03}", i / 100, i % 100));
  for (const std::string& key : keys) put(key, "x");
  EXPECT_EQ(listed(store_, ""), keys);
}

// Four writers replace one value while a reader looks: every value is whole.
TEST_P(StoreConformance, ReadersNeverSeeAMixture) {
  const std::size_t size = 100'000;
  put("k", std::string(size, 'a'));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  {
    std::jthread reader([&] {
      Buffer value;
      while (!done || reads < 20) {
        ASSERT_TRUE(store_.get(Key("k"), value));
        const std::string_view text = as_text(value);
        ASSERT_EQ(text.size() % size, 0U);
        ASSERT_EQ(text.find_first_not_of(text[0]), std::string_view::npos);
        ++reads;
      }
    });
    std::vector<std::jthread> writers;
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&, t] {
        const auto times = static_cast<std::size_t>(1 + t % 2);
        const std::string value(size * times, static_cast<char>('a' + t));
        for (int i = 0; i < 30; ++i) put("k", value);
      });
    }
    writers.clear();
    done = true;
  }
  EXPECT_GE(reads, 20);
  EXPECT_EQ(listed(store_, ""), std::vector<std::string>{"k"});
}

TEST_P(StoreConformance, DescribesItself) { EXPECT_FALSE(store_.describe().empty()); }

}  // namespace gridmill
