// memory_reader.h: a variable that is already in memory, seen as a LeafReader of one leaf. For
// coordinates that are computed rather than stored. fetch is free; decode copies.
#pragma once

#include <memory>
#include <string>

#include "gridmill/array/array.h"
#include "gridmill/codec/leaf.h"

namespace gridmill {

// `description` names the variable in messages: "latitude of a.grib".
std::shared_ptr<const LeafReader> memory_leaf_reader(std::shared_ptr<const Array> array,
                                                     std::string description);

}  // namespace gridmill
