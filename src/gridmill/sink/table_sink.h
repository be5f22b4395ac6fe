// table_sink.h: a CSV table out of fields that share dimensions.
//
// A row stands for one position of the row dimensions, in C order. Its cells are keys (times,
// levels, names of points), which depend on one dimension each and are text already, and values,
// one field each. Missing values (NaN) are empty cells. The header row holds the columns' names.
// Nothing is visible before finish(), which commits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/sink/rows_sink.h"
#include "gridmill/sink/text_cells.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct KeyColumn {
  std::string name;
  int dimension = 0;                       // of the rows
  std::shared_ptr<const CellTexts> cells;  // one per position, quoted as CSV wants it
};

// One column, or, of a field with dimensions that are spread, one for each of its cells.
struct ValueColumn {
  std::string name;
  RowColumn rows;
  std::vector<std::string> cells = {};  // their names, in their order; empty: `name` alone

  const std::string& cell_name(std::size_t cell) const {
    return cells.empty() ? name : cells[cell];
  }
};

struct TableTarget {
  std::string name;  // for messages
  RowRuns runs;
  std::vector<KeyColumn> keys;
  std::vector<ValueColumn> values;
  std::unique_ptr<ValueWriter> writer;
  // Sees every unit's values too, if set: from any thread, in any order.
  std::function<void(const Box& rows, std::span<const ArrayView> values)> observe;
};

// The most bytes of one row as text.
std::int64_t row_text_bound(const TableTarget& target);

// Writes the header at once. Throws what the writer throws.
std::shared_ptr<Sink> table_sink(TableTarget target);

}  // namespace gridmill
