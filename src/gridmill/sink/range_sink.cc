#include "gridmill/sink/range_sink.h"

namespace gridmill {
namespace {

class RangeSink final : public Sink {
 public:
  explicit RangeSink(RangeTarget target) : target_(std::move(target)) {}

  const ChunkGrid& units() const override { return target_.units; }
  Box region(int, const Index& unit) const override { return target_.units.box_of(unit); }
  DataType column_type(int) const override { return target_.type; }
  Shape buffer_shape(int, const Index& unit) const override {
    return target_.units.box_of(unit).shape;
  }
  void prepare(int, const Index&, const MutableArrayView&) const override {}  // no padding
  std::int64_t encoded_bound() const override { return 0; }
  std::int64_t scratch_bound() const override { return 0; }

  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const override {
    out.clear();
    const Box region = target_.units.box_of(unit);
    ArrayView values = columns[0];
    values.shape = region.shape;
    target_.tally->add(region, count_range(values, target_.bounds));
  }

  std::optional<KeyRecord> store(const Index&, ByteView) override { return std::nullopt; }
  void finish() override {}
  std::string describe(const Index& unit) const override {
    return "values " + to_string(target_.units.box_of(unit));
  }

 private:
  const RangeTarget target_;
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
