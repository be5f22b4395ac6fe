#include "gridmill/sink/view_sink.h"

#include <fmt/format.h>

namespace gridmill {
namespace {

class ViewSink final : public Sink {
 public:
  ViewSink(const MutableArrayView& destination, const Shape& unit)
      : destination_(destination), grid_(destination.shape, unit) {}

  const ChunkGrid& units() const override { return grid_; }
  Box region(int, const Index& unit) const override { return grid_.box_of(unit); }
  DataType column_type(int) const override { return destination_.type; }
  Shape buffer_shape(int, const Index& unit) const override { return grid_.box_of(unit).shape; }
  std::optional<MutableArrayView> place(int, const Index& unit) const override {
    return destination_.part(grid_.box_of(unit));
  }
  void prepare(int, const Index&, const MutableArrayView&) const override {}
  std::int64_t encoded_bound() const override { return 0; }
  std::int64_t scratch_bound() const override { return 0; }
  void encode(const Index&, std::span<const ArrayView>, Buffer& out, CodecContext&) const override {
    out.clear();
  }
  std::optional<KeyRecord> store(const Index&, ByteView) override { return std::nullopt; }
  void finish() override {}
  std::string describe(const Index& unit) const override {
    return fmt::format("values {}", to_string(grid_.box_of(unit)));
  }

 private:
  const MutableArrayView destination_;
  const ChunkGrid grid_;
};

}  // namespace

std::shared_ptr<Sink> view_sink(const MutableArrayView& destination, const Shape& unit) {
  return std::make_shared<ViewSink>(destination, unit);
}

}  // namespace gridmill
