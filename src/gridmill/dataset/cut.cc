#include "gridmill/dataset/cut.h"

#include <algorithm>
#include <vector>

namespace gridmill {
namespace {

// Chunks `first` to `last` - 1 along dimension d, as far as they lie in `range`.
ChunkRuns runs_of(const ChunkGrid& grid, int d, std::int64_t first, std::int64_t last,
                  IndexRange range) {
  ChunkRuns runs;
  for (std::int64_t i = first; i < last; ++i) {
    const std::int64_t end = i + 1 < grid.counts()[d] ? grid.begin(d, i + 1) : grid.shape()[d];
    const std::int64_t extent = std::min(end, range.end) - std::max(grid.begin(d, i), range.begin);
    if (!runs.empty() && runs.back().extent == extent) {
      ++runs.back().count;
    } else {
      runs.push_back({1, extent});
    }
  }
  return runs;
}

class CutReader final : public LeafReader {
 public:
  CutReader(const std::shared_ptr<const LeafReader>& inner, int d, IndexRange range)
      : CutReader(inner, d, range, inner->grid().touching(box_of(inner->grid(), d, range))) {}

  std::int64_t stored_bound() const override { return inner_->stored_bound(); }
  std::int64_t scratch_bound() const override { return inner_->scratch_bound(); }
  std::int64_t piece_bytes() const override { return inner_->piece_bytes(); }

  bool fetch(const Index& position, Buffer& stored) const override {
    return inner_->fetch(inner_position(position), stored);
  }
  bool fetches_parts() const override { return inner_->fetches_parts(); }
  bool fetch_parts(const Index& position, std::span<const Part> parts,
                   Buffer& stored) const override {
    return inner_->fetch_parts(inner_position(position), inner_parts(position, parts), stored);
  }

  std::int64_t stream_bytes() const override { return inner_->stream_bytes(); }
  std::unique_ptr<LeafStream> stream(const Index& position,
                                     std::vector<Part> parts) const override {
    return inner_->stream(inner_position(position), inner_parts(position, parts));
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    inner_->decode(inner_position(position), stored, inner_parts(position, parts), strings,
                   context);
  }

  void fill(std::span<const Part> parts, StringArena& strings) const override {
    inner_->fill(parts, strings);
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    return inner_->locate(inner_position(position));
  }
  std::string describe(const Index& position) const override {
    return inner_->describe(inner_position(position));
  }

 private:
  CutReader(const std::shared_ptr<const LeafReader>& inner, int d, IndexRange range,
            const Box& touched)
      : LeafReader(inner->type(), grid_of(inner->grid(), d, range, touched)),
        inner_(inner),
        d_(d),
        first_(touched.begin[d]),
        begin_(range.begin) {}

  static Box box_of(const ChunkGrid& grid, int d, IndexRange range) {
    Box box = whole_box(grid.shape());
    box.begin[d] = range.begin;
    box.shape[d] = range.end - range.begin;
    return box;
  }

  static ChunkGrid grid_of(const ChunkGrid& grid, int d, IndexRange range, const Box& touched) {
    Shape shape = grid.shape();
    shape[d] = range.end - range.begin;
    const bool begins_with_a_chunk = grid.begin(d, touched.begin[d]) == range.begin;
    if (grid.is_regular() && begins_with_a_chunk) return {shape, grid.chunk()};
    std::vector<ChunkRuns> runs;
    for (int other = 0; other < shape.rank(); ++other) {
      const bool is_cut = other == d;
      runs.push_back(runs_of(grid, other, is_cut ? touched.begin[d] : 0,
                             is_cut ? touched.end(d) : grid.counts()[other],
                             is_cut ? range : IndexRange{0, shape[other]}));
    }
    return ChunkGrid::rectilinear(shape, runs);
  }

  Index inner_position(const Index& position) const {
    Index inner = position;
    inner[d_] += first_;
    return inner;
  }

  // A leaf that is cut in front begins later than its inner leaf does.
  std::vector<Part> inner_parts(const Index& position, std::span<const Part> parts) const {
    const std::int64_t own = grid().begin(d_, position[d_]) + begin_;
    const std::int64_t before = own - inner_->grid().begin(d_, position[d_] + first_);
    std::vector<Part> result(parts.begin(), parts.end());
    for (Part& part : result) part.box.begin[d_] += before;
    return result;
  }

  const std::shared_ptr<const LeafReader> inner_;
  const int d_;
  const std::int64_t first_;  // the inner grid's first position along d_
  const std::int64_t begin_;  // of the range
};

}  // namespace

Variable cut_variable(const Variable& variable, int d, IndexRange range) {
  if (range == IndexRange{0, variable.shape[d]}) return variable;
  Variable cut = variable;
  cut.shape[d] = range.end - range.begin;
  cut.keys.reset();
  cut.blocks.clear();
  for (Block block : variable.blocks) {
    const std::int64_t begin = block.offset[d], length = block.reader->grid().shape()[d];
    const IndexRange own{std::max(range.begin - begin, std::int64_t{0}),
                         std::min(range.end - begin, length)};
    if (own.begin >= own.end) continue;
    block.offset[d] = std::max(begin - range.begin, std::int64_t{0});
    if (own != IndexRange{0, length}) {
      block.reader = std::make_shared<CutReader>(block.reader, d, own);
    }
    cut.blocks.push_back(std::move(block));
  }
  return cut;
}

Dataset cut_dataset(const Dataset& dataset, const GrowthAxis& axis, IndexRange range) {
  Dataset cut = dataset;
  for (Variable& variable : cut.variables) {
    const int d = dimension_along(dataset, variable, axis);
    if (d >= 0) variable = cut_variable(variable, d, range);
  }
  set_length(cut, axis, range.end - range.begin);
  return cut;
}

}  // namespace gridmill
