#include "gridmill/sink/partitioning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using Texts = std::vector<std::string>;

std::vector<std::uint32_t> all_of(const Partitioning& partitions) {
  std::vector<std::uint32_t> found(static_cast<std::size_t>(partitions.rows()));
  partitions.find(0, found);
  return found;
}

// What the folder of each row must be, straight from the keys.
Texts folders(const Shape& rows, const std::vector<PartitionKey>& keys) {
  Texts expected;
  for_each_position(whole_box(rows), [&](const Index& at) {
    std::string folder;
    for (const PartitionKey& key : keys) {
      const std::string& text = key.texts[static_cast<std::size_t>(at[key.dimension])];
      folder += (folder.empty() ? "" : "/") + key.name + "=" + text;
    }
    expected.push_back(folder);
  });
  return expected;
}

TEST(Partitioning, EveryRowIsInTheFolderOfItsKeys) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    Shape rows;
    for (int d = 0; d < 3; ++d) rows.push_back(1 + static_cast<std::int64_t>(random() % 5));
    std::vector<PartitionKey> keys;
    for (std::size_t k = 0; k < random() % 4; ++k) {
      PartitionKey key{"k" + std::to_string(k), static_cast<int>(random() % 3), {}};
      for (std::int64_t i = 0; i < rows[key.dimension]; ++i) {
        key.texts.push_back(std::to_string(random() % 3));
      }
      keys.push_back(key);
    }
    const Partitioning partitions(rows, keys);
    const Texts expected = folders(rows, keys);
    const auto found = all_of(partitions);
    std::map<std::uint32_t, std::int64_t> counts;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(partitions.folder(found[i]), expected[i]);
      ++counts[found[i]];
    }
    ASSERT_EQ(std::ssize(counts), partitions.size());
    for (const auto& [partition, count] : counts) EXPECT_EQ(partitions.rows_of(partition), count);
    EXPECT_EQ(partitions.is_contiguous(), std::is_sorted(found.begin(), found.end()));
    // Any stretch of rows is the same as a part of all.
    const std::size_t first = random() % found.size();
    std::vector<std::uint32_t> rest(found.size() - first);
    partitions.find(static_cast<std::int64_t>(first), rest);
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), found.begin() + std::ptrdiff_t(first)));
  }
}

TEST(Partitioning, WithoutKeysAllIsOneAndWithoutRowsThereIsNone) {
  const Partitioning one({4, 2}, {});
  EXPECT_EQ(one.size(), 1);
  EXPECT_EQ(one.folder(0), "");
  EXPECT_EQ(one.rows_of(0), 8);
  EXPECT_TRUE(one.is_contiguous());
  EXPECT_EQ(Partitioning({0, 2}, {{"a", 1, {"x", "y"}}}).size(), 0);
}

TEST(Partitioning, ValuesAreEscapedForFolders) {
  EXPECT_EQ(escaped_value("b-1_2.c~"), "b-1_2.c~");
  EXPECT_EQ(escaped_value("a/b=c %\"\n"), "a%2Fb%3Dc%20%25%22%0A");
  EXPECT_EQ(escaped_value("\xC3\xA5"), "%C3%A5");
}

void expect_refused(const std::vector<PartitionKey>& keys, const std::string& words) {
  try {
    const Partitioning partitions({2}, keys);
    FAIL() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
  }
}

TEST(Partitioning, WhatReadersWouldNotGetBackIsRefused) {
  expect_refused({{"region", 0, {"a", ""}}}, "no value");
  expect_refused({{"region", 0, {"a", "__HIVE_DEFAULT_PARTITION__"}}}, "no value");
  expect_refused({{"region", 0, {"a", "Z\xFCrich"}}}, "UTF-8");
  expect_refused({{"region", 0, {"a", std::string(300, 'x')}}}, "255");
  expect_refused({{"a/b", 0, {"a", "b"}}}, "name of partitions");
  expect_refused({{"_a", 0, {"a", "b"}}}, "name of partitions");
}

TEST(Partitioning, TooManyAreRefused) {
  PartitionKey time{"time", 0, {}}, name{"name", 1, {}};
  for (int i = 0; i < 1000; ++i) time.texts.push_back(std::to_string(i));
  for (int i = 0; i < 101; ++i) name.texts.push_back(std::to_string(i));
  EXPECT_THROW(Partitioning({1000, 101}, {time, name}), Error);
  name.texts.pop_back();
  EXPECT_EQ(Partitioning({1000, 100}, {time, name}).size(), kMostPartitions);
}

}  // namespace
}  // namespace gridmill
