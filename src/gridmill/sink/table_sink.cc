#include "gridmill/sink/table_sink.h"

#include <algorithm>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Everything that formatting needs; shared by the sink's callbacks.
class Table {
 public:
  explicit Table(TableTarget target) : target_(std::move(target)) {}

  std::string header() const {
    std::string text;
    for (const KeyColumn& key : target_.keys) text += csv_quoted(key.name) + ",";
    for (const ValueColumn& value : target_.values) {
      for (std::size_t cell = 0; cell < static_cast<std::size_t>(value.rows.cells()); ++cell) {
        text += csv_quoted(value.cell_name(cell)) + ",";
      }
    }
    if (text.empty()) return "\n";
    text.back() = '\n';
    return text;
  }

  void format(const Box& box, std::span<const ArrayView> views, Buffer& out) const {
    if (target_.observe) target_.observe(box, views);
    std::vector<Index> strides;
    std::vector<std::vector<std::int64_t>> cells;
    for (std::size_t i = 0; i < views.size(); ++i) {
      strides.push_back(row_strides(target_.values[i].rows, views[i], box.rank()));
      cells.push_back(cell_offsets(target_.values[i].rows, views[i]));
    }
    TextBuffer text(out);
    for_each_position(box, [&](const Index& at) {
      for (const KeyColumn& key : target_.keys) {
        text.put((*key.cells)[at[key.dimension]]);
        text.put(',');
      }
      for (std::size_t i = 0; i < views.size(); ++i) {
        const std::byte* element = views[i].data;
        for (int d = 0; d < at.rank(); ++d) element += (at[d] - box.begin[d]) * strides[i][d];
        for (const std::int64_t offset : cells[i]) {
          put_csv_cell(text, element + offset, target_.values[i].rows.type);
          text.put(',');
        }
      }
      text.replace_last('\n');
    });
    text.finish();
  }

  void append(ByteView bytes) { target_.writer->append(bytes); }
  void commit() { (void)target_.writer->commit(); }

 private:
  TableTarget target_;
};

}  // namespace

std::int64_t row_text_bound(const TableTarget& target) {
  std::size_t bytes = 1;
  for (const KeyColumn& key : target.keys) bytes += key.cells->longest() + 1;
  for (const ValueColumn& value : target.values) {
    const DataType type = value.rows.type;
    const std::size_t cell = type == types::float32 ? 17 : type.is_real() ? 26 : kLongestNumber;
    bytes += cell * static_cast<std::size_t>(value.rows.cells());
  }
  return static_cast<std::int64_t>(bytes);
}

std::shared_ptr<Sink> table_sink(TableTarget target) {
  if (target.values.empty()) {
    throw Error(ErrorKind::internal, "a table without value columns: " + target.name);
  }
  RowsTarget rows;
  rows.name = target.name;
  rows.runs = target.runs;
  rows.row_bound = row_text_bound(target);
  for (const ValueColumn& value : target.values) rows.columns.push_back(value.rows);
  const auto table = std::make_shared<Table>(std::move(target));
  table->append(as_bytes(table->header()));
  rows.format = [table](const Box& box, std::span<const ArrayView> views, Buffer& out) {
    table->format(box, views, out);
  };
  rows.append = [table](ByteView bytes) { table->append(bytes); };
  rows.finish = [table] { table->commit(); };
  return rows_sink(std::move(rows));
}

}  // namespace gridmill
