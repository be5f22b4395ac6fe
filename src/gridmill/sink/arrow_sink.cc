#include "gridmill/sink/arrow_sink.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "gridmill/base/checked.h"
#include "gridmill/sink/parquet_rows.h"

namespace gridmill {
namespace {

// Sets a bit for each row that `is_set(row)`; returns how many rows it isn't.
template <class IsSet>
std::int64_t write_bits(std::int64_t rows, std::byte* bits, IsSet&& is_set) {
  std::int64_t unset = 0;
  for (std::int64_t first = 0; first < rows; first += 8) {
    unsigned byte = 0;
    for (std::int64_t i = first; i < std::min(first + 8, rows); ++i) {
      if (is_set(i)) {
        byte |= 1U << (i - first);
      } else {
        ++unset;
      }
    }
    bits[first / 8] = static_cast<std::byte>(byte);  // bytes behind it are still to be read
  }
  return unset;
}

template <class Float>
std::int64_t mark_numbers(const std::byte* data, std::int64_t rows, std::byte* valid) {
  const auto* numbers = reinterpret_cast<const Float*>(data);
  return write_bits(rows, valid, [&](std::int64_t i) { return !std::isnan(numbers[i]); });
}

// A row's position in its dimension becomes that of its text in the dictionary.
void look_up(const ArrowTexts& texts, std::int64_t rows, std::byte* data) {
  auto* place = reinterpret_cast<std::int32_t*>(data);
  for (std::int64_t i = 0; i < rows; ++i) {
    place[i] = texts.place_of[static_cast<std::size_t>(place[i])];
  }
}

// Arrow's own form of the plain array at `data`; returns how many of the rows are null.
std::int64_t finish_column(const ArrowColumn& column, std::int64_t rows, std::byte* data,
                           std::byte* valid) {
  switch (column.kind) {
    case gm_float32:
      return mark_numbers<float>(data, rows, valid);
    case gm_float64:
      return mark_numbers<double>(data, rows, valid);
    case gm_bool:
      (void)write_bits(rows, data, [&](std::int64_t i) { return data[i] != std::byte{0}; });
      return 0;
    case gm_text:
      look_up(*column.texts, rows, data);
      return 0;
    default:
      return 0;
  }
}

std::int64_t rows_of_run(const RowRuns& runs) {
  std::int64_t rows = 1;
  for (int d = 0; d < runs.shape.rank(); ++d) {
    rows = checked_mul(rows, std::min(runs.run[d], runs.shape[d]), "a run of rows");
  }
  return rows;
}

// What the sink's callbacks share.
class ArrowTable {
 public:
  explicit ArrowTable(ArrowTarget target)
      : target_(std::move(target)),
        rows_(target_.table.keys, target_.table.table.keys, target_.table.table.values) {}

  // Of a row, so that whole runs have room for what is aligned.
  std::int64_t row_bound() const {
    const std::int64_t rows = std::max<std::int64_t>(rows_of_run(target_.table.table.runs), 1);
    return ceil_div(block_bytes(rows), rows);
  }

  void pack(const Box& box, std::span<const ArrayView> views, Buffer& out) const {
    const std::int64_t rows = volume(box.shape);
    const ArrowLayout layout = arrow_layout(*target_.form, rows);
    out.resize(static_cast<std::size_t>(block_bytes(rows)));
    store_le(out.data(), rows);
    std::byte* block = out.data() + kHead;
    std::vector<std::byte*> columns;
    for (const ArrowLayout::Place& place : layout.columns) columns.push_back(block + place.data);
    rows_.pack_apart(box, views, columns);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::int64_t nulls = finish_column(target_.form->columns[i], rows, columns[i],
                                               block + layout.columns[i].valid);
      store_le(block + i * sizeof(std::int64_t), nulls);
    }
  }

  void hand_over(ByteView unit) const {
    auto batch = std::make_shared<ArrowBatch>();
    batch->form = target_.form;
    batch->rows = load_le<std::int64_t>(unit.data());
    const ByteView block = unit.subspan(kHead);
    batch->block.resize(block.size());
    std::memcpy(batch->block.data(), block.data(), block.size());
    target_.put(std::move(batch));
  }

 private:
  // In front of a unit's block: its rows. A whole line, so that the columns are aligned here, too.
  static constexpr std::size_t kHead = 64;

  std::int64_t block_bytes(std::int64_t rows) const {
    return static_cast<std::int64_t>(kHead) + arrow_layout(*target_.form, rows).size;
  }

  const ArrowTarget target_;
  const ParquetRows rows_;
};

}  // namespace

std::shared_ptr<Sink> arrow_sink(ArrowTarget target) {
  if (!target.form) target.form = arrow_form(parquet_schema(target.table));
  RowsTarget rows;
  const TableTarget& table_target = target.table.table;
  rows.name = table_target.name;
  rows.runs = table_target.runs;
  for (const ValueColumn& value : table_target.values) rows.columns.push_back(value.rows);
  rows.wait_for_room = target.wait_for_room;
  const auto table = std::make_shared<const ArrowTable>(std::move(target));
  rows.row_bound = table->row_bound();
  rows.format = [table](const Box& box, std::span<const ArrayView> views, Buffer& out) {
    table->pack(box, views, out);
  };
  rows.append = [table](ByteView bytes) { table->hand_over(bytes); };
  return rows_sink(std::move(rows));
}

std::int64_t arrow_row_bytes(const TypedKeys& keys, const std::vector<ValueColumn>& values) {
  std::int64_t bits = 0;
  for (const auto& key : keys) bits += may_be_null(parquet_kind(*key)) ? 1 : 0;
  for (const ValueColumn& value : values) {
    if (may_be_null(parquet_kind(value))) bits += value.rows.cells();
  }
  return typed_row_bytes(keys, values) + ceil_div(bits, std::int64_t{8});
}

}  // namespace gridmill
