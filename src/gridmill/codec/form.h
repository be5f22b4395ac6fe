// form.h: what a codec of arrays is given or gives: elements of a type, in a shape.
//
// A chain resolves the form of a chunk codec by codec before it touches a byte: each array -> array
// codec says what type and shape it makes of what it gets, and refuses what it can't take. Sizes
// are checked here, so that no configuration can ask for more memory than a chunk may have.
#pragma once

#include <cstdint>

#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"

namespace gridmill {

// The largest decoded chunk that is accepted.
inline constexpr std::int64_t kMaxChunkBytes = std::int64_t{1} << 31;

struct Form {
  DataType type;
  Shape shape;
  friend bool operator==(const Form&, const Form&) = default;
};

// Error(corrupt) beyond kMaxChunkBytes.
std::int64_t byte_size(const Form& form);

}  // namespace gridmill
