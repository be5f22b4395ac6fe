#include "gridmill/array/box.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"

namespace gridmill {

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

Box ChunkGrid::full_box_of(const Index& position) const {
  Box box{position, chunk_};
  for (int d = 0; d < box.rank(); ++d) box.begin[d] *= chunk_[d];
  return box;
}

Box ChunkGrid::box_of(const Index& position) const {
  return intersect(full_box_of(position), whole_box(shape_));
}

Box ChunkGrid::touching(const Box& region) const {
  Box positions = region;
  for (int d = 0; d < region.rank(); ++d) {
    positions.begin[d] = region.begin[d] / chunk_[d];
    const std::int64_t end =
        region.shape[d] > 0 ? ceil_div(region.end(d), chunk_[d]) : positions.begin[d];
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
