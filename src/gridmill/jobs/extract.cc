#include "gridmill/jobs/extract.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/base/text.h"
#include "gridmill/base/version.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/extract_plan.h"
#include "gridmill/jobs/extract_reads.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/partition_keys.h"
#include "gridmill/jobs/partitioned_table.h"
#include "gridmill/jobs/plot.h"
#include "gridmill/jobs/table_cache.h"
#include "gridmill/jobs/table_columns.h"
#include "gridmill/jobs/table_directory.h"
#include "gridmill/jobs/table_keys.h"
#include "gridmill/jobs/working_budget.h"
#include "gridmill/sink/parquet_sink.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

// What a page can show and a phone can load.
constexpr std::int64_t kPlottedPoints = 40;
constexpr std::int64_t kPlottedValues = 200'000;

using Labels = std::vector<std::shared_ptr<const CellTexts>>;  // by dimension of the rows

Labels labels_of_rows(const ExtractInput& input) {
  Labels labels;
  for (std::size_t d = 0; d < input.labelled_rows(); ++d) {
    labels.push_back(row_labels(input.dataset, input.rows[d]));
  }
  if (!input.has_points()) return labels;
  auto names = std::make_shared<CellTexts>();
  for (const RequestedPoint& point : input.points) names->add(csv_quoted(point.name));
  labels.push_back(names);
  return labels;
}

template <class Number>
std::shared_ptr<const CellTexts> point_cells(const ExtractInput& input, Number&& number) {
  auto cells = std::make_shared<CellTexts>();
  for (std::size_t i = 0; i < input.points.size(); ++i) cells->add(format_double(number(i)));
  return cells;
}

std::vector<KeyColumn> key_columns(const ExtractInput& input, const Labels& labels) {
  std::vector<KeyColumn> keys;
  const int points = static_cast<int>(input.labelled_rows());
  for (int d = 0; d < points; ++d) {
    const auto at = static_cast<std::size_t>(d);
    keys.push_back({input.rows[at].name, d, labels[at]});
  }
  if (!input.has_points()) return keys;
  keys.push_back({"name", points, labels.back()});
  const auto& asked = input.points;
  const auto& found = input.places;
  keys.push_back(
      {"lat", points, point_cells(input, [&](auto i) { return asked[i].latitude_deg; })});
  keys.push_back(
      {"lon", points, point_cells(input, [&](auto i) { return asked[i].longitude_deg; })});
  keys.push_back(
      {"grid_lat", points, point_cells(input, [&](auto i) { return found[i].latitude_deg; })});
  keys.push_back(
      {"grid_lon", points, point_cells(input, [&](auto i) { return found[i].longitude_deg; })});
  for (const std::string& column : input.kept) {
    auto cells = std::make_shared<CellTexts>();
    for (const std::string& text : kept_texts(asked, column)) cells->add(csv_quoted(text));
    keys.push_back({column, points, cells});
  }
  return keys;
}

bool is_parquet(const ExtractOptions& options) {
  return writes_directory(options) || options.output.ends_with(".parquet");
}

std::vector<std::string> names_of(const std::vector<KeyColumn>& keys) {
  std::vector<std::string> names;
  for (const KeyColumn& key : keys) names.push_back(key.name);
  return names;
}

// The columns of key_columns(), with their types.
TypedKeys typed_keys(const ExtractInput& input) {
  TypedKeys keys;
  for (std::size_t d = 0; d < input.labelled_rows(); ++d) {
    keys.push_back(row_values(input.dataset, input.rows[d]));
  }
  if (!input.has_points()) return keys;
  KeyValues names, asked[2], found[2];
  for (KeyValues* key : {&asked[0], &asked[1], &found[0], &found[1]}) {
    key->kind = KeyValues::Kind::numbers;
  }
  for (std::size_t i = 0; i < input.points.size(); ++i) {
    names.texts.push_back(input.points[i].name);
    asked[0].numbers.push_back(input.points[i].latitude_deg);
    asked[1].numbers.push_back(input.points[i].longitude_deg);
    found[0].numbers.push_back(input.places[i].latitude_deg);
    found[1].numbers.push_back(input.places[i].longitude_deg);
  }
  for (const KeyValues* key : {&names, &asked[0], &asked[1], &found[0], &found[1]}) {
    keys.push_back(std::make_shared<KeyValues>(*key));
  }
  for (const std::string& column : input.kept) {
    KeyValues kept;
    kept.texts = kept_texts(input.points, column);
    keys.push_back(std::make_shared<KeyValues>(std::move(kept)));
  }
  return keys;
}

