// rows_sink.h: streamed records: units that are formatted in any order and come out in C order.
//
// The rows are the positions of a shape in C order; a unit is a run of them without a gap. The sink
// is ordered: the engine holds a unit back, inside its task's memory, until all before it are
// stored.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/sink/sink.h"

namespace gridmill {

// How rows are cut into units: `run` is 1 along the first dimensions, then anything along one, then
// whole. Along that one dimension the first unit is shorter by `lead`, so that units can begin
// where the source's chunks do.
struct RowRuns {
  Shape shape;
  Shape run;
  std::int64_t lead = 0;  // 0 <= lead < run of the divided dimension

  int divided() const noexcept;         // the dimension that units divide; 0 for a scalar
  ChunkGrid units() const;              // of the shape with `lead` before it
  Box box_of(const Index& unit) const;  // the rows of a unit
};

// Of a column's dimension that isn't one of the rows': it is spread into cells side by side.
inline constexpr int kSpread = -1;

// A field that takes part in the rows: which of the rows' dimensions its own dimensions are, in its
// own order, or kSpread. Dimensions that it lacks repeat it.
struct RowColumn {
  DataType type;
  std::vector<int> dimensions;
  Shape spread = {};  // extents of the dimensions that are spread, in its own order

  std::int64_t cells() const { return volume(spread); }  // of a row; 1 where nothing is spread
};

struct RowsTarget {
  std::string name;  // for messages
  RowRuns runs;
  std::vector<RowColumn> columns;
  std::int64_t row_bound = 0;  // most bytes of one formatted row (text elements may exceed it)
  // Formats the rows of `box` into `out`; columns are the fields' regions in their own dimension
  // order. Called from any thread.
  std::function<void(const Box& box, std::span<const ArrayView> columns, Buffer& out)> format;
  // Takes the units' bytes in order, one call at a time.
  std::function<void(ByteView)> append;
  std::function<void()> finish;  // may be empty
  std::int64_t first_unit = 0;   // those before it are there already: they don't come
  // Sink::wait_for_room(); may be empty.
  std::function<void(const std::stop_token&)> wait_for_room;
};

// Throws Error(internal) if the runs would not come out in C order.
std::shared_ptr<Sink> rows_sink(RowsTarget target);

// The region of a column's field that the rows take.
Box column_region(const Box& rows, const RowColumn& column);

// Strides of a column's view along the rows' dimensions: 0 where it has none.
Index row_strides(const RowColumn& column, const ArrayView& view, int row_rank);

// Where the cells of a row lie in a column's view, in bytes from its first one.
std::vector<std::int64_t> cell_offsets(const RowColumn& column, const ArrayView& view);

}  // namespace gridmill
