#include "gridmill/formats/memory_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "gridmill/codec/place.h"

namespace gridmill {
namespace {

// One leaf; extents of 0 make a grid without leaves.
Shape whole_leaf(const Shape& shape) {
  Shape leaf;
  for (const std::int64_t extent : shape) leaf.push_back(std::max<std::int64_t>(extent, 1));
  return leaf;
}

class MemoryLeafReader final : public LeafReader {
 public:
  MemoryLeafReader(std::shared_ptr<const Array> array, std::string description)
      : LeafReader(array->type(), ChunkGrid(array->shape(), whole_leaf(array->shape()))),
        array_(std::move(array)),
        description_(std::move(description)) {}

  std::int64_t stored_bound() const override { return 0; }
  std::int64_t scratch_bound() const override { return 0; }

  bool fetch(const Index&, Buffer& stored) const override {
    stored.clear();
    return true;
  }

  void decode(const Index&, ByteView, std::span<const Part> parts, StringArena& strings,
              CodecContext&) const override {
    for (const Part& part : parts) {
      place_elements(array_->view().part(part.box), part);
      if (type().is_string()) own_strings(part, strings);
    }
  }

  void fill(std::span<const Part> parts, StringArena&) const override {
    const std::vector<std::byte> zero(static_cast<std::size_t>(type().size));
    for (const Part& part : parts) place_value(zero.data(), type(), part);
  }

  std::string describe(const Index&) const override {
    return fmt::format("{}, values {}", description_, to_string(whole_box(grid().shape())));
  }

 private:
  // The reader may go before the values do.
  static void own_strings(const Part& part, StringArena& strings) {
    for_each_position(whole_box(part.box.shape), [&](const Index& at) {
      StringRef ref;
      std::memcpy(&ref, part.into.at(at), sizeof ref);
      ref = strings.add(ref.view());
      std::memcpy(part.into.at(at), &ref, sizeof ref);
    });
  }

  std::shared_ptr<const Array> array_;
  std::string description_;
};

}  // namespace

std::shared_ptr<const LeafReader> memory_leaf_reader(std::shared_ptr<const Array> array,
                                                     std::string description) {
  return std::make_shared<MemoryLeafReader>(std::move(array), std::move(description));
}

}  // namespace gridmill
