// fold.h: elements that are added up as they come, or of which the least or the greatest is kept.
//
// A decoder that hands over its content block by block feeds a sum while the block is in the cache;
// the content itself is never laid out. Each cell of a fold is two float64: a value, and how many
// of its elements were missing (NaN); values and numbers of missing ones are two planes, `plane`
// bytes apart. Elements that share a cell are said by strides of 0 in the view of the cells.
//
// A cell takes its elements in the order in which they come, in C order within one call, one by
// one: the same elements in the same order give the same bits, however they are cut into calls.
#pragma once

#include <cstdint>

#include "gridmill/array/view.h"

namespace gridmill {

enum class Folding : std::uint8_t {
  none,  // elements are kept as they are
  sum,   // of the numbers; with how many were missing
  least,
  greatest,  // of the numbers; NaN as long as there is none. The missing are not counted
};

inline constexpr std::int64_t kFoldPlanes = 2;

// Makes `cells`, `plane` bytes before their numbers of missing ones, cells that have seen no
// element.
void empty_cells(Folding how, const MutableArrayView& cells, std::int64_t plane);

// The same of `planes`: float64, kFoldPlanes along the first dimension.
void begin_fold(Folding how, const MutableArrayView& planes);

// Takes the elements of `from`, of any type that visit_real() knows and any strides, into the cells
// `into`: float64, of the same shape, `plane` bytes before the numbers of missing ones.
// `swap_bytes`: the elements come in the other byte order. Throws Error(internal) if shapes or
// types don't go together. One thread for a cell at a time.
void fold_array(const ArrayView& from, bool swap_bytes, Folding how, const MutableArrayView& into,
                std::int64_t plane);

// As if every element of an array of `into`'s shape were the one of `type` at `value`.
void fold_value(const std::byte* value, DataType type, Folding how, const MutableArrayView& into,
                std::int64_t plane);

}  // namespace gridmill