Json points_report(const ExtractInput& input) {
  Json points = Json::array();
  for (std::size_t i = 0; i < input.points.size(); ++i) {
    points.push_back({{"name", input.points[i].name},
                      {"lat", input.points[i].latitude_deg},
                      {"lon", input.points[i].longitude_deg},
                      {"grid_lat", input.places[i].latitude_deg},
                      {"grid_lon", input.places[i].longitude_deg},
                      {"distance_km", input.places[i].distance_m * 1e-3}});
    points.back().update(input.cells.report(i));
  }
  return points;
}

Json columns_report(const ExtractInput& input, const TableTarget& table) {
  Json columns = Json::array();
  for (const KeyColumn& key : table.keys) columns.push_back({{"name", key.name}});
  for (const ExtractVariable& variable : input.variables) {
    Json column{{"name", variable.column}, {"type", variable.values->type().name()}};
    if (!variable.cells.empty()) column["cells"] = variable.cells;
    if (!variable.units.empty()) column["units"] = variable.units;
    if (!variable.long_name.empty()) column["long_name"] = variable.long_name;
    if (!variable.description.empty()) column["description"] = variable.description;
    if (!variable.expression.empty()) column["expression"] = variable.expression;
    columns.push_back(std::move(column));
  }
  return columns;
}

// What Arrow holds until a row group is whole, and encoded.
std::int64_t row_group_bytes(std::int64_t memory) {
  return std::min(std::int64_t{64} << 20, memory / 16);
}

std::int64_t target_bytes(const ExtractOptions& options) {
  return in_context(
      [] { return std::string("--target-size"); },
      [&] { return parse_size(options.target_size.empty() ? kTargetSize : options.target_size); });
}

std::int64_t bytes_beside_tasks(const ExtractInput& input, const ExtractOptions& options,
                                std::int64_t memory) {
  constexpr std::size_t kPlaceColumns = 5;  // name, lat, lon, grid_lat, grid_lon
  const std::int64_t cells = input.cells.bytes();
  if (!is_parquet(options)) return cells;
  const std::size_t keys = input.labelled_rows() + (input.has_points() ? kPlaceColumns : 0);
  auto columns = static_cast<std::int64_t>(keys);
  for (const ExtractVariable& variable : input.variables) columns += variable.rows.cells();
  columns += static_cast<std::int64_t>(input.kept.size());
  return cells + (writes_directory(options)
                      ? partitioned_memory(memory, columns, target_bytes(options))
                      : parquet_memory(row_group_bytes(memory), columns));
}

TableTarget make_table(const ExtractInput& input, const Labels& labels,
                       const ExtractOptions& options, const TableOutlet* outlet,
                       std::int64_t memory) {
  TableTarget table;
  table.name = options.output;
  table.keys = key_columns(input, labels);
  for (const ExtractVariable& variable : input.variables) {
    table.values.push_back({variable.column, variable.rows, variable.cells});
  }
  const std::int64_t encoded =
      outlet != nullptr     ? outlet->row_bytes(typed_keys(input), table.values)
      : is_parquet(options) ? typed_row_bytes(typed_keys(input), table.values)
                            : row_text_bound(table);
  const std::int64_t beside = outlet != nullptr ? 0 : bytes_beside_tasks(input, options, memory);
  table.runs = row_runs(input, encoded, std::max(memory - beside, memory / 4));
  return table;
}

// Where its values come from, so that a table found alone can tell; no time of day.
TableNotes provenance(const ExtractOptions& options) {
  return {{"gridmill", dump_json({{"version", kVersion}, {"inputs", options.inputs}}, -1)}};
}

// What the report says of each column.
std::vector<TableNotes> column_notes(const Json& columns) {
  std::vector<TableNotes> notes;
  for (const Json& column : columns) {
    notes.emplace_back();
    for (const auto& [name, value] : column.items()) {
      if (name == "name" || name == "type" || !value.is_string()) continue;
      notes.back().emplace_back(name, value.get<std::string>());
    }
  }
  return notes;
}

