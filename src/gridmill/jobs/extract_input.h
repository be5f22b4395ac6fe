// extract_input.h: which variables a table is made of, where its points lie on their grid (if there
// are points), and which dimensions its rows have.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/horizontal.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/point_cells.h"
#include "gridmill/jobs/points.h"
#include "gridmill/jobs/table_rows.h"
#include "gridmill/sink/rows_sink.h"

namespace gridmill {

// A column of values: a variable at the points, or a feature of some.
struct ExtractVariable {
  const Variable* variable = nullptr;  // null: a feature
  std::string column;
  FieldPtr values;                 // unpacked
  RowColumn rows;                  // how `values` lie in the rows
  std::vector<std::string> cells;  // names of the columns of dimensions that are spread
  std::string units;               // "" where there are none, here and below
  std::string long_name;           // of a variable
  std::string title;               // of a chart: the long_name, or else the standard_name
  std::string description;         // of a feature, as its expression
  std::string expression;
};

// A dimension that is spread into columns, as a group of the inputs has it.
struct SpreadDimension {
  std::string name;
  std::string group;
  std::int64_t size = 0;
  std::vector<std::string> labels;
  std::string meaning;  // units, or calendar: label_meaning() of table_rows.h
};

struct ExtractInput {
  std::shared_ptr<InputCache> cache;  // set by who opens it; null: none
  Dataset dataset;
  std::vector<RequestedPoint> points;      // none: the variables' own dimensions are the rows
  PointCells cells;                        // what the points are made of
  std::vector<PointLocation> places;       // one per point: cells.places()
  std::vector<const Variable*> read;       // each once
  std::vector<ExtractVariable> variables;  // the columns
  std::vector<RowDimension> rows;          // the last one is the points, if there are any
  std::vector<std::string> kept;           // further columns of the points that are key columns
  std::vector<SpreadDimension> spread;
  std::vector<Segments> segments;

  bool has_points() const noexcept { return !points.empty(); }
  // The rows' dimensions without the points.
  std::size_t labelled_rows() const noexcept { return rows.size() - (has_points() ? 1 : 0); }
};

// `input` keeps pointers into itself: it is filled in place. Throws Error(not_found) for an unknown
// variable, Error(invalid) for points outside, variables on different grids, variables on a grid
// without points, or dimensions of one name that differ in size or coordinates (of two groups).
void open_extract_input(const ExtractOptions& options, Files& files, ExtractInput& input);

}  // namespace gridmill
