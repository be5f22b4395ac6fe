#include "gridmill/jobs/extraction.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "gridmill/base/version.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/engine/skipped_leaves.h"
#include "gridmill/jobs/extract_output.h"
#include "gridmill/jobs/extract_plan.h"
#include "gridmill/jobs/extract_report.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/partition_keys.h"
#include "gridmill/jobs/plot.h"
#include "gridmill/jobs/table_columns.h"
#include "gridmill/jobs/working_budget.h"

namespace gridmill {
namespace {

// What a page can show and a phone can load.
constexpr std::int64_t kPlottedPoints = 40;
constexpr std::int64_t kPlottedValues = 200'000;

bool wants_arrow(const ExtractOptions& options, const TableOutlet* outlet) {
  return writes_parquet(options) && outlet == nullptr && !options.dry_run;
}

std::vector<std::string> column_names(const std::vector<KeyColumn>& keys) {
  std::vector<std::string> names;
  for (const KeyColumn& key : keys) names.push_back(key.name);
  return names;
}

}  // namespace

Extraction::Extraction(const ExtractOptions& options, const Workplace& workplace, Files& inputs,
                       std::shared_ptr<InputCache> cache, TableOutlet* outlet)
    : loading_(wants_arrow(options, outlet) ? std::make_unique<ParquetLoading>() : nullptr),
      options_(options),
      workplace_(workplace),
      outlet_(outlet),
      form_(input_, options_, outlet_) {
  input_.cache = std::move(cache);
  open_extract_input(options, inputs, input_);
  check_plot(options, input_);
  labels_ = labels_of_rows(input_);
  input_.kept = kept_columns(input_.points, options.keep, options.partition,
                             column_names(key_columns(input_, labels_)));
  check_columns(input_);
  if (writes_directory(options)) check_partitions();
  if (options.dry_run && writes_parquet(options) && outlet_ == nullptr) (void)parquet_plugin();
  table_ = plan_within(options.resources.memory,
                       [&](std::int64_t memory) { return fitting_table(memory); });
  reads_ = reads_of(input_, table_.runs);
}

// What no other memory would mend is refused before one is looked for.
void Extraction::check_partitions() {
  partitions_ = form_.parts(form_.table(labels_, options_.resources.memory)).partitions->size();
}

TableTarget Extraction::fitting_table(std::int64_t memory) const {
  Resources resources = options_.resources;
  resources.memory = memory;
  const auto stage = form_.stage_to_look_at(form_.table(labels_, memory));
  check_fits(*stage, run_options(resources), form_.bytes_beside(*stage, memory));
  return form_.table(labels_, memory);
}

Json Extraction::report() const {
  const TableReads once = reads_once(input_);
  Json report{{"output", options_.output},
              {"rows", volume(table_.runs.shape)},
              {"columns", columns_report(input_, table_.keys)},
              {"points", points_report(input_)},
              {"chunks_read", once.leaves},
              {"chunks_total", count_leaves(input_)},
              {"source_bytes", once.bytes},
              {"read_amplification", once.leaves == 0 ? 1.0
                                                      : static_cast<double>(reads_.leaves) /
                                                            static_cast<double>(once.leaves)}};
  if (!options_.plot.empty()) report["plot"] = options_.plot;
  if (writes_directory(options_)) {
    report["partition_keys"] = options_.partition;
    report["partitions"] = partitions_;
  }
  return report;
}

Json Extraction::identity() const { return extract_identity(options_, workplace_.files); }

TableFigures Extraction::figures() {
  TableFigures figures;
  figures.source_bytes = reads_once(input_).bytes;
  for (const ExtractVariable& variable : input_.variables) {
    figures.bytes_written +=
        volume(table_.runs.shape) * variable.rows.cells() * variable.values->type().size;
  }
  figures.bytes_read = reads_.bytes;
  const auto stage = form_.stage_to_look_at(std::move(table_));
  figures.tasks = TaskGrid(stage->outputs).size();
  figures.least_memory = smallest_budget(*stage, run_options(options_.resources)) +
                         form_.bytes_beside(*stage, options_.resources.memory);
  return figures;
}

void Extraction::run(Progress& progress, RunOptions options,
                     const std::function<void()>& before_publishing) {
  std::optional<PlotSeries> series;
  if (!options_.plot.empty()) {
    std::vector<RowColumn> columns;
    for (const ValueColumn& value : table_.values) columns.push_back(value.rows);
    series.emplace(table_.runs.shape, columns, plot_axis(input_), kPlottedPoints, kPlottedValues);
    table_.observe = [&series](const Box& rows, std::span<const ArrayView> values) {
      series->add(rows, values);
    };
  }
  const auto stage =
      form_.stage(std::move(table_),
                  outlet_ == nullptr ? write_file(workplace_.files, options_.output) : nullptr);
  options.memory -= form_.bytes_beside(*stage, options_.resources.memory);
  {
    const Watched watched(workplace_.console, "extracting to " + options_.output, progress);
    run_units(stage, 0, options, progress);
  }
  before_publishing();
  if (series) {
    write_text_file(workplace_.files, options_.plot, plot_page(input_, *series, labels_));
  }
  stage->outputs[0].sink->finish();
}

Json Extraction::run_in_parts(Progress& progress, RunOptions options) {
  PartitionedRequest request;
  request.output = options_.output;
  request.target_bytes = target_size_of(options_);
  request.overwrite = options_.overwrite;
  request.resume = options_.resume;
  request.memory = options_.resources.memory;
  request.identity = identity();
  request.about = {{"gridmill", kVersion}, {"inputs", options_.inputs}};
  const Shape rows = table_.runs.shape;
  const auto table =
      open_partitioned_table(form_.parts(std::move(table_)), std::move(request), workplace_);
  if (table->rows_resumed() > 0) {
    workplace_.console.say(
        fmt::format("{} rows are there from an unfinished run", table->rows_resumed()));
  }
  const auto stage = form_.stage_into(table->sink(), rows);
  options.memory -= form_.bytes_beside(*stage, options_.resources.memory);
  return table->complete([&] {
    const SkipsKept kept(options_.resources.skipped, table->skipped());
    const Watched watched(workplace_.console, "extracting to " + options_.output, progress);
    run_units(stage, table->first_unit(), options, progress);
    stage->outputs[0].sink->finish();
  });
}

void Extraction::run_units(const std::shared_ptr<Stage>& stage, std::int64_t first,
                           const RunOptions& options, Progress& progress) const {
  run_stage(stage, first, TaskGrid(stage->outputs).size(), options, workplace_.clock, progress,
            workplace_.stop);
}

}  // namespace gridmill
