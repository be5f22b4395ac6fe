// row_groups.h: rows that come in blocks of any size, gathered into whole row groups.
//
// So what a Parquet file holds doesn't depend on how its rows were computed, and each group is
// encoded a column at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "gridmill/sink/parquet_rows.h"
#include "gridmill/system/memory.h"

namespace gridmill {

class RowGroups {
 public:
  // `layout` must outlive this. `write` takes each group; of all but the last `group_rows` rows.
  using Write = std::function<void(std::int64_t rows, std::span<const void* const> columns)>;
  RowGroups(const ParquetRows& layout, std::int64_t group_rows, Write write)
      : layout_(layout), group_rows_(group_rows), write_(std::move(write)) {}

  // Rows [row, row + count) of a block of `rows` packed rows.
  void add(const std::byte* block, std::int64_t rows, std::int64_t row, std::int64_t count);
  // Writes what waits.
  void end();
  // Forgets what waits.
  void clear() noexcept { gathered_ = 0; }

 private:
  const ParquetRows& layout_;
  const std::int64_t group_rows_;
  const Write write_;
  Buffer group_;  // packed, room for group_rows_
  std::int64_t gathered_ = 0;
};

}  // namespace gridmill
