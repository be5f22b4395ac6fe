#include "gridmill/jobs/table_form.h"

#include <algorithm>
#include <utility>

#include "gridmill/base/version.h"
#include "gridmill/jobs/extract_output.h"
#include "gridmill/jobs/extract_reads.h"
#include "gridmill/jobs/extract_report.h"

namespace gridmill {
namespace {

// What Arrow holds until a row group is whole, and encoded.
std::int64_t row_group_bytes(std::int64_t memory) {
  return std::min(std::int64_t{64} << 20, memory / 16);
}

// Where its values come from, so that a table found alone can tell; no time of day.
TableNotes provenance(const ExtractOptions& options) {
  return {{"gridmill", dump_json({{"version", kVersion}, {"inputs", options.inputs}}, -1)}};
}

// Of a stage that is only looked at.
class Nowhere final : public ValueWriter {
 public:
  void append(ByteView) override {}
  [[nodiscard]] Version commit() override { return {}; }
};

}  // namespace

TableTarget TableForm::table(const RowLabels& labels, std::int64_t memory) const {
  TableTarget table;
  table.name = options_.output;
  table.keys = key_columns(input_, labels);
  for (const ExtractVariable& variable : input_.variables) {
    table.values.push_back({variable.column, variable.rows, variable.cells});
  }
  const std::int64_t beside = outlet_ != nullptr ? 0 : writer_bytes(memory);
  table.runs = row_runs(input_, row_bytes(table), std::max(memory - beside, memory / 4));
  return table;
}

std::shared_ptr<Stage> TableForm::stage(TableTarget table,
                                        std::unique_ptr<ValueWriter> writer) const {
  const Shape rows = table.runs.shape;
  table.writer = std::move(writer);
  return stage_into(sink(std::move(table)), rows);
}

std::shared_ptr<Stage> TableForm::stage_to_look_at(TableTarget table) const {
  return stage(std::move(table), std::make_unique<Nowhere>());
}

std::shared_ptr<Stage> TableForm::stage_into(std::shared_ptr<Sink> sink, const Shape& rows) const {
  auto stage = std::make_shared<Stage>();
  stage->name = "extract";
  Output output{options_.output, {}, std::move(sink), Index::filled(rows.rank(), 1)};
  for (const ExtractVariable& variable : input_.variables) output.fields.push_back(variable.values);
  stage->outputs.push_back(std::move(output));
  return stage;
}

std::shared_ptr<Sink> TableForm::sink(TableTarget table) const {
  if (outlet_ != nullptr) return outlet_->sink(typed(std::move(table)));
  if (writes_directory(options_)) return look_at_partitions(parts(std::move(table)));
  if (writes_parquet(options_)) return parquet_sink(typed(std::move(table)));
  return table_sink(std::move(table));
}

ParquetTarget TableForm::typed(TableTarget table) const {
  ParquetTarget target;
  target.keys = typed_keys(input_);
  target.notes = column_notes(columns_report(input_, table.keys));
  target.about = provenance(options_);
  target.row_group_bytes = row_group_bytes(options_.resources.memory);
  target.table = std::move(table);
  return target;
}

PartitionedLayout TableForm::parts(TableTarget table) const {
  return partitioned_layout(typed(std::move(table)), options_.partition, target_size_of(options_));
}

// As it waits to be written.
std::int64_t TableForm::row_bytes(const TableTarget& table) const {
  if (outlet_ != nullptr) return outlet_->row_bytes(typed_keys(input_), table.values);
  return writes_parquet(options_) ? typed_row_bytes(typed_keys(input_), table.values)
                                  : row_text_bound(table);
}

std::int64_t TableForm::bytes_beside(const Stage& stage, std::int64_t memory) const {
  if (outlet_ == nullptr) return writer_bytes(memory);
  return input_.cells.bytes() + outlet_->bytes_beside(*stage.outputs[0].sink);
}

// What the points' cells and Arrow hold; no outlet.
std::int64_t TableForm::writer_bytes(std::int64_t memory) const {
  const std::int64_t cells = input_.cells.bytes();
  if (!writes_parquet(options_)) return cells;
  auto columns = static_cast<std::int64_t>(count_key_columns(input_));
  for (const ExtractVariable& variable : input_.variables) columns += variable.rows.cells();
  return cells + (writes_directory(options_)
                      ? partitioned_memory(memory, columns, target_size_of(options_))
                      : parquet_memory(row_group_bytes(memory), columns));
}

}  // namespace gridmill
