#include "gridmill/codec/box_stream.h"

#include <algorithm>

#include "gridmill/codec/place.h"

namespace gridmill {

Shape run_shape(const Shape& shape, std::int64_t element_bytes, std::int64_t most_bytes) {
  Shape run = shape;
  std::int64_t bytes = element_bytes;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    const std::int64_t extent = std::max<std::int64_t>(shape[d], 1);
    run[d] = std::clamp<std::int64_t>(most_bytes / bytes, 1, extent);
    bytes *= run[d];
    if (run[d] == extent) continue;
    for (int outer = 0; outer < d; ++outer) run[outer] = 1;
    break;
  }
  return run;
}

BoxStream::BoxStream(const Shape& leaf, const Shape& piece, std::vector<Part> parts,
                     bool swaps_bytes)
    : pieces_(leaf, piece),
      parts_(std::move(parts)),
      index_(parts_, leaf.rank()),
      swaps_bytes_(swaps_bytes) {}

bool BoxStream::read(Buffer& piece) {
  for (; next_ < pieces_.size(); ++next_) {
    const Box box = pieces_.box_of(pieces_.position(next_));
    wanted_by_.clear();
    index_.for_each_meeting(box, [&](std::size_t part) { wanted_by_.push_back(part); });
    if (wanted_by_.empty()) continue;
    read_box(box, piece);
    last_ = box;
    ++next_;
    return true;
  }
  return false;
}

void BoxStream::place(ByteView piece) {
  const ArrayView read = view(piece, last_);
  for (const std::size_t number : wanted_by_) {
    const Part& part = parts_[number];
    const Box overlap = intersect(part.box, last_);
    place_elements(read.part(shifted(overlap, last_.begin, -1)), part,
                   part.into.part(shifted(overlap, part.box.begin, -1)), swaps_bytes_);
  }
}

}  // namespace gridmill
