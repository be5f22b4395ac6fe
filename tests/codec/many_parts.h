// many_parts.h: parts as many points, patches and series want them, without data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gridmill/codec/leaf.h"

namespace gridmill {

inline std::int64_t random_below(std::mt19937& random, std::int64_t end) {
  return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
}

// A box inside of `shape`, of at most so many steps along each dimension.
inline Box random_box_within(const Shape& shape, std::int64_t longest, std::mt19937& random) {
  Box box{Index::filled(shape.rank(), 0), Index::filled(shape.rank(), 1)};
  for (int d = 0; d < shape.rank(); ++d) {
    box.begin[d] = random_below(random, shape[d]);
    box.shape[d] = 1 + random_below(random, std::min(longest, shape[d] - box.begin[d]));
  }
  return box;
}

// In no order: single elements, some of them twice, small boxes, whole series along each dimension,
// large boxes that overlap, and all.
inline std::vector<Box> many_boxes(const Shape& shape, int count, std::mt19937& random) {
  std::vector<Box> boxes;
  for (int i = 0; i < count; ++i) {
    boxes.push_back(random_box_within(shape, 1, random));
    if (i % 7 == 0) boxes.push_back(boxes.front());
    if (i % 5 == 0) boxes.push_back(random_box_within(shape, 3, random));
    if (i % 11 == 0) boxes.push_back(random_box_within(shape, 1 << 20, random));
    if (i % 3 == 0 && shape.rank() > 0) {
      Box series = random_box_within(shape, 1, random);
      const int d = i % shape.rank();
      series.begin[d] = 0;
      series.shape[d] = shape[d];
      boxes.push_back(series);
    }
  }
  boxes.push_back(whole_box(shape));
  return boxes;
}

}  // namespace gridmill
