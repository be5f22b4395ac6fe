#include "gridmill/sink/netcdf_sink.h"

#include <fmt/format.h>

#include "gridmill/array/copy.h"

namespace gridmill {
namespace {

class NetcdfSink final : public Sink {
 public:
  NetcdfSink(std::shared_ptr<NetcdfWriter> file, std::string path, DataType type,
             const Shape& shape, const Shape& chunk)
      : file_(std::move(file)), path_(std::move(path)), type_(type), grid_(shape, chunk) {}

  const ChunkGrid& units() const override { return grid_; }
  bool is_ordered() const override { return true; }  // HDF5 gives out places as chunks arrive
  Box region(int, const Index& unit) const override { return grid_.box_of(unit); }
  DataType column_type(int) const override { return type_; }
  Shape buffer_shape(int, const Index& unit) const override { return grid_.box_of(unit).shape; }
  void prepare(int, const Index&, const MutableArrayView&) const override {}  // no padding
  std::int64_t encoded_bound() const override { return volume(grid_.chunk()) * type_.size; }
  std::int64_t scratch_bound() const override { return 0; }

  // Strings stay references into the task's arena, which lives until the unit is stored.
  void encode(const Index&, std::span<const ArrayView> columns, Buffer& out,
              CodecContext&) const override {
    out.resize(static_cast<std::size_t>(columns[0].byte_size()));
    copy_array(columns[0], view_of(out.bytes(), type_, columns[0].shape));
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    const Box box = grid_.box_of(unit);
    file_->put(path_, box, view_of(encoded, type_, box.shape));
    return std::nullopt;
  }

  void finish() override {}
  std::string describe(const Index& unit) const override {
    return fmt::format("values {} of {}", to_string(grid_.box_of(unit)), path_);
  }

 private:
  std::shared_ptr<NetcdfWriter> file_;
  std::string path_;
  DataType type_;
  ChunkGrid grid_;
};

}  // namespace

std::shared_ptr<Sink> netcdf_sink(std::shared_ptr<NetcdfWriter> file, std::string path,
                                  DataType type, const Shape& shape, const Shape& chunk) {
  return std::make_shared<NetcdfSink>(std::move(file), std::move(path), type, shape, chunk);
}

}  // namespace gridmill
