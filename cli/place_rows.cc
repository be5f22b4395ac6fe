#include "cli/place_rows.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill::cli {
namespace {

std::shared_ptr<std::string> text_of(const std::shared_ptr<ExtractOptions>& options,
                                     std::string PointMethod::*member) {
  return {options, &(options->method.*member)};
}

// How values at points are taken from the grid; check_point_method() looks at them together.
std::vector<Option> method_rows(const std::shared_ptr<ExtractOptions>& options) {
  return {
      text_row(
          "method", "METHOD",
          "how values at a point are taken from the grid: nearest (the nearest cell), bilinear "
          "(between four cells), box (the mean over a box)",
          "nearest", text_of(options, &PointMethod::name)),
      text_row("box", "LATxLON",
               "of --method box: its size in degrees of latitude and longitude, the point in its "
               "middle: 2x4, or 2 for both",
               "none: box wants it", text_of(options, &PointMethod::box)),
      text_row("mask", "EXPR",
               "take only cells where a variable or an expression is neither 0 nor missing: lsm, "
               "'lsm > 0.5'",
               "none: all cells", text_of(options, &PointMethod::mask)),
      text_row(
          "mask-valid", "VARIABLE",
          "take only cells where a variable has a value at its first selected time, level, ...",
          "none: all cells", text_of(options, &PointMethod::mask_valid)),
      text_row("mask-radius", "KM", "how far from a point the nearest valid cell may be",
               "three times the width of the cell at the point",
               text_of(options, &PointMethod::mask_radius)),
  };
}

}  // namespace

std::vector<Option> place_rows(const std::shared_ptr<ExtractOptions>& options) {
  std::vector<Option> rows{
      values_row("point", OptionKind::repeated, "[NAME=]LAT,LON",
                 "a place in degrees north and east; may be repeated", "none",
                 member_of(options, &ExtractOptions::points)),
      file_row("points",
               "a CSV file of places (UTF-8) with columns lat, lon and, if wanted, name "
               "(docs/points.md)",
               "none", member_of(options, &ExtractOptions::points_file)),
  };
  for (Option& row : method_rows(options)) rows.push_back(std::move(row));
  std::vector<Option> columns{
      values_row("feature", OptionKind::repeated, "NAME=EXPR",
                 "a column that is computed, instead of the variables: wind=hypot(u10, v10); may "
                 "be repeated",
                 "none", member_of(options, &ExtractOptions::features)),
      file_row("features",
               "a YAML file of features: NAME: {expr, units to convert to, description}", "none",
               member_of(options, &ExtractOptions::features_file)),
      file_row("plot", "also draw a chart: one HTML page that works offline", "none",
               member_of(options, &ExtractOptions::plot)),
  };
  for (Option& row : columns) rows.push_back(std::move(row));
  return rows;
}

std::vector<Option> join_rows(const std::shared_ptr<ExtractOptions>& options) {
  return {
      values_row("source", OptionKind::repeated, "NAME=GLOB",
                 "inputs of one source, whose columns become NAME/VARIABLE: era5='b/era5_*.zarr'; "
                 "instead of STORE, may be repeated",
                 "none", member_of(options, &ExtractOptions::sources)),
      text_row("along", "DIM", "the dimension along which inputs are joined",
               "the one whose coordinate differs", member_of(options, &ExtractOptions::along)),
      choice_row("duplicates", "POLICY",
                 "of entries that stand twice in a source: error lists them, first takes the first "
                 "of each, verify-identical reads and compares them before",
                 "error", {"error", "first", "verify-identical"},
                 member_of(options, &ExtractOptions::duplicates)),
      choice_row("join", "KIND",
                 "of entries that a source lacks: exact refuses them, inner takes what all have",
                 "exact", {"exact", "inner"}, member_of(options, &ExtractOptions::join)),
      values_row("segments", OptionKind::repeated, "DIM=N[:STATISTIC]",
                 "a row for each N positions: their mean, sum, min, max or std, without those that "
                 "are missing; the label is that of the first; may be repeated",
                 "a row for each position; mean", member_of(options, &ExtractOptions::segments)),
      values_row("spread", OptionKind::list, "DIM,...",
                 "dimensions whose positions become columns, called VARIABLE_LABEL", "none",
                 member_of(options, &ExtractOptions::spread)),
  };
}

}  // namespace gridmill::cli
