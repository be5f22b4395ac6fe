#include "gridmill/sink/parquet_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/sink/parquet_file.h"

namespace gridmill {
namespace {

template <class Value, class Read>
void fill(const Box& rows, std::byte* to, Read&& read) {
  auto* out = reinterpret_cast<Value*>(to);
  for_each_position(rows, [&](const Index& at) { *out++ = read(at); });
}

}  // namespace

GmParquetKind parquet_kind(const ValueColumn& value) {
  const DataType type = value.rows.type;
  if (type == types::float32) return gm_float32;
  if (type == types::float64) return gm_float64;
  if (type.kind == ScalarKind::boolean) return gm_bool;
  const int level = type.size == 1 ? 0 : type.size == 2 ? 1 : type.size == 4 ? 2 : 3;
  if (type.kind == ScalarKind::integer) return static_cast<GmParquetKind>(gm_int8 + level);
  if (type.kind == ScalarKind::unsigned_) {
    return static_cast<GmParquetKind>(gm_uint8 + level);
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{} is {}, which a Parquet table of ours has no column for: leave it out "
                          "with --variables, or write a .csv table",
                          value.name, type.name()));
}

GmParquetKind parquet_kind(const KeyValues& key) {
  constexpr GmParquetKind kKinds[] = {gm_timestamp, gm_int64, gm_float64, gm_text};
  return kKinds[static_cast<int>(key.kind)];
}

ParquetRows::ParquetRows(TypedKeys keys, const std::vector<KeyColumn>& columns,
                         const std::vector<ValueColumn>& values)
    : keys_(std::move(keys)) {
  for (const auto& key : keys_) places_.push_back({parquet_kind(*key), 0, 0});
  for (const ValueColumn& value : values) {
    places_.insert(places_.end(), static_cast<std::size_t>(value.rows.cells()),
                   {parquet_kind(value), 0, 0});
    values_.push_back(value.rows);
  }
  for (const KeyColumn& column : columns) key_dimensions_.push_back(column.dimension);
  std::vector<std::size_t> order(places_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (Place& place : places_) place.width = size_of(place.kind);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return places_[a].width > places_[b].width;
  });
  for (const std::size_t i : order) {
    places_[i].bytes_before = row_bytes_;
    row_bytes_ += places_[i].width;
  }
}

void ParquetRows::pack(const Box& box, std::span<const ArrayView> views, Buffer& out) const {
  const std::int64_t rows = volume(box.shape);
  out.resize(static_cast<std::size_t>(rows * row_bytes_));
  std::vector<std::byte*> to;
  for (const Place& place : places_) to.push_back(out.data() + rows * place.bytes_before);
  pack_apart(box, views, to);
}

void ParquetRows::pack_apart(const Box& box, std::span<const ArrayView> views,
                             std::span<std::byte* const> to) const {
  std::size_t column = 0;
  for (; column < keys_.size(); ++column) pack_key(column, box, to[column]);
  for (std::size_t i = 0; i < views.size(); ++i) {
    for (const std::int64_t offset : cell_offsets(values_[i], views[i])) {
      pack_cell(values_[i], box, views[i], offset, to[column++]);
    }
  }
}

std::int64_t ParquetRows::rows_in(ByteView packed) const {
  return static_cast<std::int64_t>(packed.size()) / row_bytes_;
}

std::vector<const void*> ParquetRows::columns_of(const std::byte* block, std::int64_t rows,
                                                 std::int64_t row) const {
  std::vector<const void*> columns;
  for (const Place& place : places_) {
    columns.push_back(block + rows * place.bytes_before + row * place.width);
  }
  return columns;
}

void ParquetRows::pack_key(std::size_t i, const Box& box, std::byte* to) const {
  const KeyValues& key = *keys_[i];
  const int d = key_dimensions_[i];
  const auto at_of = [d](const Index& at) { return static_cast<std::size_t>(at[d]); };
  switch (places_[i].kind) {
    case gm_timestamp:
    case gm_int64:
      return fill<std::int64_t>(box, to, [&](const Index& at) { return key.integers[at_of(at)]; });
    case gm_float64:
      return fill<double>(box, to, [&](const Index& at) { return key.numbers[at_of(at)]; });
    default:
      return fill<std::int32_t>(box, to,
                                [&](const Index& at) { return static_cast<std::int32_t>(at[d]); });
  }
}

// The elements of a cell in the order of the rows, repeated along what the column lacks.
void ParquetRows::pack_cell(const RowColumn& value, const Box& box, const ArrayView& view,
                            std::int64_t offset, std::byte* to) const {
  const ArrayView rows{view.data + offset, view.type, box.shape,
                       row_strides(value, view, box.rank())};
  copy_array(rows, {to, view.type, box.shape, c_strides(box.shape, view.type.size)});
}

void copy_rows(const ParquetRows& layout, const std::byte* from, std::int64_t from_rows,
               std::int64_t from_row, std::byte* to, std::int64_t to_rows, std::int64_t to_row,
               std::int64_t count) {
  for (std::size_t i = 0; i < layout.columns(); ++i) {
    const std::int64_t before = layout.bytes_before(i), width = layout.width(i);
    std::memcpy(to + to_rows * before + to_row * width,
                from + from_rows * before + from_row * width,
                static_cast<std::size_t>(count * width));
  }
}

}  // namespace gridmill
