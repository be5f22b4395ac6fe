#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

class VariableSource final : public Source {
 public:
  VariableSource(const Variable& variable, std::string location)
      : Source(variable.dimensions, variable.shape, variable.type),
        location_(std::move(location)),
        path_(variable.path()),
        blocks_(variable.blocks) {
    // Concatenation makes blocks that are ordered along one dimension; then a region finds its
    // blocks by bisection, which matters with ten thousand files.
    for (int d = 0; d < variable.shape.rank() && blocks_.size() > 1; ++d) {
      if (blocks_.front().offset[d] != blocks_.back().offset[d]) sorted_dimension_ = d;
    }
    if (sorted_dimension_ < 0) return;
    const int d = sorted_dimension_;
    const bool is_sorted =
        std::is_sorted(blocks_.begin(), blocks_.end(),
                       [d](const Block& a, const Block& b) { return a.offset[d] < b.offset[d]; });
    if (!is_sorted) sorted_dimension_ = -1;
  }

  void leaves(const Box& region, const std::function<void(const Leaf&)>& visit) const override {
    for (auto block = first_block(region); block != blocks_.end(); ++block) {
      const Box own{block->offset, block->reader->grid().shape()};
      if (sorted_dimension_ >= 0 && own.begin[sorted_dimension_] >= region.end(sorted_dimension_)) {
        break;
      }
      const Box overlap = intersect(own, region);
      if (overlap.is_empty()) continue;
      const ChunkGrid& grid = block->reader->grid();
      for_each_position(grid.touching(shifted(overlap, block->offset, -1)),
                        [&](const Index& position) {
                          visit({block->reader.get(), position, block->offset});
                        });
    }
  }

  void scatter(const Leaf& leaf, const Box& region, const MutableArrayView& into,
               std::vector<Part>& parts) const override {
    const Box leaf_box = shifted(leaf.reader->grid().box_of(leaf.position), leaf.offset);
    const Box overlap = intersect(leaf_box, region);
    if (overlap.is_empty()) return;
    parts.push_back(
        {shifted(overlap, leaf_box.begin, -1), into.part(shifted(overlap, region.begin, -1))});
  }

  LeafCost leaf_cost() const override {
    LeafCost cost;
    for (const Block& block : blocks_) {
      cost.stored = std::max(cost.stored, block.reader->stored_bound());
      cost.scratch = std::max(cost.scratch, block.reader->scratch_bound());
    }
    return cost;
  }

  Json to_json() const override {
    return {{"source", "variable"}, {"location", location_}, {"variable", path_}};
  }

 private:
  std::vector<Block>::const_iterator first_block(const Box& region) const {
    if (sorted_dimension_ < 0) return blocks_.begin();
    const int d = sorted_dimension_;
    return std::partition_point(blocks_.begin(), blocks_.end(), [&](const Block& block) {
      return block.offset[d] + block.reader->grid().shape()[d] <= region.begin[d];
    });
  }

  std::string location_;
  std::string path_;
  std::vector<Block> blocks_;
  int sorted_dimension_ = -1;
};

}  // namespace

std::shared_ptr<const Source> variable_source(const Variable& variable, std::string location) {
  return std::make_shared<VariableSource>(variable, std::move(location));
}

}  // namespace gridmill
