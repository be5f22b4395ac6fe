#include "gridmill/sink/row_spill.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "gridmill/base/error.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kTimes = 60, kNames = 7;

// Rows of a number, which is its own, and a byte.
struct Table {
  Table()
      : layout(TypedKeys{}, {},
               {{"number", {types::float64, {0, 1}}}, {"byte", {types::uint8, {0, 1}}}}),
        partitions({kTimes, kNames}, {{"name", 1, {"a", "b", "a", "c", "d", "b", "e"}}}) {}

  // Packed rows [first, first + count).
  Buffer block(std::int64_t first, std::int64_t count) const {
    Buffer bytes(static_cast<std::size_t>(count * layout.row_bytes()));
    const auto columns = layout.columns_of(bytes.data(), count, 0);
    for (std::int64_t i = 0; i < count; ++i) {
      std::byte* const number = bytes.data() + count * layout.bytes_before(0) + i * layout.width(0);
      store_le(number, static_cast<double>(first + i));
      *(bytes.data() + count * layout.bytes_before(1) + i) = static_cast<std::byte>(first + i);
    }
    return bytes;
  }

  // Room for so many rows.
  std::int64_t memory(std::int64_t rows) const {
    return (std::int64_t{1} << 20) + rows * (layout.row_bytes() + 8);
  }

  const ParquetRows layout;
  const Partitioning partitions;
};

// The numbers of all rows from `first` on, spilled in blocks of random lengths.
std::vector<SpilledRun> spill(const Table& table, Store& store, std::int64_t first,
                              std::int64_t rows_in_memory, std::mt19937& random) {
  std::vector<SpilledRun> runs;
  RowSpill rows(table.layout, table.partitions, store, table.memory(rows_in_memory), first,
                [&](const SpilledRun& run, const KeyRecord& record) {
                  EXPECT_EQ(store.stat(Key(record.key))->value_size, record.entry->size);
                  runs.push_back(run);
                });
  while (first < table.partitions.rows()) {
    const std::int64_t skip = random() % 3;
    const std::int64_t count =
        std::min<std::int64_t>(1 + random() % 90, table.partitions.rows() - first);
    const Buffer block = table.block(first - skip, count + skip);
    rows.add(block.data(), count + skip, skip, count);
    first += count;
  }
  rows.flush();
  return runs;
}

std::vector<double> read(const Table& table, Store& store, const std::vector<SpilledRun>& runs,
                         std::int64_t partition, std::int64_t skip) {
  std::vector<double> numbers;
  SpillReader reader(table.layout, table.partitions, store, runs);
  reader.read(partition, skip,
              [&](const std::byte* block, std::int64_t rows, std::int64_t row, std::int64_t count) {
                for (std::int64_t i = row; i < row + count; ++i) {
                  const double number = load_le<double>(
                      block + rows * table.layout.bytes_before(0) + i * table.layout.width(0));
                  EXPECT_EQ(block[rows * table.layout.bytes_before(1) + i],
                            static_cast<std::byte>(static_cast<std::int64_t>(number)));
                  numbers.push_back(number);
                }
              });
  return numbers;
}

std::map<std::uint32_t, std::vector<double>> expected_rows(const Table& table) {
  std::vector<std::uint32_t> found(static_cast<std::size_t>(table.partitions.rows()));
  table.partitions.find(0, found);
  std::map<std::uint32_t, std::vector<double>> rows;
  for (std::size_t i = 0; i < found.size(); ++i) rows[found[i]].push_back(static_cast<double>(i));
  return rows;
}

TEST(RowSpill, GivesBackThePartitionsRowsInTheirOrder) {
  const Table table;
  std::mt19937 random(1);
  const auto expected = expected_rows(table);
  for (const std::int64_t in_memory : {1, 10, 97, 100'000}) {
    const auto store = memory_store();
    const auto runs = spill(table, *store, 0, in_memory, random);
    EXPECT_EQ(runs.back().end, table.partitions.rows());
    for (const auto& [partition, numbers] : expected) {
      EXPECT_EQ(read(table, *store, runs, partition, 0), numbers);
      const std::vector<double> behind(numbers.begin() + 5, numbers.end());
      EXPECT_EQ(read(table, *store, runs, partition, 5), behind);
    }
  }
}

TEST(RowSpill, GoesOnBehindWhatAnEarlierOneHasStored) {
  const Table table;
  std::mt19937 random(2);
  const auto store = memory_store();
  std::vector<SpilledRun> runs = spill(table, *store, 0, 100, random);
  runs.resize(2);  // what a killed run had noted
  const auto more = spill(table, *store, runs.back().end, 33, random);
  runs.insert(runs.end(), more.begin(), more.end());
  for (const auto& [partition, numbers] : expected_rows(table)) {
    EXPECT_EQ(read(table, *store, runs, partition, 0), numbers);
  }
}

TEST(RowSpill, AMissingOrShortenedRunIsNamed) {
  const Table table;
  std::mt19937 random(2);
  const auto store = memory_store();
  const auto runs = spill(table, *store, 0, 100, random);
  const Key key(run_key(runs[1]));
  Buffer bytes;
  ASSERT_TRUE(store->get(key, bytes));
  bytes.resize(bytes.size() - 60);
  store->put(key, bytes);
  const auto refusal = [&] {
    try {
      for (std::int64_t p = 0; p < table.partitions.size(); ++p) read(table, *store, runs, p, 0);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      return error.message();
    }
    return std::string("nothing is refused");
  };
  EXPECT_NE(refusal().find(run_key(runs[1])), std::string::npos) << refusal();
  store->remove(key);
  EXPECT_NE(refusal().find("missing"), std::string::npos) << refusal();
}

TEST(RowSpill, KeysSayWhichRowsTheyHold) {
  const auto run = run_of_key(run_key({5, 123456}));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->first, 5);
  EXPECT_EQ(run->end, 123456);
  EXPECT_FALSE(run_of_key("plan.json"));
}

}  // namespace
}  // namespace gridmill
