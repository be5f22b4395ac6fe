#include "gridmill/sink/parquet_sink.h"

#include <algorithm>
#include <optional>

#include "gridmill/sink/parquet_rows.h"
#include "gridmill/sink/row_groups.h"

namespace gridmill {
namespace {

ParquetSchema checked(ParquetSchema schema) {
  check_texts(schema);
  return schema;
}

// What the sink's callbacks share.
class ParquetTable {
 public:
  explicit ParquetTable(ParquetTarget target)
      : target_(std::move(target)),
        schema_(checked(parquet_schema(target_))),
        rows_(target_.keys, target_.table.keys, target_.table.values),
        groups_(rows_, rows_of_groups(),
                [this](std::int64_t rows, std::span<const void* const> columns) {
                  file().write(rows, columns);
                }) {
    check_parquet_is_here();
  }

  void pack(const Box& box, std::span<const ArrayView> views, Buffer& out) const {
    if (target_.table.observe) target_.table.observe(box, views);
    rows_.pack(box, views, out);
  }

  void append(ByteView unit) {
    (void)file();  // what is wrong with Arrow is known before much is computed
    const std::int64_t rows = rows_.rows_in(unit);
    groups_.add(unit.data(), rows, 0, rows);
  }

  void commit() {
    groups_.end();
    file().close();
    (void)target_.table.writer->commit();
  }

 private:
  // A small table is one small group.
  std::int64_t rows_of_groups() const {
    const std::int64_t all = volume(target_.table.runs.shape);
    return std::clamp<std::int64_t>(all, 1, row_group_rows(schema_));
  }

  // Opened when there is something to write: plans make sinks only to look at them, and Arrow may
  // still be loading.
  ParquetFile& file() {
    if (!file_) {
      file_.emplace(schema_, [this](ByteView bytes) { target_.table.writer->append(bytes); });
    }
    return *file_;
  }

  const ParquetTarget target_;
  const ParquetSchema schema_;
  const ParquetRows rows_;
  std::optional<ParquetFile> file_;
  RowGroups groups_;
};

}  // namespace

std::int64_t typed_row_bytes(const TypedKeys& keys, const std::vector<ValueColumn>& values) {
  std::int64_t bytes = 0;
  for (const auto& key : keys) bytes += size_of(parquet_kind(*key));
  for (const ValueColumn& value : values) {
    bytes += size_of(parquet_kind(value)) * value.rows.cells();
  }
  return bytes;
}

ParquetSchema parquet_schema(const ParquetTarget& target) {
  ParquetSchema schema{target.table.name, {}, target.about, target.row_group_bytes};
  const auto notes_at = [&](std::size_t i) {
    return i < target.notes.size() ? target.notes[i] : TableNotes();
  };
  for (std::size_t i = 0; i < target.keys.size(); ++i) {
    schema.columns.push_back(
        {target.table.keys[i].name, parquet_kind(*target.keys[i]), target.keys[i], notes_at(i)});
  }
  for (std::size_t i = 0; i < target.table.values.size(); ++i) {
    const ValueColumn& value = target.table.values[i];
    for (std::size_t cell = 0; cell < static_cast<std::size_t>(value.rows.cells()); ++cell) {
      schema.columns.push_back(
          {value.cell_name(cell), parquet_kind(value), nullptr, notes_at(target.keys.size() + i)});
    }
  }
  return schema;
}

std::shared_ptr<Sink> parquet_sink(ParquetTarget target) {
  RowsTarget rows;
  rows.name = target.table.name;
  rows.runs = target.table.runs;
  rows.row_bound = typed_row_bytes(target.keys, target.table.values);
  for (const ValueColumn& value : target.table.values) rows.columns.push_back(value.rows);
  const auto table = std::make_shared<ParquetTable>(std::move(target));
  rows.format = [table](const Box& box, std::span<const ArrayView> views, Buffer& out) {
    table->pack(box, views, out);
  };
  rows.append = [table](ByteView bytes) { table->append(bytes); };
  rows.finish = [table] { table->commit(); };
  return rows_sink(std::move(rows));
}

}  // namespace gridmill
