#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/field/sources.h"
#include "gridmill/zarr/array_reader.h"

namespace gridmill {
namespace {

// Leaves of which none may be absent.
class PresentLeaves final : public LeafReader {
 public:
  PresentLeaves(std::shared_ptr<const LeafReader> leaves, std::int64_t stored_bound, Absent absent)
      : LeafReader(leaves->type(), leaves->grid()),
        leaves_(std::move(leaves)),
        stored_bound_(stored_bound),
        absent_(absent) {}

  // What can be, not what there is: the plan is made before anything is written.
  std::int64_t stored_bound() const override { return stored_bound_; }
  std::int64_t scratch_bound() const override { return leaves_->scratch_bound(); }
  // Not as a stream: what is spilled is read past the page cache, in large requests.
  std::int64_t piece_bytes() const override {
    return leaves_->stream_bytes() > 0 ? 0 : leaves_->piece_bytes();
  }
  bool fetch(const Index& position, Buffer& stored) const override {
    return there(leaves_->fetch(position, stored));
  }
  bool fetches_parts() const override { return leaves_->fetches_parts(); }
  bool fetch_parts(const Index& position, std::span<const Part> parts,
                   Buffer& stored) const override {
    return there(leaves_->fetch_parts(position, parts, stored));
  }
  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    leaves_->decode(position, stored, parts, strings, context);
  }
  void fill(std::span<const Part> parts, StringArena& strings) const override {
    leaves_->fill(parts, strings);
  }
  std::string describe(const Index& position) const override { return leaves_->describe(position); }

 private:
  bool there(bool is_there) const {
    if (is_there || absent_ == Absent::is_fill) return is_there;
    throw Error(ErrorKind::unavailable,
                "it is not there: the stage before has not written it, or somebody removed it");
  }

  const std::shared_ptr<const LeafReader> leaves_;
  const std::int64_t stored_bound_;
  const Absent absent_;
};

class VariableSource final : public Source {
 public:
  VariableSource(const Variable& variable, Json json, MissingValue missing)
      : Source(variable.dimensions, variable.shape, variable.type),
        json_(std::move(json)),
        missing_(std::move(missing)),
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
    const Box leaf_box = place_of(leaf);
    const Box overlap = intersect(leaf_box, region);
    if (overlap.is_empty()) return;
    parts.push_back(
        {shifted(overlap, leaf_box.begin, -1), into.part(shifted(overlap, region.begin, -1))});
  }

  std::optional<Box> box_of(const Leaf& leaf) const override { return place_of(leaf); }

  // Of all blocks together. Those of a concatenation mostly repeat the cuts of the dimensions they
  // share; where they don't, cuts are those of any.
  std::vector<std::int64_t> cuts(int d) const override {
    std::vector<std::int64_t> cuts{0, shape()[d]}, own, last;
    for (const Block& block : blocks_) {
      const ChunkGrid& grid = block.reader->grid();
      own.clear();
      for (std::int64_t i = 0; i < grid.counts()[d]; ++i) {
        own.push_back(block.offset[d] + grid.begin(d, i));
      }
      own.push_back(block.offset[d] + grid.shape()[d]);
      if (own == last) continue;
      cuts.insert(cuts.end(), own.begin(), own.end());
      last.swap(own);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    return cuts;
  }

  LeafCost leaf_cost() const override {
    LeafCost cost;
    for (const Block& block : blocks_) {
      const std::int64_t streamed = block.reader->stream_bytes();
      cost.stored = std::max(cost.stored, streamed > 0 ? streamed : block.reader->stored_bound());
      cost.scratch = std::max(cost.scratch, block.reader->scratch_bound());
      if (streamed == 0) {
        cost.whole = std::max(cost.whole, volume(block.reader->grid().chunk()) * type().size);
      }
    }
    return cost;
  }

  LeafLayout layout() const override {
    LeafLayout layout;
    for (int d = 0; d < shape().rank(); ++d) layout.cuts.push_back(cuts(d));
    if (!blocks_.empty()) {
      layout.leaf = blocks_.front().reader->grid().chunk();
      layout.piece_bytes = blocks_.front().reader->piece_bytes();
    }
    return layout;
  }

  Json to_json() const override { return json_; }
  MissingValue missing_value() const override { return missing_; }

 private:
  static Box place_of(const Leaf& leaf) {
    return shifted(leaf.reader->grid().box_of(leaf.position), leaf.offset);
  }

  std::vector<Block>::const_iterator first_block(const Box& region) const {
    if (sorted_dimension_ < 0) return blocks_.begin();
    const int d = sorted_dimension_;
    return std::partition_point(blocks_.begin(), blocks_.end(), [&](const Block& block) {
      return block.offset[d] + block.reader->grid().shape()[d] <= region.begin[d];
    });
  }

  Json json_;
  MissingValue missing_;
  std::vector<Block> blocks_;
  int sorted_dimension_ = -1;
};

}  // namespace

std::shared_ptr<const Source> variable_source(const Variable& variable, std::string dataset) {
  return std::make_shared<VariableSource>(
      variable,
      Json{{"source", "variable"}, {"dataset", std::move(dataset)}, {"variable", variable.path()}},
      missing_value_of(variable));
}

std::shared_ptr<const Source> array_source(std::shared_ptr<Store> store, std::string store_name,
                                           const Key& array, const ArrayMetadata& metadata,
                                           std::vector<std::string> dimensions, Absent absent) {
  Variable variable;
  variable.name = array.text();
  variable.type = metadata.type;
  variable.shape = metadata.shape;
  variable.dimensions = std::move(dimensions);
  Json json{{"source", "array"},
            {"store", store_name},
            {"array", array.text()},
            {"dimensions", variable.dimensions},
            {"document", metadata.zarr_format == 2 ? array_metadata_to_v2(metadata)
                                                   : array_metadata_to_v3(metadata)}};
  if (absent == Absent::is_fill) json["absent"] = "fill";
  variable.blocks = {{Index::filled(variable.shape.rank(), 0),
                      std::make_shared<PresentLeaves>(
                          zarr_leaf_reader(std::move(store), array, metadata),
                          metadata.codecs.max_encoded_size(metadata.type, metadata.chunk), absent),
                      std::move(store_name)}};
  return std::make_shared<VariableSource>(variable, std::move(json), MissingValue());
}

}  // namespace gridmill
