#include "gridmill/jobs/extract.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/base/version.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/extract_reads.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/plot.h"
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

Labels row_labels(const ExtractInput& input) {
  Labels labels;
  for (const RowDimension& row : input.rows) {
    if (&row == &input.rows.back()) break;
    labels.push_back(dimension_labels(input.dataset, row.group, row.name, row.begin, row.size));
  }
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
  const int points = static_cast<int>(input.rows.size()) - 1;
  for (int d = 0; d < points; ++d) {
    const auto at = static_cast<std::size_t>(d);
    keys.push_back({input.rows[at].name, d, labels[at]});
  }
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
  return keys;
}

bool is_parquet(const ExtractOptions& options) { return options.output.ends_with(".parquet"); }

// The columns of key_columns(), with their types.
TypedKeys typed_keys(const ExtractInput& input) {
  TypedKeys keys;
  for (const RowDimension& row : input.rows) {
    if (&row == &input.rows.back()) break;
    keys.push_back(dimension_values(input.dataset, row.group, row.name, row.begin, row.size));
  }
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
  return keys;
}

TableTarget make_table(const ExtractInput& input, const Labels& labels,
                       const ExtractOptions& options, std::int64_t memory) {
  TableTarget table;
  table.name = options.output;
  table.keys = key_columns(input, labels);
  for (const ExtractVariable& variable : input.variables) {
    table.values.push_back({variable.column, {variable.values->type(), variable.row_dimensions}});
  }
  const std::int64_t encoded = is_parquet(options)
                                   ? typed_row_bytes(typed_keys(input), table.values)
                                   : row_text_bound(table);
  table.runs = row_runs(input, encoded, memory);
  return table;
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
  }
  return points;
}

Json columns_report(const ExtractInput& input, const TableTarget& table) {
  Json columns = Json::array();
  for (const KeyColumn& key : table.keys) columns.push_back({{"name", key.name}});
  for (const ExtractVariable& variable : input.variables) {
    Json column{{"name", variable.column}, {"type", variable.values->type().name()}};
    if (!variable.units.empty()) column["units"] = variable.units;
    if (!variable.long_name.empty()) column["long_name"] = variable.long_name;
    if (!variable.description.empty()) column["description"] = variable.description;
    if (!variable.expression.empty()) column["expression"] = variable.expression;
    columns.push_back(std::move(column));
  }
  return columns;
}

// What Arrow holds until a row group is whole, and encoded.
std::int64_t row_group_bytes(const ExtractOptions& options) {
  return std::min(std::int64_t{64} << 20, options.resources.memory / 16);
}

std::int64_t bytes_beside_tasks(const ExtractInput& input, const ExtractOptions& options) {
  constexpr std::size_t kPlaceColumns = 5;  // name, lat, lon, grid_lat, grid_lon
  if (!is_parquet(options)) return 0;
  const std::size_t columns = input.variables.size() + input.rows.size() - 1 + kPlaceColumns;
  return parquet_memory(row_group_bytes(options), static_cast<std::int64_t>(columns));
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
  target.row_group_bytes = row_group_bytes(options);
  target.table = std::move(table);
  return target;
}

void write_text(Files& files, const std::string& path, const std::string& text) {
  const auto writer = write_file(files, path);
  writer->append(as_bytes(text));
  (void)writer->commit();
}

std::shared_ptr<Stage> make_stage(const ExtractInput& input, const ExtractOptions& options,
                                  TableTarget table, std::unique_ptr<ValueWriter> writer) {
  auto stage = std::make_shared<Stage>();
  stage->name = "extract";
  Output output{table.name, {}, nullptr, Index::filled(table.runs.shape.rank(), 1)};
  for (const ExtractVariable& variable : input.variables) output.fields.push_back(variable.values);
  table.writer = std::move(writer);
  output.sink = is_parquet(options) ? parquet_sink(parquet_target(input, std::move(table), options))
                                    : table_sink(std::move(table));
  stage->outputs.push_back(std::move(output));
  return stage;
}