ParquetTarget parquet_target(const ExtractInput& input, TableTarget table,
                             const ExtractOptions& options) {
  ParquetTarget target;
  target.keys = typed_keys(input);
  target.notes = column_notes(columns_report(input, table));
  target.about = provenance(options);
  target.row_group_bytes = row_group_bytes(options.resources.memory);
  target.table = std::move(table);
  return target;
}

std::shared_ptr<Stage> stage_into(std::shared_ptr<Sink> sink, const ExtractInput& input,
                                  const TableTarget& table) {
  auto stage = std::make_shared<Stage>();
  stage->name = "extract";
  Output output{table.name, {}, std::move(sink), Index::filled(table.runs.shape.rank(), 1)};
  for (const ExtractVariable& variable : input.variables) output.fields.push_back(variable.values);
  stage->outputs.push_back(std::move(output));
  return stage;
}

std::shared_ptr<Stage> make_stage(const ExtractInput& input, const ExtractOptions& options,
                                  TableTarget table, std::unique_ptr<ValueWriter> writer,
                                  TableOutlet* outlet) {
  auto stage = stage_into(nullptr, input, table);
  table.writer = std::move(writer);
  auto& sink = stage->outputs[0].sink;
  if (outlet != nullptr) {
    sink = outlet->sink(parquet_target(input, std::move(table), options));
  } else if (writes_directory(options)) {
    sink = look_at_partitions(partitioned_layout(parquet_target(input, std::move(table), options),
                                                 options.partition, target_bytes(options)));
  } else if (is_parquet(options)) {
    sink = parquet_sink(parquet_target(input, std::move(table), options));
  } else {
    sink = table_sink(std::move(table));
  }
  return stage;
}

// The options of a table in parts.
void check_directory(const ExtractOptions& options, Files& files) {
  if (options.output.ends_with(".csv")) {
    throw Error(ErrorKind::invalid,
                fmt::format("--partition makes a directory of Parquet files, and {} is named like "
                            "a CSV file: name a directory, -o OUT/",
                            options.output));
  }
  if (!options.plot.empty()) {
    throw Error(ErrorKind::unsupported,
                "--plot draws tables of one file: draw this one by a run of its own");
  }
  if (target_bytes(options) < 1) {
    throw Error(ErrorKind::invalid, "--target-size: a file can't have less than one byte");
  }
  check_output_directory(files, options.output, options.overwrite, options.inputs);
}

void check_file(const ExtractOptions& options, Files& files) {
  if (options.resume) {
    throw Error(ErrorKind::invalid,
                "--resume is of tables in a directory (-o OUT/): a table of one file appears when "
                "it is whole");
  }
  if (!options.target_size.empty()) {
    throw Error(ErrorKind::invalid, "--target-size is of tables in a directory: -o OUT/");
  }
  check_output_file(files, options.output, options.overwrite, options.inputs);
}

void check(const ExtractOptions& options, Files& files) {
  check_point_method(options.method);
  if (writes_directory(options)) return check_directory(options, files);
  check_file(options, files);
  if (options.plot.empty()) return;
  check_output_file(files, options.plot, options.overwrite, options.inputs);
  if (files.absolute(options.plot) == files.absolute(options.output)) {
    throw Error(ErrorKind::conflict, "the table and the plot would be the same file");
  }
  for (const std::string& path :
       {options.reports.report, options.reports.metrics, options.reports.trace}) {
    if (path.empty() || files.absolute(path) != files.absolute(options.plot)) continue;
    throw Error(ErrorKind::conflict, fmt::format("{} is named for the plot, too", path));
  }
}

// A chart has one curve for each place and variable.
void check_plot(const ExtractOptions& options, const ExtractInput& input) {
  if (options.plot.empty() || (input.has_points() && input.spread.empty())) return;
  throw Error(ErrorKind::invalid,
              "--plot draws what places have: name some with --point, and spread nothing");
}

// Of a stage that is only looked at.
class Nowhere final : public ValueWriter {
 public:
  void append(ByteView) override {}
  [[nodiscard]] Version commit() override { return {}; }
};

