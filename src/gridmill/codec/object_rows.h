// object_rows.h: what json2 and msgpack2 have in common: a list of the elements, nested as the
// chunk's shape is, then the dtype, then the shape: ["a","b","|O",[2]].
//
// Values are kept flat: numcodecs' nesting follows from the shape. What is nested deeper is an
// element, of an array of texts: it becomes the text of its JSON. A null there is an empty text, as
// numcodecs' vlen-utf8 and xarray write it.
#pragma once

#include <string_view>
#include <vector>

#include "gridmill/array/strings.h"
#include "gridmill/array/view.h"
#include "gridmill/base/json.h"
#include "gridmill/codec/numpy_type.h"

namespace gridmill {

// Error(unsupported) for types that have no values there: complex numbers, and bytes where the
// format `has_bytes` not.
void check_object_type(DataType type, bool has_bytes, std::string_view codec);

// Elements, dtype, shape, as one JSON document.
Json object_rows_of(const ArrayView& elements, const NumpyType& dtype);

// More leaves than this in a document are damage: the elements, the dtype, the shape.
std::int64_t most_object_leaves(const Shape& shape);

// So deep are rows nested; numcodecs gives a scalar a row as well.
int levels_of_rows(const Shape& shape) noexcept;
// Values that a chunk's elements may hold inside of them, all together.
inline constexpr std::int64_t kMostInsideElements = std::int64_t{1} << 18;
// Error(unsupported): they hold more.
[[noreturn]] void throw_crowded(std::string_view codec);

// `leaves` are all values of the document in their order, rows left out. Error(corrupt) unless
// they are as many elements of that type; Error(unsupported) for bytes in an array of texts.
void elements_from_leaves(const std::vector<Json>& leaves, const MutableArrayView& elements,
                          StringArena& strings, std::string_view codec);

}  // namespace gridmill
