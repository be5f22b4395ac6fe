// hdf5_attributes.h: the attributes of an HDF5 object, as they are stored, and the values that
// Gridmill makes of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/formats/hdf5_global_heap.h"
#include "gridmill/formats/hdf5_messages.h"

namespace gridmill {

struct Hdf5Attribute {
  std::string name;
  Hdf5Type type;
  Hdf5Space space;
  Bytes bytes;  // all elements, as stored
};

// In order of creation where the object tracks it, else as they are stored. Throws
// Error(unsupported) for more than kMaxAttributes, Error(corrupt) naming the attribute.
std::vector<Hdf5Attribute> read_hdf5_attributes(Hdf5Blocks& blocks, const Hdf5Object& object);

const Hdf5Attribute* find_attribute(const std::vector<Hdf5Attribute>& attributes,
                                    std::string_view name) noexcept;

// All elements of a text attribute, each up to its first NUL.
std::vector<std::string> hdf5_texts(const Hdf5Attribute& attribute, Hdf5GlobalHeap& heap);

// All elements as 64-bit integers; empty if they are none.
std::vector<std::int64_t> hdf5_integers(const Hdf5Attribute& attribute);

// Numbers, enums of numbers and texts, with the types that netCDF-C gives them: one text of fixed
// size is characters, float16 becomes float32. Throws Error(unsupported) for other types, and for
// numbers in more than one dimension.
AttributeValue hdf5_attribute_value(const Hdf5Attribute& attribute, Hdf5GlobalHeap& heap);

}  // namespace gridmill
