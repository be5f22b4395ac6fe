// plot_series.h: the curves of a plot, collected while a table is made.
//
// Each curve (variable, combination of other dimensions, point) keeps the least and the greatest
// value of each bucket of times, so that a page stays small whatever the table's length and no peak
// is lost. What is kept doesn't depend on the order in which units arrive. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "gridmill/array/view.h"
#include "gridmill/sink/rows_sink.h"

namespace gridmill {

struct Bucket {
  double least = 0;
  double greatest = 0;
  std::int64_t least_at = -1;  // positions along the axis; -1: no value
  std::int64_t greatest_at = -1;
};

class PlotSeries {
 public:
  // `shape` of the rows; `axis` is the dimension that runs to the right. At most `most_points`
  // points (the first) are kept. About `most_values` numbers in all.
  PlotSeries(const Shape& shape, std::vector<RowColumn> columns, int axis, std::int64_t most_points,
             std::int64_t most_values);

  void add(const Box& rows, std::span<const ArrayView> values);

  std::int64_t bucket_size() const noexcept { return bucket_size_; }
  std::int64_t bucket_count() const noexcept { return bucket_count_; }
  std::int64_t points() const noexcept { return points_; }
  std::int64_t combinations() const noexcept { return combinations_; }  // of the other dimensions
  const Bucket& bucket(std::size_t column, std::int64_t combination, std::int64_t point,
                       std::int64_t bucket) const {
    return buckets_[slot(column, combination, point, bucket)];
  }

 private:
  std::size_t slot(std::size_t column, std::int64_t combination, std::int64_t point,
                   std::int64_t bucket) const;
  std::int64_t combination_of(const Index& at) const;

  Shape shape_;
  std::vector<RowColumn> columns_;
  int axis_;
  std::int64_t points_ = 0;
  std::int64_t combinations_ = 1;
  std::int64_t bucket_size_ = 1;
  std::int64_t bucket_count_ = 1;
  std::mutex mutex_;
  std::vector<Bucket> buckets_;
};

}  // namespace gridmill
