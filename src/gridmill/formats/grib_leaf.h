// grib_leaf.h: the values of a hypercube of GRIB fields; a leaf is one field.
//
// fetch reads a message through Files; decode runs our own code (grib_packing.h) or, for what that
// does not know, ecCodes, in any number of threads at once. A
// place of the cube for which the file has no message is an absent leaf (NaN).
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/codec/leaf.h"
#include "gridmill/formats/grib_message.h"
#include "gridmill/formats/source_file.h"

namespace gridmill {

// Where one leaf comes from; length 0: there is no message.
struct GribLeafPlace {
  GribMessage message;
  int field = 0;
};

// How the points of a message lie in the last dimensions.
struct GribLayout {
  bool alternate_rows = false;  // every other row runs backwards
  bool columns_first = false;   // consecutive points go along the first grid dimension
};

// `places` in C order over the leading dimensions; the last `grid_rank` dimensions are one
// message's.
std::shared_ptr<const LeafReader> grib_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                   std::string name, const Shape& shape,
                                                   int grid_rank, GribLayout layout,
                                                   std::vector<GribLeafPlace> places);

// Puts one message's points, given in file order, into C order of (rows, columns).
template <class T>
void arrange_points(T* points, std::int64_t rows, std::int64_t columns, GribLayout layout,
                    std::vector<T>& scratch) {
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  if (layout.alternate_rows) {
    const std::int64_t run = layout.columns_first ? rows : columns;
    for (std::int64_t i = 1; i < rows * columns / run; i += 2) {
      std::reverse(points + i * run, points + (i + 1) * run);
    }
  }
  if (!layout.columns_first) return;
  scratch.assign(points, points + rows * columns);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) points[r * columns + c] = scratch[at(c * rows + r)];
  }
}

}  // namespace gridmill
