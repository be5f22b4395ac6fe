#include "gridmill/codec/run_scatter.h"

#include <algorithm>

#include "gridmill/codec/place.h"

namespace gridmill {

RunScatter::RunScatter(DataType type, const Shape& chunk, std::span<const Part> parts,
                       bool swap_bytes)
    : type_(type),
      parts_(parts),
      swaps_(swap_bytes),
      strides_(c_strides(chunk, type.size)),
      elements_(c_strides(chunk, 1)),
      box_(whole_box(chunk)),
      chunk_(chunk) {
  bounds_.reserve(parts.size() * static_cast<std::size_t>(2 * chunk.rank()));
  for (const Part& part : parts) {
    for (int d = 0; d < chunk.rank(); ++d) {
      bounds_.push_back(part.box.begin[d]);
      bounds_.push_back(part.box.end(d));
    }
  }
}

void RunScatter::scatter(std::int64_t first, ByteView run) {
  const auto count = static_cast<std::int64_t>(run.size()) / type_.size;
  if (count == 0) return;
  first_ = first;
  data_ = run.data();
  if (chunk_.rank() == 0) {
    for (const Part& part : parts_) copy_to(part);
    return;
  }
  cut(0, first, first + count);
}

// [begin, end) counts elements inside one step of dimension d - 1.
void RunScatter::cut(int d, std::int64_t begin, std::int64_t end) {
  const std::int64_t step = elements_[d];
  std::int64_t at = begin / step;
  if (d + 1 == chunk_.rank()) return emit(d, begin, end);
  if (begin % step != 0 || end < (at + 1) * step) {
    box_.begin[d] = at;
    box_.shape[d] = 1;
    cut(d + 1, begin - at * step, std::min(end - at * step, step));
    ++at;
  }
  const std::int64_t whole_end = end / step;
  if (whole_end > at) emit(d, at, whole_end);
  if (whole_end >= at && end % step != 0) {
    box_.begin[d] = whole_end;
    box_.shape[d] = 1;
    cut(d + 1, 0, end - whole_end * step);
  }
}

// The box [begin, end) along d, one step of the dimensions before and all of those behind.
void RunScatter::emit(int d, std::int64_t begin, std::int64_t end) {
  const int rank = chunk_.rank();
  box_.begin[d] = begin;
  box_.shape[d] = end - begin;
  for (int inner = d + 1; inner < rank; ++inner) {
    box_.begin[inner] = 0;
    box_.shape[inner] = chunk_[inner];
  }
  const std::int64_t* bounds = bounds_.data();
  for (const Part& part : parts_) {
    bool meets = true;
    for (int k = 0; k <= d; ++k) {
      meets = meets && bounds[2 * k] < box_.end(k) && bounds[2 * k + 1] > box_.begin[k];
    }
    bounds += 2 * rank;
    if (meets) copy_to(part);
  }
}

void RunScatter::copy_to(const Part& part) {
  const Box overlap = intersect(part.box, box_);
  if (overlap.is_empty()) return;
  std::int64_t element = -first_;
  for (int d = 0; d < overlap.rank(); ++d) element += overlap.begin[d] * elements_[d];
  const ArrayView from{data_ + element * type_.size, type_, overlap.shape, strides_};
  place_elements(from, part, part.into.part(shifted(overlap, part.box.begin, -1)), swaps_);
}

}  // namespace gridmill
