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

struct ExtractVariable {
  const Variable* variable = nullptr;
  std::string column;
  std::shared_ptr<const Source> packed;  // its values at the points, as stored
  FieldPtr values;                       // unpacked
  std::vector<int> row_dimensions;       // of the rows, for each dimension of `values`
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
  std::vector<PointLocation> places;  // one per point
  std::vector<ExtractVariable> variables;
  std::vector<RowDimension> rows;
};

// `input` keeps pointers into itself: it is filled in place. Throws Error(not_found) for an unknown
// variable, Error(invalid) for points outside, variables on different grids, or dimensions of one
// name that differ in size or coordinates (of two groups).
void open_extract_input(const ExtractOptions& options, Files& files, ExtractInput& input);

// Leaves that the table reads, of how many there are.
std::pair<std::int64_t, std::int64_t> count_leaves(const ExtractInput& input);

}  // namespace gridmill
