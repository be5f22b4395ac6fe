// looking_sink.h: what sinks have in common that look at values and store nothing.
//
// Units are regions of one shape, without padding; all columns have one type. What is left to each
// is encode(), which looks and leaves nothing to store, and what its units are called.
#pragma once

#include <utility>

#include "gridmill/sink/sink.h"

namespace gridmill {

class LookingSink : public Sink {
 public:
  const ChunkGrid& units() const final { return units_; }
  Box region(int, const Index& unit) const final { return units_.box_of(unit); }
  DataType column_type(int) const final { return type_; }
  Shape buffer_shape(int, const Index& unit) const final { return units_.box_of(unit).shape; }
  void prepare(int, const Index&, const MutableArrayView&) const final {}  // no padding
  std::int64_t encoded_bound() const final { return 0; }
  std::int64_t scratch_bound() const final { return 0; }
  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const final {
    out.clear();
    look(unit, units_.box_of(unit), columns);
  }
  std::optional<KeyRecord> store(const Index&, ByteView) final { return std::nullopt; }
  void finish() final {}

 protected:
  LookingSink(DataType type, ChunkGrid units) : type_(type), units_(std::move(units)) {}

  DataType type() const noexcept { return type_; }
  // From CPU threads, several at once.
  virtual void look(const Index& unit, const Box& region,
                    std::span<const ArrayView> columns) const = 0;

 private:
  const DataType type_;
  const ChunkGrid units_;
};

}  // namespace gridmill
