// hdf5_messages.h: the messages of a dataset that say how large it is, where its values lie and
// what was done to them: dataspace, layout, filter pipeline and fill value.
//
// Each parser takes the bytes of one message. Throws Error(corrupt) for what contradicts itself,
// Error(unsupported) for versions of which we know nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/formats/hdf5_layout.h"
#include "gridmill/formats/hdf5_object.h"
#include "gridmill/formats/hdf5_type.h"

namespace gridmill {

struct Hdf5Space {
  bool is_null = false;  // holds no element at all
  bool is_simple = false;
  std::vector<std::int64_t> shape;  // empty: scalar
  std::vector<std::int64_t> max;    // -1: unlimited

  int rank() const noexcept { return static_cast<int>(shape.size()); }
  std::int64_t count() const;  // of elements; Error(corrupt) if it overflows
};

Hdf5Space parse_hdf5_space(ByteView message, const Hdf5Bytes& file);

// `element_size` is checked against what the layout says.
Hdf5Layout parse_hdf5_layout(ByteView message, const Hdf5Bytes& file, const Hdf5Space& space,
                             std::uint32_t element_size);

std::vector<Hdf5Filter> parse_hdf5_filters(ByteView message, const Hdf5Bytes& file);

struct Hdf5Fill {
  Bytes value;             // one element as stored; empty if none is defined
  bool is_written = true;  // into new chunks, before the first values
};

// From the newer message if there are both.
Hdf5Fill read_hdf5_fill(const Hdf5Object& object, const Hdf5Bytes& file);

}  // namespace gridmill
