// partitioning.h: which partition of a table each of its rows belongs to, as folders of Hive's
// kind: year=2020/month=03.
//
// A key depends on one dimension of the rows, as a table's key columns do. Partitions are numbered
// in the order in which their keys' values come along the dimensions, so that numbers depend on
// nothing but the rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gridmill/array/box.h"

namespace gridmill {

struct PartitionKey {
  std::string name;
  int dimension = 0;               // of the rows
  std::vector<std::string> texts;  // the value at each position
};

// Folders beyond this are a mistake: each holds a file at least.
inline constexpr std::int64_t kMostPartitions = 100'000;

class Partitioning {
 public:
  // Without keys all rows are one partition, whose folder is the table's own. Throws Error(invalid)
  // for more than kMostPartitions of them, for names and values that readers would not get back
  // (empty ones among them), and for folders' names that are too long.
  Partitioning(const Shape& rows, std::vector<PartitionKey> keys);

  std::int64_t size() const noexcept { return size_; }  // 0: there are no rows
  std::int64_t rows() const noexcept { return row_count_; }
  std::int64_t rows_of(std::int64_t partition) const;
  std::string folder(std::int64_t partition) const;  // "year=2020/month=03", or ""
  const std::vector<PartitionKey>& keys() const noexcept { return keys_; }

  // Whether the rows of each lie behind each other in C order, partition after partition.
  bool is_contiguous() const;
  // The partitions of the rows from number `first` on.
  void find(std::int64_t first, std::span<std::uint32_t> into) const;

 private:
  struct Along {                             // what a dimension adds to the number
    std::vector<std::uint32_t> classes;      // by position; empty: nothing
    std::vector<std::int64_t> first, count;  // of each class: a position, and how many there are
    std::int64_t stride = 0;
  };

  void classify(int d);
  std::int64_t class_at(int d, std::int64_t partition) const;

  const Shape shape_;
  const std::vector<PartitionKey> keys_;
  std::vector<Along> along_;
  std::int64_t row_count_ = 0;
  std::int64_t size_ = 0;
};

// A value as it stands in a folder's name: what is no letter, digit, '-', '_', '.' or '~' as
// %20 and the like.
std::string escaped_value(const std::string& text);

}  // namespace gridmill