void check(const ExtractOptions& options, Files& files) {
  if (options.method != "nearest") {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("the method \"{}\" is not in this version: nearest is", options.method));
  }
  check_output_file(files, options.output, options.overwrite, options.inputs);
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

// Of a stage that is only looked at.
class Nowhere final : public ValueWriter {
 public:
  void append(ByteView) override {}
  [[nodiscard]] Version commit() override { return {}; }
};

// The table, and what there is to say of it before it is written.
class Extraction {
 public:
  Extraction(const ExtractOptions& options, const Workplace& workplace)
      : options_(options), workplace_(workplace) {
    open_extract_input(options, workplace.files, input_);
    warn_of(input_.dataset.notes, workplace.console);
    labels_ = row_labels(input_);
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
    return report;
  }

  TableFigures figures() {
    TableFigures figures;
    figures.source_bytes = reads_once(input_).bytes;
    for (const ExtractVariable& variable : input_.variables) {
      figures.bytes_written += volume(table_.runs.shape) * variable.values->type().size;
    }
    figures.bytes_read = reads_.bytes;
    const auto stage = make_stage(input_, options_, std::move(table_), std::make_unique<Nowhere>());
    figures.tasks = TaskGrid(stage->outputs).size();
    figures.least_memory = smallest_budget(*stage, run_options(options_.resources)) +
                           bytes_beside_tasks(input_, options_);
    return figures;
  }

  // Writes the table and the plot.
  void run(Progress& progress, RunOptions options) {
    options.memory -= bytes_beside_tasks(input_, options_);
    std::optional<PlotSeries> series;
    if (!options_.plot.empty()) {
      std::vector<RowColumn> columns;
      for (const ValueColumn& value : table_.values) columns.push_back(value.rows);
      series.emplace(table_.runs.shape, columns, plot_axis(input_), kPlottedPoints, kPlottedValues);
      table_.observe = [&series](const Box& rows, std::span<const ArrayView> values) {
        series->add(rows, values);
      };
    }
    const auto stage = make_stage(input_, options_, std::move(table_),
                                  write_file(workplace_.files, options_.output));
    {
      const Watched watched(workplace_.console, "extracting to " + options_.output, progress);
      run_stage(stage, 0, TaskGrid(stage->outputs).size(), options, workplace_.clock, progress,
                workplace_.stop);
    }
    if (series) write_text(workplace_.files, options_.plot, plot_page(input_, *series, labels_));
    stage->outputs[0].sink->finish();
  }

 private:
  TableTarget fitting_table(std::int64_t memory) const {
    Resources resources = options_.resources;
    resources.memory = memory;
    const auto stage = make_stage(input_, options_, make_table(input_, labels_, options_, memory),
                                  std::make_unique<Nowhere>());
    check_fits(*stage, run_options(resources), bytes_beside_tasks(input_, options_));
    return make_table(input_, labels_, options_, memory);
  }

  const ExtractOptions& options_;
  const Workplace& workplace_;
  ExtractInput input_;
  Labels labels_;
  TableTarget table_;
  TableReads reads_;
};

}  // namespace

Json extract(const ExtractOptions& options, const Workplace& workplace) {
  check(options, workplace.files);
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid, "--sample is of runs that write a Zarr store");
  }
  RunAccount account("extract", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  Extraction extraction(options, account.workplace());
  Json report = extraction.report();
  if (options.dry_run) return report;
  Progress progress;
  // No record is kept: beside a file there is no place for one.
  account.watch("",
                [&] { extraction.run(progress, account.counted(run_options(options.resources))); });
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = progress.bytes_written.load();
  account.finish(report);
  return report;
}

std::pair<Json, TableFigures> look_at_table(const ExtractOptions& options,
                                            const Workplace& workplace) {
  check(options, workplace.files);
  Extraction extraction(options, workplace);
  Json report = extraction.report();
  return {std::move(report), extraction.figures()};
}

}  // namespace gridmill
