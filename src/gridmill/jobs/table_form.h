// table_form.h: the form that a table takes: its columns, the one stage that writes it, and what
// that holds beside its tasks.
//
// The options say which form: a CSV or a Parquet file, Parquet files in a directory, or, if there
// is one, an outlet. All of it follows from inputs, options and memory, and is made as often as a
// plan is tried.
#pragma once

#include <cstdint>
#include <memory>

#include "gridmill/engine/plan.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/extract_keys.h"
#include "gridmill/jobs/partitioned_table.h"
#include "gridmill/sink/parquet_sink.h"
#include "gridmill/sink/table_sink.h"

namespace gridmill {

class TableForm {
 public:
  // All must outlive it; the outlet may be null. `input` is looked at when it has been opened.
  TableForm(const ExtractInput& input, const ExtractOptions& options, TableOutlet* outlet)
      : input_(input), options_(options), outlet_(outlet) {}

  // The columns, and the rows cut into units that suit the memory.
  TableTarget table(const RowLabels& labels, std::int64_t memory) const;

  // `writer` is that of a table of one file, null for others.
  std::shared_ptr<Stage> stage(TableTarget table, std::unique_ptr<ValueWriter> writer) const;
  // A stage that writes nothing.
  std::shared_ptr<Stage> stage_to_look_at(TableTarget table) const;
  std::shared_ptr<Stage> stage_into(std::shared_ptr<Sink> sink, const Shape& rows) const;

  // What a run of the stage holds beside its tasks.
  std::int64_t bytes_beside(const Stage& stage, std::int64_t memory) const;

  // Of a table in parts.
  PartitionedLayout parts(TableTarget table) const;

 private:
  std::int64_t row_bytes(const TableTarget& table) const;
  std::int64_t writer_bytes(std::int64_t memory) const;
  ParquetTarget typed(TableTarget table) const;
  std::shared_ptr<Sink> sink(TableTarget table) const;

  const ExtractInput& input_;
  const ExtractOptions& options_;
  TableOutlet* const outlet_;
};

}  // namespace gridmill
