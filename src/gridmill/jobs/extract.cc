#include "gridmill/jobs/extract.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/plot.h"
#include "gridmill/jobs/row_runs.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

// What a page can show and a phone can load.
constexpr std::int64_t kPlottedPoints = 40;
constexpr std::int64_t kPlottedValues = 200'000;
// One unit's numbers and text: small beside any budget, large enough to keep lanes busy.
constexpr std::int64_t kUnitBytes = std::int64_t{8} << 20;

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

Shape row_shape(const ExtractInput& input) {
  Shape shape;
  for (const RowDimension& row : input.rows) shape.push_back(row.size);
  return shape;
}

RowRuns row_runs(const ExtractInput& input, std::int64_t text_bytes, std::int64_t memory) {
  Shape leaf;
  Index begin;
  for (const RowDimension& row : input.rows) {
    leaf.push_back(row.leaf);
    begin.push_back(row.begin);
  }
  RunSizes sizes;
  sizes.row_bytes = text_bytes;
  for (const ExtractVariable& variable : input.variables) {
    sizes.row_bytes += variable.packed->type().size + variable.values->type().size;
  }
  sizes.preferred_bytes = std::min(kUnitBytes, memory / 8);
  sizes.most_bytes = std::max<std::int64_t>(memory / 3, 1);
  return choose_runs(row_shape(input), leaf, begin, sizes);
}

TableTarget make_table(const ExtractInput& input, const Labels& labels,
                       const ExtractOptions& options) {
  TableTarget table;
  table.name = options.output;
  table.keys = key_columns(input, labels);
  for (const ExtractVariable& variable : input.variables) {
    table.values.push_back({variable.column, {variable.values->type(), variable.row_dimensions}});
  }
  table.runs = row_runs(input, row_text_bound(table), options.resources.memory);
  return table;
}

// How often a chunk is decoded: more than once where a run of rows holds only a part of it.
double read_amplification(const ExtractInput& input, const RowRuns& runs, std::int64_t touched) {
  const ChunkGrid units = runs.units();
  std::int64_t reads = 0;
  for (std::int64_t unit = 0; unit < units.size(); ++unit) {
    const Box rows = runs.box_of(units.position(unit));
    for (const ExtractVariable& variable : input.variables) {
      variable.packed->leaves(column_region(rows, variable.row_dimensions),
                              [&](const Leaf&) { ++reads; });
    }
  }
  return touched == 0 ? 1.0 : static_cast<double>(reads) / static_cast<double>(touched);
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
    const std::string_view units = variable.variable->attributes.text("units");
    const std::string_view long_name = variable.variable->attributes.text("long_name");
    if (!units.empty()) column["units"] = units;
    if (!long_name.empty()) column["long_name"] = long_name;
    columns.push_back(std::move(column));
  }
  return columns;
}

void write_text(Files& files, const std::string& path, const std::string& text) {
  const auto writer = write_file(files, path);
  writer->append(as_bytes(text));
  (void)writer->commit();
}

// Runs the table's stage; the table is whole, but not yet visible.
std::shared_ptr<Stage> run_table(const ExtractInput& input, TableTarget table,
                                 const ExtractOptions& options, const Workplace& workplace,
                                 Progress& progress) {
  auto stage = std::make_shared<Stage>();
  stage->name = "extract";
  const int rank = table.runs.shape.rank();
  Output output{options.output, {}, nullptr, Index::filled(rank, 1)};
  for (const ExtractVariable& variable : input.variables) output.fields.push_back(variable.values);
  table.writer = write_file(workplace.files, options.output);
  output.sink = table_sink(std::move(table));
  stage->outputs.push_back(std::move(output));
  const Watched watched(workplace.console, "extracting to " + options.output, progress);
  run_stage(stage, 0, TaskGrid(stage->outputs).size(), run_options(options.resources),
            workplace.clock, progress, workplace.stop);
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
}

}  // namespace

Json extract(const ExtractOptions& options, const Workplace& workplace) {
  check(options, workplace.files);
  const std::int64_t start_ns = workplace.clock.monotonic_ns();
  ExtractInput input;
  open_extract_input(options, workplace.files, input);
  const Labels labels = row_labels(input);
  TableTarget table = make_table(input, labels, options);
  const Shape shape = table.runs.shape;

  const auto [touched, total] = count_leaves(input);
  Json report{{"output", options.output},
              {"rows", volume(shape)},
              {"columns", columns_report(input, table)},
              {"points", points_report(input)},
              {"chunks_read", touched},
              {"chunks_total", total},
              {"read_amplification", read_amplification(input, table.runs, touched)}};
  if (!options.plot.empty()) report["plot"] = options.plot;
  if (options.dry_run) return report;

  std::optional<PlotSeries> series;
  if (!options.plot.empty()) {
    std::vector<RowColumn> columns;
    for (const ValueColumn& value : table.values) columns.push_back(value.rows);
    series.emplace(shape, columns, plot_axis(input), kPlottedPoints, kPlottedValues);
    table.observe = [&series](const Box& rows, std::span<const ArrayView> values) {
      series->add(rows, values);
    };
  }
  Progress progress;
  const auto stage = run_table(input, std::move(table), options, workplace, progress);
  if (series) write_text(workplace.files, options.plot, plot_page(input, *series, labels));
  stage->outputs[0].sink->finish();
  report["bytes_read"] = progress.bytes_fetched.load();
  report["bytes_written"] = progress.bytes_written.load();
  report["seconds"] = static_cast<double>(workplace.clock.monotonic_ns() - start_ns) * 1e-9;
  report["peak_memory"] = peak_resident_memory();
  return report;
}

}  // namespace gridmill