// The table, and what there is to say of it before it is written.
class Extraction {
 public:
  Extraction(const ExtractOptions& options, const Workplace& workplace,
             std::shared_ptr<InputCache> cache = nullptr, TableOutlet* outlet = nullptr)
      : options_(options), workplace_(workplace), outlet_(outlet) {
    input_.cache = std::move(cache);
    open_extract_input(options, workplace.files, input_);
    warn_of(input_.dataset.notes, workplace.console);
    check_plot(options, input_);
    labels_ = labels_of_rows(input_);
    input_.kept = kept_columns(input_.points, options.keep, options.partition,
                               names_of(key_columns(input_, labels_)));
    check_columns(input_);
    if (writes_directory(options)) check_partitions();
    table_ = plan_within(options.resources.memory,
                         [&](std::int64_t memory) { return fitting_table(memory); });
    reads_ = reads_of(input_, table_.runs);
  }

  Json report() const {
    const auto [touched, total] = count_leaves(input_);
    Json report{
        {"output", options_.output},
        {"rows", volume(table_.runs.shape)},
        {"columns", columns_report(input_, table_)},
        {"points", points_report(input_)},
        {"chunks_read", touched},
        {"chunks_total", total},
        {"read_amplification",
         touched == 0 ? 1.0 : static_cast<double>(reads_.leaves) / static_cast<double>(touched)}};
    if (!options_.plot.empty()) report["plot"] = options_.plot;
    if (writes_directory(options_)) {
      report["partition_keys"] = options_.partition;
      report["partitions"] = partitions_;
    }
    return report;
  }

  // What tells a run from others that would write another table.
  const std::vector<std::string>& notes() const { return input_.dataset.notes; }
  Json identity() const { return extract_identity(options_, workplace_.files); }

  TableFigures figures() {
    TableFigures figures;
    figures.source_bytes = reads_once(input_).bytes;
    for (const ExtractVariable& variable : input_.variables) {
      figures.bytes_written +=
          volume(table_.runs.shape) * variable.rows.cells() * variable.values->type().size;
    }
    figures.bytes_read = reads_.bytes;
    const auto stage =
        make_stage(input_, options_, std::move(table_), std::make_unique<Nowhere>(), outlet_);
    figures.tasks = TaskGrid(stage->outputs).size();
    figures.least_memory = smallest_budget(*stage, run_options(options_.resources)) +
                           bytes_beside(*stage, options_.resources.memory);
    return figures;
  }

  // Writes a table in parts; what came of it.
  Json run_in_parts(Progress& progress, RunOptions options) {
    options.memory -= bytes_beside_tasks(input_, options_, options_.resources.memory);
    PartitionedRequest request;
    request.output = options_.output;
    request.target_bytes = target_bytes(options_);
    request.overwrite = options_.overwrite;
    request.resume = options_.resume;
    request.memory = options_.resources.memory;
    request.identity = identity();
    request.about = {{"gridmill", kVersion}, {"inputs", options_.inputs}};
    const TableTarget named{table_.name, table_.runs, {}, {}, nullptr, {}};
    PartitionedLayout layout =
        partitioned_layout(parquet_target(input_, std::move(table_), options_), options_.partition,
                           request.target_bytes);
    const auto table = open_partitioned_table(std::move(layout), std::move(request), workplace_);
    if (table->rows_resumed() > 0) {
      workplace_.console.say(
          fmt::format("{} rows are there from an unfinished run", table->rows_resumed()));
    }
    const auto stage = stage_into(table->sink(), input_, named);
    return table->complete([&] {
      const SkipsKept kept(options_.resources.skipped, table->skipped());
      const Watched watched(workplace_.console, "extracting to " + options_.output, progress);
      run_stage(stage, table->first_unit(), TaskGrid(stage->outputs).size(), options,
                workplace_.clock, progress, workplace_.stop);
      stage->outputs[0].sink->finish();
    });
  }

  // Writes the table and the plot.
  void run(Progress& progress, RunOptions options) {
    std::optional<PlotSeries> series;
    if (!options_.plot.empty()) {
      std::vector<RowColumn> columns;
      for (const ValueColumn& value : table_.values) columns.push_back(value.rows);
      series.emplace(table_.runs.shape, columns, plot_axis(input_), kPlottedPoints, kPlottedValues);
      table_.observe = [&series](const Box& rows, std::span<const ArrayView> values) {
        series->add(rows, values);
      };
    }
    const auto stage = make_stage(
        input_, options_, std::move(table_),
        outlet_ == nullptr ? write_file(workplace_.files, options_.output) : nullptr, outlet_);
    options.memory -= bytes_beside(*stage, options_.resources.memory);
    {
      const Watched watched(workplace_.console, "extracting to " + options_.output, progress);
      run_stage(stage, 0, TaskGrid(stage->outputs).size(), options, workplace_.clock, progress,
                workplace_.stop);
    }
    if (series)
      write_text_file(workplace_.files, options_.plot, plot_page(input_, *series, labels_));
    stage->outputs[0].sink->finish();
  }

