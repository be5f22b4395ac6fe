// Rows in blocks of any size become whole groups, and those that lie in one block stay there.
#include "gridmill/sink/row_groups.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <random>

namespace gridmill {
namespace {

const ParquetRows& layout() {
  static const ParquetRows kLayout(
      TypedKeys{}, {}, {{"byte", {types::uint8, {0, 1}}}, {"number", {types::float64, {0, 1}}}});
  return kLayout;
}

// Packed rows [first, first + count): each a byte and a number, which are its own.
Buffer block_of(std::int64_t first, std::int64_t count) {
  Buffer bytes(static_cast<std::size_t>(count * layout().row_bytes()));
  std::vector<std::uint8_t> small(static_cast<std::size_t>(count));
  std::vector<double> numbers(static_cast<std::size_t>(count));
  std::iota(small.begin(), small.end(), static_cast<std::uint8_t>(first));
  std::iota(numbers.begin(), numbers.end(), static_cast<double>(first));
  std::memcpy(bytes.data() + count * layout().bytes_before(0), small.data(), small.size());
  std::memcpy(bytes.data() + count * layout().bytes_before(1), numbers.data(),
              numbers.size() * sizeof(double));
  return bytes;
}

// The rows of each group, and where they lay.
struct Groups {
  std::vector<std::int64_t> sizes;
  std::vector<const void*> places;  // of their numbers
  std::vector<double> numbers;

  void take(std::int64_t rows, std::span<const void* const> columns) {
    ASSERT_EQ(columns.size(), 2U);
    const auto* small = static_cast<const std::uint8_t*>(columns[0]);
    const auto* number = static_cast<const double*>(columns[1]);
    for (std::int64_t row = 0; row < rows; ++row) {
      EXPECT_EQ(small[row], static_cast<std::uint8_t>(static_cast<std::int64_t>(number[row])));
    }
    sizes.push_back(rows);
    places.push_back(number);
    numbers.insert(numbers.end(), number, number + rows);
  }
};

TEST(RowGroupsTest, BlocksOfAnySizeBecomeGroupsOfOneSize) {
  std::mt19937 random(7);
  for (const std::int64_t group_rows : {1, 7, 32, 1000}) {
    Groups found;
    RowGroups groups(layout(), group_rows,
                     [&](std::int64_t rows, auto columns) { found.take(rows, columns); });
    std::int64_t next = 0;
    while (next < 500) {
      const std::int64_t skip = random() % 3, count = 1 + random() % 90;
      const Buffer block = block_of(next - skip, count + skip);
      groups.add(block.data(), count + skip, skip, count);
      next += count;
    }
    groups.end();
    std::vector<double> expected(static_cast<std::size_t>(next));
    std::iota(expected.begin(), expected.end(), 0.0);
    EXPECT_EQ(found.numbers, expected);
    for (std::size_t i = 0; i + 1 < found.sizes.size(); ++i) EXPECT_EQ(found.sizes[i], group_rows);
    EXPECT_EQ(found.sizes.size(), static_cast<std::size_t>((next + group_rows - 1) / group_rows));
  }
}

TEST(RowGroupsTest, WholeGroupsOfABlockAreNotCopied) {
  Groups found;
  RowGroups groups(layout(), 10,
                   [&](std::int64_t rows, auto columns) { found.take(rows, columns); });
  const Buffer block = block_of(0, 27);
  groups.add(block.data(), 27, 2, 25);
  groups.end();
  const std::byte* numbers = block.data() + 27 * layout().bytes_before(1);
  ASSERT_EQ(found.sizes, (std::vector<std::int64_t>{10, 10, 5}));
  EXPECT_EQ(found.places[0], numbers + 2 * sizeof(double));
  EXPECT_EQ(found.places[1], numbers + 12 * sizeof(double));
}

}  // namespace
}  // namespace gridmill
