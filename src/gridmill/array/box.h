// box.h: shapes, indices and boxes of up to 12 dimensions, as plain values without allocation, and
// grids of chunks.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gridmill/array/chunk_edges.h"
#include "gridmill/base/error.h"

namespace gridmill {

inline constexpr int kMaxRank = 12;

// A short row of 64-bit integers: a shape, a position, strides. rank 0 is a scalar's.
class Index {
 public:
  Index() = default;
  Index(std::initializer_list<std::int64_t> values)
      : Index(std::span(values.begin(), values.size())) {}
  explicit Index(std::span<const std::int64_t> values) {
    check_rank(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) push_back(value);
  }
  // `rank` copies of `value`.
  static Index filled(int rank, std::int64_t value) {
    check_rank(rank);
    Index index;
    for (int d = 0; d < rank; ++d) index.push_back(value);
    return index;
  }

  int rank() const noexcept { return rank_; }
  std::int64_t& operator[](int d) noexcept { return values_[static_cast<std::size_t>(d)]; }
  std::int64_t operator[](int d) const noexcept { return values_[static_cast<std::size_t>(d)]; }
  const std::int64_t* begin() const noexcept { return values_.data(); }
  const std::int64_t* end() const noexcept { return values_.data() + rank_; }
  void push_back(std::int64_t value) {
    check_rank(rank_ + 1);
    values_[static_cast<std::size_t>(rank_++)] = value;
  }
  friend bool operator==(const Index& a, const Index& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (int d = 0; d < a.rank_; ++d) {
      if (a[d] != b[d]) return false;
    }
    return true;
  }

 private:
  static void check_rank(std::int64_t rank) {
    if (rank > kMaxRank) {
      throw Error(ErrorKind::unsupported, "arrays of more than 12 dimensions are not supported");
    }
  }

  std::array<std::int64_t, kMaxRank> values_{};
  int rank_ = 0;
};

using Shape = Index;

// `index` with one more number before its number `at`.
Index inserted(const Index& index, int at, std::int64_t value);

// Product of the extents, 1 for a scalar; Error(corrupt) if it overflows.
std::int64_t volume(const Shape& shape);
// Byte strides of a C-ordered array.
Index c_strides(const Shape& shape, std::int64_t element_size);
std::string to_string(const Index& index);  // "(744, 361, 720)"

// The half-open box of positions begin .. begin + shape.
struct Box {
  Index begin;
  Shape shape;

  int rank() const noexcept { return shape.rank(); }
  std::int64_t end(int d) const noexcept { return begin[d] + shape[d]; }
  bool is_empty() const noexcept;
  friend bool operator==(const Box&, const Box&) = default;
};

Box whole_box(const Shape& shape);
Box intersect(const Box& a, const Box& b);  // may be empty; never negative extents
bool contains(const Box& outer, const Box& inner);
Box shifted(const Box& box, const Index& by, int sign = 1);  // begin + sign * by
std::string to_string(const Box& box);                       // "[0:24, 0:361, 0:720]"

// Visits the positions of a box in C order; `visit(const Index&)` gets absolute positions.
template <class Visit>
void for_each_position(const Box& box, Visit&& visit) {
  if (box.is_empty()) return;
  Index at = box.begin;
  while (true) {
    visit(static_cast<const Index&>(at));
    int d = box.rank() - 1;
    while (d >= 0 && ++at[d] == box.end(d)) {
      at[d] = box.begin[d];
      --d;
    }
    if (d < 0) return;
  }
}

// A grid of chunks over an array: which chunk holds what. Chunks at the far edge are clipped by
// box_of, whole by full_box_of. Positions in the grid are indices too. It is regular, or chunks'
// extents differ along some dimensions (a rectilinear grid); copies share what is kept of those.
class ChunkGrid {
 public:
  ChunkGrid() = default;
  // Throws Error(invalid) if ranks differ or a chunk extent is < 1.
  ChunkGrid(Shape shape, Shape chunk);
  // `runs[d]` along dimension d; throws as ChunkEdges does, Error(corrupt) if ranks differ.
  static ChunkGrid rectilinear(Shape shape, const std::vector<ChunkRuns>& runs);

  const Shape& shape() const noexcept { return shape_; }
  // Of every chunk; of the largest one if they differ.
  const Shape& chunk() const noexcept { return chunk_; }
  bool is_regular() const noexcept { return edges_ == nullptr; }
  // The first element, along dimension d, of the chunks that are number `at` there.
  std::int64_t begin(int d, std::int64_t at) const noexcept;
  // The position of a chunk that no other holds more elements than.
  Index fullest() const;
  // Over an array that has one more dimension, of length 1, before dimension d.
  ChunkGrid with_unit_dimension(int d) const;
  const Shape& counts() const noexcept { return counts_; }  // chunks along each dimension
  std::int64_t size() const noexcept { return size_; }      // chunks in all
  Box box_of(const Index& position) const;
  Box full_box_of(const Index& position) const;
  // The box of grid positions whose chunks touch `region`.
  Box touching(const Box& region) const;
  std::int64_t ordinal(const Index& position) const;  // C order
  Index position(std::int64_t ordinal) const;

 private:
  std::int64_t at_element(int d, std::int64_t element) const noexcept;

  Shape shape_;
  Shape chunk_;
  Shape counts_;
  std::int64_t size_ = 1;
  std::shared_ptr<const std::vector<ChunkEdges>> edges_;  // null: regular
};

}  // namespace gridmill
