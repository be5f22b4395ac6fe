// box_runs.h: a run of a C-ordered array's elements, cut into the boxes that it consists of.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gridmill/array/box.h"

namespace gridmill {

// What for_each_box_of_run() is made of.
template <class Visit>
class RunCut {
 public:
  RunCut(const Shape& shape, Visit& visit)
      : shape_(shape), steps_(c_strides(shape, 1)), visit_(visit), box_(whole_box(shape)) {}

  // [begin, end) counts elements inside one step of dimension d - 1.
  void cut(int d, std::int64_t begin, std::int64_t end) {
    if (d + 1 == shape_.rank()) return emit(d, begin, end);
    const std::int64_t size = steps_[d];
    std::int64_t at = begin / size;
    if (begin % size != 0 || end < (at + 1) * size) {
      step(d, at);
      cut(d + 1, begin - at * size, std::min(end - at * size, size));
      ++at;
    }
    const std::int64_t whole_end = end / size;
    if (whole_end > at) emit(d, at, whole_end);
    if (whole_end >= at && end % size != 0) {
      step(d, whole_end);
      cut(d + 1, 0, end - whole_end * size);
    }
  }

 private:
  void step(int d, std::int64_t at) {
    box_.begin[d] = at;
    box_.shape[d] = 1;
  }

  // One step of the dimensions before d, [begin, end) along d, and all of those behind.
  void emit(int d, std::int64_t begin, std::int64_t end) {
    box_.begin[d] = begin;
    box_.shape[d] = end - begin;
    for (int inner = d + 1; inner < shape_.rank(); ++inner) {
      box_.begin[inner] = 0;
      box_.shape[inner] = shape_[inner];
    }
    visit_(static_cast<const Box&>(box_), d + 1);
  }

  const Shape& shape_;
  const Index steps_;  // elements below each dimension
  Visit& visit_;
  Box box_;
};

// Visits the boxes that elements `begin` to `end` - 1 (in C order) of an array of such a shape
// consist of, in order: the end of a row, whole rows, whole maps, the begin of a row; at most
// 2 * rank - 1. A box is one step along the dimensions in front and all of those behind:
// `visit(const Box& box, int narrowed)` is told that it may be shorter than the array only along
// its first `narrowed` dimensions.
template <class Visit>
void for_each_box_of_run(const Shape& shape, std::int64_t begin, std::int64_t end, Visit&& visit) {
  if (begin >= end) return;
  if (shape.rank() > 0) {
    RunCut(shape, visit).cut(0, begin, end);
  } else {
    visit(Box{}, 0);
  }
}

}  // namespace gridmill
