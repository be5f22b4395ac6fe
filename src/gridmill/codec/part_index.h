// part_index.h: which of many parts meet a box.
//
// A leaf may feed ten thousand points, and is decoded in hundreds of pieces that meet few of them
// each. Parts are narrowed down one dimension after the other: those that a range of the first one
// meets are kept, sorted along the second, until another range is asked for, and so on. So boxes
// that come in C order are answered in a time that follows from the parts they meet. Along each
// dimension parts are sorted in classes of similar extents, so that long ones among short ones
// don't have to be looked at by every box. Few parts are looked at one by one.
//
// Only boxes are looked at, never data. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "gridmill/codec/leaf.h"

namespace gridmill {

class PartIndex {
 public:
  // Of parts of arrays of such a rank.
  PartIndex(std::span<const Part> parts, int rank);

  // `visit(std::size_t part)` for the number of each part that has an element in common with `box`,
  // which isn't empty; in an order that follows from the parts and the box alone.
  template <class Visit>
  void for_each_meeting(const Box& box, Visit&& visit) {
    for_each_meeting(box, rank_, visit);
  }
  // Of a box that is as long as the array along all but its first `narrowed` dimensions.
  template <class Visit>
  void for_each_meeting(const Box& box, int narrowed, Visit&& visit) {
    if (levels_.empty() || narrowed == 0) {
      for (const std::uint32_t part : parts_) {
        if (meets(part, box, narrowed)) visit(static_cast<std::size_t>(part));
      }
      return;
    }
    for (int d = 0; d + 1 < narrowed; ++d) narrow(d, box.begin[d], box.end(d));
    for_each_along(narrowed - 1, box.begin[narrowed - 1], box.end(narrowed - 1), visit);
  }

 private:
  // Parts of an extent of at most `longest`, more than half of it, among those of a level.
  struct Class {
    std::int64_t longest = 1;
    std::size_t begin = 0, end = 0;
  };
  // What the ranges along the dimensions before leave.
  struct Level {
    std::vector<std::uint32_t> found;   // in the order in which they were
    std::vector<std::uint32_t> sorted;  // by class and begin along the level's dimension
    std::vector<Class> classes;
    std::int64_t begin = 0, end = 0;  // the range for which the next level was made; empty: none
  };

  std::int64_t begin_of(std::uint32_t part, int d) const noexcept {
    return bounds_[(static_cast<std::size_t>(part) * dimensions_ + static_cast<std::size_t>(d)) *
                   2];
  }
  std::int64_t end_of(std::uint32_t part, int d) const noexcept {
    return bounds_[(static_cast<std::size_t>(part) * dimensions_ + static_cast<std::size_t>(d)) *
                       2 +
                   1];
  }
  bool meets(std::uint32_t part, const Box& box, int narrowed) const noexcept {
    bool meets = true;
    for (int d = 0; d < narrowed; ++d) {
      meets = meets && begin_of(part, d) < box.end(d) && end_of(part, d) > box.begin[d];
    }
    return meets;
  }

  template <class Visit>
  void for_each_along(int d, std::int64_t begin, std::int64_t end, Visit&& visit) const {
    const Level& level = levels_[static_cast<std::size_t>(d)];
    for (const Class& similar : level.classes) {
      for (std::size_t i = first_reaching(level, similar, d, begin);
           i < similar.end && begin_of(level.sorted[i], d) < end; ++i) {
        if (end_of(level.sorted[i], d) > begin) visit(static_cast<std::size_t>(level.sorted[i]));
      }
    }
  }

  // The first of a class that can reach beyond `at`.
  std::size_t first_reaching(const Level& level, const Class& similar, int d,
                             std::int64_t at) const;
  // Makes the next level of what [begin, end) along d meets.
  void narrow(int d, std::int64_t begin, std::int64_t end);
  void sort(Level& level, int d);
  void sort_by_begin(std::span<std::uint32_t> parts, int d);
  void count_by_begin(std::span<std::uint32_t> parts, int d, std::int64_t least,
                      std::size_t different);

  const int rank_;
  const std::size_t dimensions_;
  std::vector<std::int64_t> bounds_;  // of each part: begin and end along each dimension
  std::vector<std::uint32_t> parts_;  // that aren't empty
  std::vector<Level> levels_;         // none if there are few parts
  // Of narrow() and sort(), kept for the next time.
  std::vector<std::uint32_t> found_, spare_;
  std::vector<std::size_t> counts_;
};

// What of `part` lies in `box`, which it meets, relative to that box.
Part part_within(const Part& part, const Box& box);

}  // namespace gridmill
