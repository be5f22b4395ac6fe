// leaf_cells.h: which of many places of a grid lie in which leaf.
//
// Points and patches are thousands of places along some dimensions of a source. The cuts between
// the source's leaves divide those dimensions into cells: all that lies in one cell lies in the
// same leaves, whatever the positions along the other dimensions. So leaves are asked for once per
// cell, not once per place, and a leaf finds its places by its cells. Kept are the numbers of each
// cell's places, in sorted arrays of eight bytes a place. Immutable; any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/field/field.h"

namespace gridmill {

class LeafCells {
 public:
  // Of places 0 to `places` - 1; `place` says where each lies along the dimensions `fixed` of
  // `input`: a box inside of them. One that reaches over several cells belongs to each.
  LeafCells(const Source& input, const std::vector<int>& fixed, std::int64_t places,
            const std::function<Box(std::int64_t)>& place);

  // A cell, along the fixed dimensions, and numbers of places in it, rising.
  using Visit = std::function<void(const Box& cell, std::span<const std::int64_t> places)>;
  // Visits the cells that have places from `first` to `last` - 1, in C order, with those places.
  void for_each(std::int64_t first, std::int64_t last, const Visit& visit) const;
  // The same, of the cells that `box`, which isn't empty, touches.
  void for_each_touching(const Box& box, std::int64_t first, std::int64_t last,
                         const Visit& visit) const;

 private:
  void visit_cell(std::size_t cell, std::int64_t first, std::int64_t last,
                  const Visit& visit) const;

  ChunkGrid grid_;
  std::vector<std::int64_t> cells_;   // ordinals in the grid, of those that have places; rising
  std::vector<std::size_t> begins_;   // of each cell's places, and the end of the last one's
  std::vector<std::int64_t> places_;  // cell by cell
};

}  // namespace gridmill
