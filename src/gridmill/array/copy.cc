#include "gridmill/array/copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gridmill {
namespace {

template <class Element>
void move_row(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
              std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i, from += from_step, to += to_step) {
    std::memcpy(to, from, sizeof(Element));
  }
}

struct Pair16 {
  std::uint64_t words[2];
};

// One row along the last dimension.
void copy_row(const std::byte* from, std::int64_t from_step, std::byte* to, std::int64_t to_step,
              std::int64_t count, std::int64_t size) {
  if (from_step == size && to_step == size) {
    std::memcpy(to, from, static_cast<std::size_t>(count * size));
    return;
  }
  switch (size) {
    case 1:
      return move_row<std::uint8_t>(from, from_step, to, to_step, count);
    case 2:
      return move_row<std::uint16_t>(from, from_step, to, to_step, count);
    case 4:
      return move_row<std::uint32_t>(from, from_step, to, to_step, count);
    case 8:
      return move_row<std::uint64_t>(from, from_step, to, to_step, count);
    case 16:
      return move_row<Pair16>(from, from_step, to, to_step, count);
    default:
      for (std::int64_t i = 0; i < count; ++i) {
        std::memcpy(to + i * to_step, from + i * from_step, static_cast<std::size_t>(size));
      }
  }
}

// Drops unit dimensions and fuses neighbours that are adjacent in both views, so that the inner
// loop is as long as the memory allows.
struct Loops {
  Index extents, from_steps, to_steps;
};

Loops fuse(const Shape& shape, const Index& from, const Index& to) {
  Loops loops;
  for (int d = 0; d < shape.rank(); ++d) {
    if (shape[d] == 1) continue;
    const int last = loops.extents.rank() - 1;
    if (last >= 0 && loops.from_steps[last] == from[d] * shape[d] &&
        loops.to_steps[last] == to[d] * shape[d]) {
      loops.extents[last] *= shape[d];
      loops.from_steps[last] = from[d];
      loops.to_steps[last] = to[d];
      continue;
    }
    loops.extents.push_back(shape[d]);
    loops.from_steps.push_back(from[d]);
    loops.to_steps.push_back(to[d]);
  }
  return loops;
}

template <class Row>
void for_each_row(const Loops& loops, const std::byte* from, std::byte* to, Row&& row) {
  const int inner = loops.extents.rank() - 1;
  Index at = Index::filled(std::max(inner, 0), 0);
  while (true) {
    row(from, to);
    int d = inner - 1;
    for (; d >= 0; --d) {
      from += loops.from_steps[d];
      to += loops.to_steps[d];
      if (++at[d] < loops.extents[d]) break;
      from -= loops.from_steps[d] * loops.extents[d];
      to -= loops.to_steps[d] * loops.extents[d];
      at[d] = 0;
    }
    if (d < 0) return;
  }
}

bool is_one_element(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent == 1; });
}

// A scalar is one row of one element.
void close_scalar(Loops& loops) {
  if (loops.extents.rank() > 0) return;
  loops.extents.push_back(1);
  loops.from_steps.push_back(0);
  loops.to_steps.push_back(0);
}

}  // namespace

void copy_array(const ArrayView& from, const MutableArrayView& to, bool swap, Stores stores) {
  if (from.shape != to.shape || from.type != to.type) {
    throw Error(ErrorKind::internal,
                fmt::format("copy of {} {} into {} {}", from.type.name(), to_string(from.shape),
                            to.type.name(), to_string(to.shape)));
  }
  if (is_one_element(from.shape)) return copy_element(from.data, to.data, from.type, swap);
  if (volume(from.shape) == 0) return;
  const Loops loops = fuse(from.shape, from.strides, to.strides);
  const int inner = loops.extents.rank() - 1;
  const std::int64_t count = loops.extents[inner];
  const std::int64_t size = from.type.size;
  const std::int32_t unit = swap ? from.type.swap_unit() : 1;
  for_each_row(loops, from.data, to.data, [&](const std::byte* source, std::byte* target) {
    const std::int64_t from_step = loops.from_steps[inner], to_step = loops.to_steps[inner];
    const bool is_run = (from_step == size && to_step == size) || count == 1;
    if (is_run && (unit > 1 || stores == Stores::past_the_caches)) {
      return copy_swapped(source, target, static_cast<std::size_t>(count * size), unit, stores);
    }
    if (unit == 1) return copy_row(source, from_step, target, to_step, count, size);
    copy_swapped_apart(source, from_step, target, to_step, count, from.type.size, unit);
  });
  finish_stores(stores);
}

void copy_element(const std::byte* from, std::byte* to, DataType type, bool swap_bytes) {
  copy_swapped(from, to, static_cast<std::size_t>(type.size), swap_bytes ? type.swap_unit() : 1);
}

void fill_array(const std::byte* value, const MutableArrayView& to) {
  if (volume(to.shape) == 0) return;
  Loops loops = fuse(to.shape, to.strides, to.strides);
  close_scalar(loops);
  const int inner = loops.extents.rank() - 1;
  for_each_row(loops, to.data, to.data, [&](const std::byte*, std::byte* target) {
    copy_row(value, 0, target, loops.to_steps[inner], loops.extents[inner], to.type.size);
  });
}

bool all_equal(const ArrayView& from, const std::byte* value) {
  if (volume(from.shape) == 0) return true;
  Loops loops = fuse(from.shape, from.strides, from.strides);
  close_scalar(loops);
  const int inner = loops.extents.rank() - 1;
  const auto size = static_cast<std::size_t>(from.type.size);
  const std::int64_t count = loops.extents[inner];
  const bool is_dense = loops.from_steps[inner] == from.type.size;
  bool equal = true;
  // The walk wants a target; nothing is written to it, so that its steps can stay at zero.
  loops.to_steps = Index::filled(loops.extents.rank(), 0);
  for_each_row(loops, from.data, nullptr, [&](const std::byte* row, std::byte*) {
    if (!equal) return;
    if (is_dense) {  // the first is right, and each equals its neighbour
      equal = std::memcmp(row, value, size) == 0 &&
              std::memcmp(row, row + size, static_cast<std::size_t>(count - 1) * size) == 0;
      return;
    }
    for (std::int64_t i = 0; equal && i < count; ++i) {
      equal = std::memcmp(row + i * loops.from_steps[inner], value, size) == 0;
    }
  });
  return equal;
}

}  // namespace gridmill
