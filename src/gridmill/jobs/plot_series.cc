#include "gridmill/jobs/plot_series.h"

#include <algorithm>
#include <cmath>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

double as_number(const std::byte* element, DataType type) {
  double number = std::nan("");
  visit_real(type,
             [&](auto tag) { number = static_cast<double>(load_le<decltype(tag)>(element)); });
  return number;
}

}  // namespace

PlotSeries::PlotSeries(const Shape& shape, std::vector<RowColumn> columns, int axis,
                       std::int64_t most_points, std::int64_t most_values)
    : shape_(shape), columns_(std::move(columns)), axis_(axis) {
  const int last = shape.rank() - 1;
  points_ = std::min(shape[last], most_points);
  for (int d = 0; d < last; ++d) {
    if (d != axis) combinations_ = checked_mul(combinations_, shape[d], "curves of a plot");
  }
  const auto limit = std::max<std::int64_t>(
      1, most_values / (16 * static_cast<std::int64_t>(columns_.size()) * points_));
  combinations_ = std::clamp<std::int64_t>(combinations_, 1, limit);  // an empty one: no values
  const std::int64_t curves = static_cast<std::int64_t>(columns_.size()) * points_ * combinations_;
  const std::int64_t length = shape[axis];
  const std::int64_t room = std::clamp<std::int64_t>(most_values / curves, 16, 20'000);
  if (length > room)
    bucket_size_ =
        ceil_div(length, std::max<std::int64_t>(1, std::min<std::int64_t>(room / 2, 2000)));
  bucket_count_ = ceil_div(length, bucket_size_);
  buckets_.resize(static_cast<std::size_t>(curves * bucket_count_));
}

std::int64_t PlotSeries::combination_of(const Index& at) const {
  std::int64_t combination = 0;
  for (int d = 0; d + 1 < shape_.rank(); ++d) {
    if (d != axis_) combination = combination * shape_[d] + at[d];
  }
  return combination;
}

void PlotSeries::add(const Box& rows, std::span<const ArrayView> values) {
  const int last = shape_.rank() - 1;
  const std::lock_guard lock(mutex_);
  for (std::size_t column = 0; column < values.size(); ++column) {
    const Index strides = row_strides(columns_[column], values[column], shape_.rank());
    for_each_position(rows, [&](const Index& at) {
      const std::int64_t combination = combination_of(at);
      if (at[last] >= points_ || combination >= combinations_) return;
      const std::byte* element = values[column].data;
      for (int d = 0; d <= last; ++d) element += (at[d] - rows.begin[d]) * strides[d];
      const double value = as_number(element, values[column].type);
      if (!std::isfinite(value)) return;
      const std::int64_t position = at[axis_];
      Bucket& kept = buckets_[slot(column, combination, at[last], position / bucket_size_)];
      const bool is_new = kept.least_at < 0;
      if (is_new || value < kept.least || (value == kept.least && position < kept.least_at)) {
        kept.least = value;
        kept.least_at = position;
      }
      if (is_new || value > kept.greatest ||
          (value == kept.greatest && position < kept.greatest_at)) {
        kept.greatest = value;
        kept.greatest_at = position;
      }
    });
  }
}

std::size_t PlotSeries::slot(std::size_t column, std::int64_t combination, std::int64_t point,
                             std::int64_t bucket) const {
  const std::int64_t curve =
      (static_cast<std::int64_t>(column) * combinations_ + combination) * points_ + point;
  return static_cast<std::size_t>(curve * bucket_count_ + bucket);
}

}  // namespace gridmill
