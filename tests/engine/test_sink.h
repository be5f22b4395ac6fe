// test_sink.h: a sink that assembles an array in memory, and can fail, dawdle or hang on a unit.
#pragma once

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/sink/sink.h"

namespace gridmill {

class TestSink final : public Sink {
 public:
  TestSink(DataType type, const Shape& shape, const Shape& chunk)
      : result(type, shape), units_(shape, chunk) {
    std::memset(result.view().data, 0xEE, static_cast<std::size_t>(result.view().byte_size()));
  }

  const ChunkGrid& units() const override { return units_; }
  bool is_ordered() const override { return ordered; }
  Box region(int, const Index& unit) const override { return units_.box_of(unit); }
  DataType column_type(int) const override { return result.type(); }
  Shape buffer_shape(int, const Index&) const override { return units_.chunk(); }
  void prepare(int, const Index&, const MutableArrayView& buffer) const override {
    most_live = std::max(most_live.load(), ++live);
    std::memset(buffer.data, 0, static_cast<std::size_t>(buffer.byte_size()));
  }
  std::int64_t encoded_bound() const override {
    return volume(units_.chunk()) * result.type().size;
  }
  std::int64_t scratch_bound() const override { return 0; }

  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const override {
    if (on_encode) on_encode(unit);
    const Box box = units_.box_of(unit);
    out.resize(static_cast<std::size_t>(volume(box.shape) * result.type().size));
    copy_array(columns[0].part(whole_box(box.shape)),
               view_of(out.bytes(), result.type(), box.shape));
  }

  void wait_for_room(const std::stop_token& stop) override {
    if (on_room) on_room(stop);
  }
  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    if (on_store) on_store(unit);
    const Box box = units_.box_of(unit);
    const std::lock_guard lock(mutex_);
    if (!stored_.insert(units_.ordinal(unit)).second) ++stored_twice;
    copy_array(view_of(encoded, result.type(), box.shape), result.view().part(box));
    --live;
    return record_of(Key("unit") / std::to_string(units_.ordinal(unit)), encoded);
  }

  void finish() override {}
  std::string describe(const Index& unit) const override {
    if (on_describe) on_describe();
    return "unit " + to_string(unit);
  }

  Array result;
  int stored_twice = 0;
  bool ordered = false;
  std::function<void(const Index&)> on_store;
  std::function<void(const std::stop_token&)> on_room;
  std::function<void(const Index&)> on_encode;
  std::function<void()> on_describe;
  // Units whose buffers exist, now and at most; the scheduler alone makes them.
  mutable std::atomic<std::int64_t> live{0};
  mutable std::atomic<std::int64_t> most_live{0};

 private:
  ChunkGrid units_;
  std::mutex mutex_;
  std::set<std::int64_t> stored_;
};

// Every element is its own C-order number.
inline Array counted_array(const Shape& shape) {
  Array array(types::int64, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) array.values<std::int64_t>()[i] = i;
  return array;
}

}  // namespace gridmill
