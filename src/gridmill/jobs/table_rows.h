// table_rows.h: the dimensions of a table's rows: how long they are, what stands at each position,
// and that all variables mean the same by them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/field/segments_field.h"
#include "gridmill/sink/parquet_sink.h"
#include "gridmill/sink/text_cells.h"

namespace gridmill {

// A dimension of the rows.
struct RowDimension {
  std::string name;
  std::int64_t begin = 0;  // first selected position in the file
  std::int64_t size = 0;   // rows
  std::int64_t leaf = 1;   // extent of the sources' leaves, in rows
  std::string group;       // where its coordinate is looked for
  bool is_time = false;
  std::int64_t segment = 1;  // positions of the file that a row stands for
};

// Gathers the dimensions of a table's variables. One thread.
class TableRows {
 public:
  // Both must outlive it.
  TableRows(const Dataset& dataset, const std::vector<Segments>& segments)
      : dataset_(dataset), segments_(segments) {}

  // Dimension d of `variable`, of which `region` is selected. Throws Error(invalid) where an
  // earlier variable has another size there, or other labels: one row has one label.
  void add(const Variable& variable, const Box& region, int d);
  // Times first, then the others as they were met.
  std::vector<RowDimension> sorted() const;

 private:
  std::int64_t segment_of(const std::string& dimension) const;
  void check_labels(const RowDimension& row, const Variable& variable, std::int64_t begin) const;
  [[noreturn]] static void refuse(const RowDimension& row, const Variable& variable,
                                  const std::string& difference);

  const Dataset& dataset_;
  const std::vector<Segments>& segments_;
  std::vector<RowDimension> rows_;
  std::vector<std::string> first_;  // who brought it
};

// What equal labels of two groups' dimension still have to agree on: the calendar of dates, the
// units of numbers.
std::string label_meaning(const Dataset& dataset, const std::string& group,
                          const std::string& dimension);

// What stands at each position of a dimension, as text and as numbers: of a segment, what its first
// position has.
std::shared_ptr<const CellTexts> row_labels(const Dataset& dataset, const RowDimension& row);
std::shared_ptr<const KeyValues> row_values(const Dataset& dataset, const RowDimension& row);

}  // namespace gridmill
