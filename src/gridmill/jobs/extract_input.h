// extract_input.h: which variables a table is made of, where its points lie on their grid, and
// which dimensions its rows have.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/horizontal.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/points.h"

namespace gridmill {

// A column of values: a variable at the points, or a feature of some.
struct ExtractVariable {
  const Variable* variable = nullptr;  // null: a feature
  std::string column;
  FieldPtr values;                  // unpacked
  std::vector<int> row_dimensions;  // of the rows, for each dimension of `values`
  std::string units;                // "" where there are none, here and below
  std::string long_name;            // of a variable
  std::string title;                // of a chart: the long_name, or else the standard_name
  std::string description;          // of a feature, as its expression
  std::string expression;
};

// A dimension of the rows; the last one is the points.
struct RowDimension {
  std::string name;
  std::int64_t begin = 0;  // first selected position in the file
  std::int64_t size = 0;
  std::int64_t leaf = 1;  // extent of the sources' leaves
  std::string group;      // where its coordinate is looked for
  bool is_time = false;
};

struct ExtractInput {
  Dataset dataset;
  std::vector<RequestedPoint> points;
  std::vector<PointLocation> places;       // one per point
  std::vector<const Variable*> read;       // each once
  std::vector<ExtractVariable> variables;  // the columns
  std::vector<RowDimension> rows;
};

// `input` keeps pointers into itself: it is filled in place. Throws Error(not_found) for an unknown
// variable, Error(invalid) for points outside, variables on different grids, or dimensions of one
// name that differ in size or coordinates (of two groups).
void open_extract_input(const ExtractOptions& options, Files& files, ExtractInput& input);

}  // namespace gridmill
