// side.h: a small static input that operators share: a mask, an orography, weights.
//
// A side is an array that is read whole, once per process, before the first task; its bytes are
// charged to the memory of the run once. Its digest stands in the plan, so that a run whose side
// has changed is refused. Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/field/field.h"

namespace gridmill {

struct Side {
  std::string name;
  std::vector<std::string> dimensions;
  Array values;

  std::int64_t bytes() const { return values.view().byte_size(); }
  // Of type, shape and values.
  std::string digest() const;
};

using SidePtr = std::shared_ptr<const Side>;

// Reads all of `source` on the calling thread. Throws Error(out_of_memory), naming the side, if it
// is larger than `limit_bytes`.
SidePtr load_side(std::string name, const Source& source, std::int64_t limit_bytes);

}  // namespace gridmill
