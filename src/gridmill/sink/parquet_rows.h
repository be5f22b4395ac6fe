// parquet_rows.h: rows of a table with types, as they wait to be written: packed, column behind
// column.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gridmill/sink/parquet_plugin.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/sink/typed_keys.h"

namespace gridmill {

GmParquetKind parquet_kind(const KeyValues& key);
// Throws Error(unsupported) for columns that are no numbers.
GmParquetKind parquet_kind(const ValueColumn& value);

// A block of n packed rows holds column i at n * bytes_before(i): the widest columns first, so that
// all are aligned. Columns are the keys, then the values.
class ParquetRows {
 public:
  // `keys` belong to `columns`. Throws Error(unsupported) for values that are no numbers.
  ParquetRows(TypedKeys keys, const std::vector<KeyColumn>& columns,
              const std::vector<ValueColumn>& values);

  std::int64_t row_bytes() const noexcept { return row_bytes_; }
  std::size_t columns() const noexcept { return places_.size(); }
  GmParquetKind kind(std::size_t column) const { return places_[column].kind; }
  std::int64_t width(std::size_t column) const { return places_[column].width; }
  std::int64_t bytes_before(std::size_t column) const { return places_[column].bytes_before; }

  // `views`: the values' regions of `box`. Any thread.
  void pack(const Box& box, std::span<const ArrayView> views, Buffer& out) const;
  // Each column to a place of its own, which is aligned to its elements.
  void pack_apart(const Box& box, std::span<const ArrayView> views,
                  std::span<std::byte* const> to) const;
  std::int64_t rows_in(ByteView packed) const;
  // Each column's elements in a block of so many rows, from `row` on.
  std::vector<const void*> columns_of(const std::byte* block, std::int64_t rows,
                                      std::int64_t row) const;

 private:
  struct Place {
    GmParquetKind kind = gm_float64;
    std::int64_t width = 0;
    std::int64_t bytes_before = 0;
  };

  void pack_key(std::size_t i, const Box& box, std::byte* to) const;
  void pack_cell(const RowColumn& value, const Box& box, const ArrayView& view, std::int64_t offset,
                 std::byte* to) const;

  const TypedKeys keys_;
  std::vector<int> key_dimensions_;  // of the rows
  std::vector<RowColumn> values_;
  std::vector<Place> places_;
  std::int64_t row_bytes_ = 0;
};

// Copies `count` rows between blocks, column by column.
void copy_rows(const ParquetRows& layout, const std::byte* from, std::int64_t from_rows,
               std::int64_t from_row, std::byte* to, std::int64_t to_rows, std::int64_t to_row,
               std::int64_t count);

}  // namespace gridmill
