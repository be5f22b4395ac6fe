#include "gridmill/codec/run_scatter.h"

#include <algorithm>

#include "gridmill/array/box_runs.h"
#include "gridmill/codec/place.h"

namespace gridmill {

RunScatter::RunScatter(DataType type, const Shape& chunk, std::span<const Part> parts,
                       bool swap_bytes)
    : type_(type),
      parts_(parts),
      swaps_(swap_bytes),
      chunk_(chunk),
      strides_(c_strides(chunk, type.size)),
      elements_(c_strides(chunk, 1)),
      index_(parts, chunk.rank()) {}

void RunScatter::scatter(std::int64_t first, ByteView run) {
  const auto count = static_cast<std::int64_t>(run.size()) / type_.size;
  for_each_box_of_run(chunk_, first, first + count, [&](const Box& box, int narrowed) {
    index_.for_each_meeting(
        box, narrowed, [&](std::size_t part) { copy_to(parts_[part], box, first, run.data()); });
  });
}

// One pass over the dimensions: points want one element each, which costs less than a box would.
void RunScatter::copy_to(const Part& part, const Box& box, std::int64_t first,
                         const std::byte* run) const {
  Shape shape = box.shape;
  std::int64_t element = -first, offset = 0;
  bool is_one = part.folding == Folding::none && part.into.type == type_;
  for (int d = 0; d < shape.rank(); ++d) {
    const std::int64_t begin = std::max(part.box.begin[d], box.begin[d]);
    shape[d] = std::min(part.box.end(d), box.end(d)) - begin;
    element += begin * elements_[d];
    offset += (begin - part.box.begin[d]) * part.into.strides[d];
    is_one = is_one && shape[d] == 1;
  }
  const std::byte* from = run + element * type_.size;
  std::byte* to = part.into.data + offset;
  if (is_one) return copy_element(from, to, type_, swaps_);
  place_elements({from, type_, shape, strides_}, part,
                 {to, part.into.type, shape, part.into.strides}, swaps_);
}

}  // namespace gridmill
