#include "gridmill/dataset/unit_dimension.h"

#include <vector>

namespace gridmill {
namespace {

Index without(const Index& index, int at) {
  Index result;
  for (int d = 0; d < index.rank(); ++d) {
    if (d != at) result.push_back(index[d]);
  }
  return result;
}

class UnitDimensionReader final : public LeafReader {
 public:
  UnitDimensionReader(std::shared_ptr<const LeafReader> inner, int at)
      : LeafReader(inner->type(), inner->grid().with_unit_dimension(at)),
        inner_(std::move(inner)),
        at_(at) {}

  std::int64_t stored_bound() const override { return inner_->stored_bound(); }
  std::int64_t scratch_bound() const override { return inner_->scratch_bound(); }

  bool fetch(const Index& position, Buffer& stored) const override {
    return inner_->fetch(without(position, at_), stored);
  }

  std::int64_t stream_bytes() const override { return inner_->stream_bytes(); }
  std::unique_ptr<LeafStream> stream(const Index& position,
                                     std::vector<Part> parts) const override {
    return inner_->stream(without(position, at_), inner_parts(parts));
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    inner_->decode(without(position, at_), stored, inner_parts(parts), strings, context);
  }

  void fill(std::span<const Part> parts, StringArena& strings) const override {
    inner_->fill(inner_parts(parts), strings);
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    return inner_->locate(without(position, at_));
  }

  std::string describe(const Index& position) const override {
    return inner_->describe(without(position, at_));
  }

 private:
  std::vector<Part> inner_parts(std::span<const Part> parts) const {
    std::vector<Part> result(parts.begin(), parts.end());
    for (Part& part : result) {
      part.box = {without(part.box.begin, at_), without(part.box.shape, at_)};
      part.into.shape = part.box.shape;
      part.into.strides = without(part.into.strides, at_);
    }
    return result;
  }

  std::shared_ptr<const LeafReader> inner_;
  int at_;
};

}  // namespace

Variable with_unit_dimension(const Variable& variable, const std::string& dimension, int at) {
  Variable result = variable;
  result.dimensions.insert(result.dimensions.begin() + at, dimension);
  result.shape = inserted(variable.shape, at, 1);
  if (variable.chunks) result.chunks = inserted(*variable.chunks, at, 1);
  if (variable.shards) result.shards = inserted(*variable.shards, at, 1);
  if (variable.keys) result.keys = variable.keys->with_unit_dimension(at);
  for (Block& block : result.blocks) {
    block.offset = inserted(block.offset, at, 0);
    block.reader = std::make_shared<UnitDimensionReader>(std::move(block.reader), at);
  }
  return result;
}

}  // namespace gridmill
