#include "gridmill/formats/grib_leaf.h"

#include <fmt/format.h>

#include <limits>

#include "gridmill/codec/place.h"
#include "gridmill/formats/grib_groups.h"
#include "gridmill/formats/grib_handle.h"
#include "gridmill/formats/grib_packing.h"

namespace gridmill {
namespace {

Shape leaf_shape(const Shape& shape, int grid_rank) {
  Shape leaf = Index::filled(shape.rank(), 1);
  for (int d = shape.rank() - grid_rank; d < shape.rank(); ++d) leaf[d] = shape[d];
  return leaf;
}

class GribLeafReader final : public LeafReader {
 public:
  GribLeafReader(std::shared_ptr<const SourceFile> source, std::string name, const Shape& shape,
                 int grid_rank, GribLayout layout, std::vector<GribLeafPlace> places)
      : LeafReader(types::float32, ChunkGrid(shape, leaf_shape(shape, grid_rank))),
        source_(std::move(source)),
        name_(std::move(name)),
        layout_(layout),
        places_(std::move(places)) {
    for (const GribLeafPlace& place : places_) {
      longest_ = std::max(longest_, place.message.length);
    }
  }

  std::int64_t stored_bound() const override { return longest_; }
  // ecCodes' copy of the message and its values as doubles, or those of a JPEG 2000 image three
  // times as integers and once without holes; then as floats, and once more if rearranged.
  std::int64_t scratch_bound() const override {
    const std::int64_t points = volume(grid().chunk());
    return 2 * longest_ + points * (16 + 4 + (layout_.columns_first ? 4 : 0));
  }

  bool fetch(const Index& position, Buffer& stored) const override {
    const GribLeafPlace& place = place_of(position);
    if (place.message.length == 0) return false;
    in_context([&] { return describe(position); },
               [&] {
                 const auto file = source_->open();
                 read_grib_message(*file, place.message, stored);
                 if (place.message.fields > 1) keep_grib_field(place.field, stored);
               });
    return true;
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts, StringArena&,
              CodecContext& context) const override {
    in_context([&] { return describe(position); },
               [&] {
                 const Shape& leaf = grid().chunk();
                 const std::int64_t count = volume(leaf);
                 Buffer& floats = context.scratch[1];
                 floats.resize(static_cast<std::size_t>(count) * sizeof(float));
                 auto* values = reinterpret_cast<float*>(floats.data());
                 if (!decode_grib_values(stored, values, count, context)) {
                   check_grib_groups(stored, count);
                   GribHandle(stored).values(values, count, context.scratch[0]);
                 }
                 arrange(values, leaf);
                 const ArrayView view = view_of(floats.bytes(), type(), leaf);
                 for (const Part& part : parts) place_elements(view.part(part.box), part);
               });
  }

  void fill(std::span<const Part> parts, StringArena&) const override {
    const float missing = std::numeric_limits<float>::quiet_NaN();
    for (const Part& part : parts) {
      place_value(reinterpret_cast<const std::byte*>(&missing), type(), part);
    }
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    const GribMessage& message = place_of(position).message;
    if (message.length == 0) return std::nullopt;
    return LeafLocation{source_->path, "", ByteRange{message.offset, message.length}};
  }

  std::string describe(const Index& position) const override {
    const GribMessage& message = place_of(position).message;
    const std::string what = fmt::format("{} of {}", name_, source_->path);
    if (message.length == 0) return what + ", a field without a message";
    return fmt::format("{}, message {} at byte {}", what, message.number, message.offset);
  }

 private:
  // The grid dimensions have one leaf each, so the ordinal counts the leading dimensions only.
  const GribLeafPlace& place_of(const Index& position) const {
    return places_[static_cast<std::size_t>(grid().ordinal(position))];
  }

  void arrange(float* values, const Shape& leaf) const {
    if (leaf.rank() < 2 || (!layout_.alternate_rows && !layout_.columns_first)) return;
    std::vector<float> scratch;
    arrange_points(values, leaf[leaf.rank() - 2], leaf[leaf.rank() - 1], layout_, scratch);
  }

  std::shared_ptr<const SourceFile> source_;
  std::string name_;
  GribLayout layout_;
  std::vector<GribLeafPlace> places_;
  std::int64_t longest_ = 0;
};

}  // namespace

std::shared_ptr<const LeafReader> grib_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                   std::string name, const Shape& shape,
                                                   int grid_rank, GribLayout layout,
                                                   std::vector<GribLeafPlace> places) {
  return std::make_shared<GribLeafReader>(std::move(source), std::move(name), shape, grid_rank,
                                          layout, std::move(places));
}

}  // namespace gridmill
