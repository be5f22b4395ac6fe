// extraction.h: a table that is about to be written: its inputs are open, its columns are known,
// and its rows are cut so that it fits into the memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/engine/executor.h"
#include "gridmill/engine/progress.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/extract_keys.h"
#include "gridmill/jobs/extract_reads.h"
#include "gridmill/jobs/table_form.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/sink/parquet_file.h"
#include "gridmill/sink/table_sink.h"

namespace gridmill {

// One thread. What is given must outlive it. figures() and the runs use it up: one of them, once.
class Extraction {
 public:
  // Opens the inputs through `inputs` and plans; notes() are for who made it to tell. `cache`: of
  // the inputs, may be null; `outlet`: null if the table becomes a file, or several. Throws what
  // extract() throws before it writes.
  Extraction(const ExtractOptions& options, const Workplace& workplace, Files& inputs,
             std::shared_ptr<InputCache> cache = nullptr, TableOutlet* outlet = nullptr);
  Extraction(const Extraction&) = delete;  // its parts point at each other
  Extraction& operator=(const Extraction&) = delete;

  // That of extract(), before the run.
  Json report() const;
  // Of the inputs.
  const std::vector<std::string>& notes() const { return input_.dataset.notes; }
  // What tells a run from others that would write another table.
  Json identity() const;

  TableFigures figures();

  // Writes the table, into one file or the outlet, and the plot. `before_publishing`: called when
  // all is computed, before a file appears.
  void run(Progress& progress, RunOptions options, const std::function<void()>& before_publishing);
  // Writes a table in parts; what came of it.
  Json run_in_parts(Progress& progress, RunOptions options);

 private:
  void check_partitions();
  TableTarget fitting_table(std::int64_t memory) const;
  void run_units(const std::shared_ptr<Stage>& stage, std::int64_t first, const RunOptions& options,
                 Progress& progress) const;

  const std::unique_ptr<ParquetLoading> loading_;  // null: no Parquet is written
  const ExtractOptions& options_;
  const Workplace& workplace_;
  TableOutlet* const outlet_;
  ExtractInput input_;
  const TableForm form_;
  RowLabels labels_;
  TableTarget table_;
  TableReads reads_;
  std::int64_t partitions_ = 0;  // of a table in parts
};

}  // namespace gridmill
