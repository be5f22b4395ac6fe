#include "gridmill/sink/rows_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

void check(const RowRuns& runs) {
  const int divided = runs.divided();
  bool ok = runs.run.rank() == runs.shape.rank() && runs.lead >= 0;
  for (int d = 0; ok && d < runs.shape.rank(); ++d) {
    if (d < divided) ok = runs.run[d] == 1;
    if (d == divided) ok = runs.lead < runs.run[d];
    if (d > divided) ok = runs.run[d] == runs.shape[d];
  }
  if (!ok) {
    throw Error(ErrorKind::internal, fmt::format("runs of {} do not follow C order in {}",
                                                 to_string(runs.run), to_string(runs.shape)));
  }
}

class RowsSink final : public Sink {
 public:
  explicit RowsSink(RowsTarget target) : target_(std::move(target)) {
    check(target_.runs);
    units_ = target_.runs.units();
    next_ = target_.first_unit;
  }

  const ChunkGrid& units() const override { return units_; }
  bool is_ordered() const override { return true; }
  int columns() const override { return static_cast<int>(target_.columns.size()); }
  Box region(int column, const Index& unit) const override {
    return column_region(target_.runs.box_of(unit), column_at(column));
  }
  DataType column_type(int column) const override { return column_at(column).type; }
  Shape buffer_shape(int column, const Index&) const override {
    // The same for every unit, since the engine takes the first one's cost for the largest.
    Box fullest = whole_box(target_.runs.shape);
    for (int d = 0; d < fullest.rank(); ++d) {
      fullest.shape[d] = std::min(target_.runs.run[d], target_.runs.shape[d]);
    }
    return column_region(fullest, column_at(column)).shape;
  }
  void prepare(int, const Index&, const MutableArrayView&) const override {}  // no padding
  std::int64_t encoded_bound() const override {
    std::int64_t rows = 1;
    for (int d = 0; d < target_.runs.shape.rank(); ++d) {
      rows =
          checked_mul(rows, std::min(target_.runs.run[d], target_.runs.shape[d]), "a run of rows");
    }
    return checked_mul(rows, target_.row_bound, "the text of a run of rows");
  }
  std::int64_t scratch_bound() const override { return 0; }

  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const override {
    std::vector<ArrayView> parts;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      parts.push_back(columns[i].part(whole_box(region(static_cast<int>(i), unit).shape)));
    }
    target_.format(target_.runs.box_of(unit), parts, out);
  }

  void wait_for_room(const std::stop_token& stop) override {
    if (target_.wait_for_room) target_.wait_for_room(stop);
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    if (units_.ordinal(unit) != next_) {
      throw Error(ErrorKind::internal, fmt::format("{} came out of turn", describe(unit)));
    }
    target_.append(encoded);
    ++next_;
    return std::nullopt;
  }

  void finish() override {
    if (next_ != units_.size()) {
      throw Error(ErrorKind::internal, fmt::format("{} of {} runs of {} were stored", next_,
                                                   units_.size(), target_.name));
    }
    if (target_.finish) target_.finish();
  }

  std::string describe(const Index& unit) const override {
    return fmt::format("rows {} of {}", to_string(target_.runs.box_of(unit)), target_.name);
  }

 private:
  const RowColumn& column_at(int column) const {
    return target_.columns[static_cast<std::size_t>(column)];
  }

  RowsTarget target_;
  ChunkGrid units_;
  std::int64_t next_ = 0;  // the engine stores one unit at a time
};

}  // namespace

int RowRuns::divided() const noexcept {
  // The last dimension that a unit does not hold whole; all whole: the first.
  for (int d = run.rank() - 1; d > 0; --d) {
    if (run[d] != shape[d]) return d;
  }
  return 0;
}

ChunkGrid RowRuns::units() const {
  Shape padded = shape;
  Shape chunk = run;
  if (lead > 0) padded[divided()] += lead;
  for (int d = 0; d < chunk.rank(); ++d) chunk[d] = std::max<std::int64_t>(chunk[d], 1);
  return {padded, chunk};
}

Box RowRuns::box_of(const Index& unit) const {
  Box box = units().box_of(unit);
  if (lead == 0) return box;
  const int d = divided();
  const std::int64_t end = box.end(d) - lead;
  box.begin[d] = std::max<std::int64_t>(box.begin[d] - lead, 0);
  box.shape[d] = end - box.begin[d];
  return box;
}

std::shared_ptr<Sink> rows_sink(RowsTarget target) {
  return std::make_shared<RowsSink>(std::move(target));
}

Box column_region(const Box& rows, const RowColumn& column) {
  Box box;
  int spread = 0;
  for (const int d : column.dimensions) {
    box.begin.push_back(d == kSpread ? 0 : rows.begin[d]);
    box.shape.push_back(d == kSpread ? column.spread[spread++] : rows.shape[d]);
  }
  return box;
}

Index row_strides(const RowColumn& column, const ArrayView& view, int row_rank) {
  Index strides = Index::filled(row_rank, 0);
  for (std::size_t i = 0; i < column.dimensions.size(); ++i) {
    if (column.dimensions[i] == kSpread) continue;
    strides[column.dimensions[i]] = view.strides[static_cast<int>(i)];
  }
  return strides;
}

std::vector<std::int64_t> cell_offsets(const RowColumn& column, const ArrayView& view) {
  Index steps;
  for (std::size_t i = 0; i < column.dimensions.size(); ++i) {
    if (column.dimensions[i] == kSpread) steps.push_back(view.strides[static_cast<int>(i)]);
  }
  std::vector<std::int64_t> offsets;
  for_each_position(whole_box(column.spread), [&](const Index& at) {
    std::int64_t offset = 0;
    for (int d = 0; d < at.rank(); ++d) offset += at[d] * steps[d];
    offsets.push_back(offset);
  });
  return offsets;
}

}  // namespace gridmill
