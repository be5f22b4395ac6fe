#include "gridmill/sink/state_sink.h"

#include <fmt/format.h>

#include <bit>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

Key unit_key(const StateTarget& target, std::int64_t ordinal) {
  return target.place / std::to_string(ordinal);
}

class StateSink final : public Sink {
 public:
  explicit StateSink(StateTarget target) : target_(std::move(target)) {}

  const ChunkGrid& units() const override { return target_.units; }
  Box region(int, const Index& unit) const override { return target_.units.box_of(unit); }
  DataType column_type(int) const override { return target_.type; }
  Shape buffer_shape(int, const Index& unit) const override {
    return target_.units.box_of(unit).shape;
  }
  void prepare(int, const Index&, const MutableArrayView&) const override {}
  std::int64_t encoded_bound() const override { return target_.fold->state_bytes(); }
  std::int64_t scratch_bound() const override { return 0; }
  std::optional<Key> key(const Index& unit) const override {
    return unit_key(target_, target_.units.ordinal(unit));
  }

  void encode(const Index&, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const override {
    out.resize(static_cast<std::size_t>(target_.fold->state_bytes()));
    target_.fold->fold(columns[0], out.bytes());
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    const Key where = *key(unit);
    target_.store->put(where, encoded);
    return record_of(where, encoded);
  }

  void finish() override {}

  std::string describe(const Index& unit) const override {
    return fmt::format("state {} of {}", to_string(target_.units.box_of(unit)),
                       target_.place.text());
  }

 private:
  const StateTarget target_;
};

class Merging {
 public:
  explicit Merging(const StateTarget& target) : target_(target) {}

  // Of units [first, first + count).
  Buffer merge(std::int64_t first, std::int64_t count) const {
    if (count == 1) return partial(first);
    const auto half =
        static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(count - 1)));
    Buffer state = merge(first, half);
    const Buffer later = merge(first + half, count - half);
    target_.fold->merge(state.bytes(), later);
    return state;
  }

 private:
  Buffer partial(std::int64_t ordinal) const {
    const Key where = unit_key(target_, ordinal);
    Buffer state;
    if (!target_.store->get(where, state)) {
      throw Error(ErrorKind::unavailable, fmt::format("the state {} of {} has not been stored",
                                                      ordinal, target_.place.text()));
    }
    if (static_cast<std::int64_t>(state.size()) != target_.fold->state_bytes()) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("the state {} of {} has {} bytes instead of {}", ordinal,
                              target_.place.text(), state.size(), target_.fold->state_bytes()));
    }
    return state;
  }

  const StateTarget& target_;
};

}  // namespace

std::shared_ptr<Sink> state_sink(StateTarget target) {
  return std::make_shared<StateSink>(std::move(target));
}

std::optional<Json> state_of(const StateTarget& target) {
  if (target.units.size() == 0) return std::nullopt;
  return target.fold->result(Merging(target).merge(0, target.units.size()));
}

}  // namespace gridmill
