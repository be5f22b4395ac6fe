// netcdf_leaf.h: reading the values of a netCDF variable, leaf by leaf.
//
// fetch is one nc_get_vara under libnetcdf's lock, in the variable's own type and the host's byte
// order; decode copies. Strings travel from one to the other as offsets and characters.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gridmill/codec/leaf.h"
#include "gridmill/formats/classic_header.h"
#include "gridmill/formats/netcdf_library.h"

namespace gridmill {

// How to find a variable in its file, and how to speak of it.
struct NetcdfPlace {
  std::shared_ptr<const NetcdfFile> file;
  std::string group;  // "" for the root
  std::string name;
  int id = -1;
  bool is_chunked = false;
  std::string file_name;                   // as the user typed it
  std::optional<std::int64_t> file_begin;  // byte offset of the first value, where it is known
};

// Leaves of whole chunks, at least a MiB and at most 32 MiB where chunks are small, merged along
// the leading dimensions.
Shape chunked_leaf(const Shape& shape, const Shape& chunk, std::int32_t element_bytes);
// Slabs of about 4 MiB, cut along the leading dimensions.
Shape contiguous_leaf(const Shape& shape, std::int32_t element_bytes);

std::shared_ptr<const LeafReader> netcdf_leaf_reader(NetcdfPlace place, DataType type,
                                                     const Shape& shape, const Shape& leaf);

// For what can't be read: the variable is listed, and can be dropped, but fetch throws
// Error(unsupported) with `reason`.
std::shared_ptr<const LeafReader> refusing_leaf_reader(NetcdfPlace place, const Shape& shape,
                                                       std::string reason);

}  // namespace gridmill
