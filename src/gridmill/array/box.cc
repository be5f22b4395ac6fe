#include "gridmill/array/box.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"

namespace gridmill {

Index inserted(const Index& index, int at, std::int64_t value) {
  Index result;
  for (int d = 0; d <= index.rank(); ++d) {
    if (d == at) result.push_back(value);
    if (d < index.rank()) result.push_back(index[d]);
  }
  return result;
}

std::int64_t volume(const Shape& shape) {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) product = checked_mul(product, extent, "array size");
  return product;
}

Index c_strides(const Shape& shape, std::int64_t element_size) {
  Index strides = Index::filled(shape.rank(), 0);
  std::int64_t step = element_size;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides[d] = step;
    step = checked_mul(step, std::max<std::int64_t>(shape[d], 1), "array size");
  }
  return strides;
}

std::string to_string(const Index& index) {
  if (index.rank() == 1) return fmt::format("({},)", index[0]);
  return fmt::format("({})", fmt::join(index.begin(), index.end(), ", "));
}

bool Box::is_empty() const noexcept {
  return std::any_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent <= 0; });
}

Box whole_box(const Shape& shape) { return {Index::filled(shape.rank(), 0), shape}; }

Box intersect(const Box& a, const Box& b) {
  Box result = a;
  for (int d = 0; d < a.rank(); ++d) {
    const std::int64_t begin = std::max(a.begin[d], b.begin[d]);
    const std::int64_t end = std::min(a.end(d), b.end(d));
    result.begin[d] = begin;
    result.shape[d] = std::max<std::int64_t>(0, end - begin);
  }
  return result;
}

bool contains(const Box& outer, const Box& inner) {
  for (int d = 0; d < outer.rank(); ++d) {
    // No sum of what anybody may have written into a plan.
    if (inner.begin[d] < outer.begin[d] || inner.begin[d] > outer.end(d)) return false;
    if (inner.shape[d] > outer.end(d) - inner.begin[d]) return false;
  }
  return true;
}

Box shifted(const Box& box, const Index& by, int sign) {
  Box result = box;
  for (int d = 0; d < box.rank(); ++d) result.begin[d] += sign * by[d];
  return result;
}

std::string to_string(const Box& box) {
  std::string text = "[";
  for (int d = 0; d < box.rank(); ++d) {
    if (d > 0) text += ", ";
    text += fmt::format("{}:{}", box.begin[d], box.end(d));
  }
  return text + "]";
}

ChunkGrid::ChunkGrid(Shape shape, Shape chunk) : shape_(shape), chunk_(chunk) {
  if (shape.rank() != chunk.rank()) {
    throw Error(ErrorKind::invalid, fmt::format("chunk shape {} does not match array shape {}",
                                                to_string(chunk), to_string(shape)));
  }
  for (int d = 0; d < shape.rank(); ++d) {
    if (chunk[d] < 1 || shape[d] < 0) {
      throw Error(ErrorKind::invalid,
                  fmt::format("chunk shape {} over array shape {}: extents must "
                              "be positive",
                              to_string(chunk), to_string(shape)));
    }
    counts_.push_back(ceil_div(shape[d], chunk[d]));
  }
  size_ = volume(counts_);
}

ChunkGrid ChunkGrid::rectilinear(Shape shape, const std::vector<ChunkRuns>& runs) {
  if (static_cast<int>(runs.size()) != shape.rank()) {
    throw Error(ErrorKind::corrupt, fmt::format("a chunk grid of {} dimensions for shape {}",
                                                runs.size(), to_string(shape)));
  }
  std::vector<ChunkEdges> edges;
  Shape largest;
  bool is_regular = true;
  for (int d = 0; d < shape.rank(); ++d) {
    edges.emplace_back(shape[d], runs[static_cast<std::size_t>(d)]);
    largest.push_back(edges.back().largest());
    is_regular = is_regular && edges.back().is_regular();
  }
  ChunkGrid grid(shape, largest);
  if (is_regular) return grid;
  for (int d = 0; d < shape.rank(); ++d) {
    grid.counts_[d] = edges[static_cast<std::size_t>(d)].count();
  }
  grid.size_ = volume(grid.counts_);
  grid.edges_ = std::make_shared<const std::vector<ChunkEdges>>(std::move(edges));
  return grid;
}

std::int64_t ChunkGrid::begin(int d, std::int64_t at) const noexcept {
  return edges_ ? (*edges_)[static_cast<std::size_t>(d)].begin(at) : at * chunk_[d];
}

Index ChunkGrid::fullest() const {
  Index position = Index::filled(shape_.rank(), 0);
  for (int d = 0; d < shape_.rank() && edges_; ++d) {
    position[d] = (*edges_)[static_cast<std::size_t>(d)].fullest();
  }
  return position;
}

ChunkGrid ChunkGrid::with_unit_dimension(int d) const {
  ChunkGrid grid = *this;
  for (Shape* extents : {&grid.shape_, &grid.chunk_, &grid.counts_}) {
    *extents = inserted(*extents, d, 1);
  }
  if (!edges_) return grid;
  const std::vector<ChunkRun> one{{1, 1}};
  std::vector<ChunkEdges> edges = *edges_;
  edges.emplace(edges.begin() + d, 1, one);
  grid.edges_ = std::make_shared<const std::vector<ChunkEdges>>(std::move(edges));
  return grid;
}

Box ChunkGrid::full_box_of(const Index& position) const {
  Box box{position, chunk_};
  for (int d = 0; d < box.rank(); ++d) {
    box.begin[d] = begin(d, position[d]);
    if (edges_) box.shape[d] = (*edges_)[static_cast<std::size_t>(d)].extent(position[d]);
  }
  return box;
}

Box ChunkGrid::box_of(const Index& position) const {
  return intersect(full_box_of(position), whole_box(shape_));
}

std::int64_t ChunkGrid::at_element(int d, std::int64_t element) const noexcept {
  return edges_ ? (*edges_)[static_cast<std::size_t>(d)].chunk_at(element) : element / chunk_[d];
}

Box ChunkGrid::touching(const Box& region) const {
  Box positions = region;
  for (int d = 0; d < region.rank(); ++d) {
    positions.begin[d] = at_element(d, region.begin[d]);
    const std::int64_t end =
        region.shape[d] > 0 ? at_element(d, region.end(d) - 1) + 1 : positions.begin[d];
    positions.shape[d] = end - positions.begin[d];
  }
  return positions;
}

std::int64_t ChunkGrid::ordinal(const Index& position) const {
  std::int64_t ordinal = 0;
  for (int d = 0; d < counts_.rank(); ++d) ordinal = ordinal * counts_[d] + position[d];
  return ordinal;
}

Index ChunkGrid::position(std::int64_t ordinal) const {
  Index position = Index::filled(counts_.rank(), 0);
  for (int d = counts_.rank() - 1; d >= 0; --d) {
    position[d] = ordinal % counts_[d];
    ordinal /= counts_[d];
  }
  return position;
}

}  // namespace gridmill