 private:
  std::int64_t bytes_beside(const Stage& stage, std::int64_t memory) const {
    return outlet_ != nullptr ? input_.cells.bytes() + outlet_->bytes_beside(*stage.outputs[0].sink)
                              : bytes_beside_tasks(input_, options_, memory);
  }

  // What no other memory would mend is refused before one is looked for.
  void check_partitions() {
    TableTarget table = make_table(input_, labels_, options_, outlet_, options_.resources.memory);
    const auto layout = partitioned_layout(parquet_target(input_, std::move(table), options_),
                                           options_.partition, target_bytes(options_));
    partitions_ = layout.partitions->size();
  }

  TableTarget fitting_table(std::int64_t memory) const {
    Resources resources = options_.resources;
    resources.memory = memory;
    const auto stage =
        make_stage(input_, options_, make_table(input_, labels_, options_, outlet_, memory),
                   std::make_unique<Nowhere>(), outlet_);
    check_fits(*stage, run_options(resources), bytes_beside(*stage, memory));
    return make_table(input_, labels_, options_, outlet_, memory);
  }

  const ExtractOptions& options_;
  const Workplace& workplace_;
  TableOutlet* const outlet_;  // null: the table becomes a file, or several
  ExtractInput input_;
  Labels labels_;
  TableTarget table_;
  TableReads reads_;
  std::int64_t partitions_ = 0;  // of a table in parts
};

}  // namespace

bool writes_directory(const ExtractOptions& options) {
  return !options.partition.empty() || options.output.ends_with('/');
}

Json extract(const ExtractOptions& options, const Workplace& workplace) {
  check(options, workplace.files);
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid, "--sample is of runs that write a Zarr store");
  }
  RunAccount account("extract", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  RunCache cache(options.cache, options.dry_run, account.workplace());
  const bool is_step = cache.inputs() != nullptr && is_kept_as_step(options);
  const StepRequest request = is_step ? step_request(options, workplace.files) : StepRequest();
  if (auto kept = is_step ? cache.take(request, options.output) : std::nullopt) {
    account.watch("", [] {});  // the log tells of it as of any run
    cache.tell(*kept);
    account.finish(*kept);
    return std::move(*kept);
  }
  Extraction extraction(options, account.workplace(), cache.inputs());
  Json report = extraction.report();
  if (options.dry_run) return report;
  Progress progress;
  if (writes_directory(options)) {
    const std::string plan = to_hex(hash_bytes(as_bytes(dump_json(extraction.identity()))));
    account.watch(plan, [&] {
      report.update(
          extraction.run_in_parts(progress, account.counted(draining_options(options.resources))));
    });
  } else {
    // No record is kept: beside a file there is no place for one.
    account.watch(
        "", [&] { extraction.run(progress, account.counted(run_options(options.resources))); });
    if (is_step) cache.keep(request, options.output, report, extraction.notes());
    report["bytes_written"] = progress.bytes_written.load();
  }
  report["bytes_read"] = progress.bytes_fetched.load();
  cache.tell(report);
  account.finish(report);
  return report;
}

void extract_into(TableOutlet& outlet, const ExtractOptions& options, const Workplace& workplace) {
  check_point_method(options.method);
  RunCache cache(options.cache, options.dry_run, workplace);
  Extraction extraction(options, workplace, cache.inputs(), &outlet);
  outlet.begin(extraction.report());
  Progress progress;
  extraction.run(progress, run_options(options.resources));
}

std::pair<Json, TableFigures> look_at_table(const ExtractOptions& options,
                                            const Workplace& workplace) {
  check(options, workplace.files);
  Extraction extraction(options, workplace);
  Json report = extraction.report();
  return {std::move(report), extraction.figures()};
}

}  // namespace gridmill
