#include "gridmill/sink/range_sink.h"

#include "gridmill/sink/looking_sink.h"

namespace gridmill {
namespace {

class RangeSink final : public LookingSink {
 public:
  explicit RangeSink(RangeTarget target)
      : LookingSink(target.type, target.units),
        bounds_(target.bounds),
        tally_(std::move(target.tally)) {}

  std::string describe(const Index& unit) const override {
    return "values " + to_string(units().box_of(unit));
  }

 private:
  void look(const Index&, const Box& region, std::span<const ArrayView> columns) const override {
    ArrayView values = columns[0];
    values.shape = region.shape;
    tally_->add(region, count_range(values, bounds_));
  }

  const Bounds bounds_;
  const std::shared_ptr<RangeTally> tally_;
};

}  // namespace

std::int64_t RangeTally::place_in_whole(const Box& region, std::int64_t place) const {
  if (place < 0) return place;
  std::int64_t result = 0, step = 1;
  for (int d = whole_.rank() - 1; d >= 0; --d) {
    result += (region.begin[d] + place % region.shape[d]) * step;
    place /= region.shape[d];
    step *= whole_[d];
  }
  return result;
}

void RangeTally::add(const Box& region, const RangeCount& found) {
  RangeCount placed = found;
  placed.first_missing = place_in_whole(region, found.first_missing);
  placed.first_outside = place_in_whole(region, found.first_outside);
  const std::lock_guard lock(mutex_);
  total_ = merged(total_, placed);
}

RangeCount RangeTally::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

std::shared_ptr<Sink> range_sink(RangeTarget target) {
  return std::make_shared<RangeSink>(std::move(target));
}

}  // namespace gridmill
