// netcdf_leaf.h: reading the values of a netCDF-4 variable, leaf by leaf.
//
// fetch is one nc_get_vara under libnetcdf's lock, in the variable's own type and the host's byte
// order; decode copies. Strings travel from one to the other as offsets and characters.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gridmill/codec/leaf.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/formats/netcdf_library.h"

namespace gridmill {

// How to find a variable in its file, and how to speak of it.
struct NetcdfPlace {
  std::shared_ptr<const NetcdfFile> file;
  std::string group;  // "" for the root
  std::string name;
  int id = -1;
  bool is_chunked = false;
  std::string file_name;  // as the user typed it
};

std::shared_ptr<const LeafReader> netcdf_leaf_reader(NetcdfPlace place, DataType type,
                                                     const Shape& shape, const Shape& leaf);

// For what can't be read: the variable is listed, and can be dropped, but fetch throws
// Error(unsupported) with `reason`.
std::shared_ptr<const LeafReader> refusing_leaf_reader(NetcdfPlace place, const Shape& shape,
                                                       std::string reason);

// Chunks beyond this are refused: they are decoded in memory.
inline constexpr std::int64_t kLargestChunk = std::int64_t{2} << 30;

// Gives `variable` that reader, with a way out, and says in its encoding what can't be read.
void refuse_variable(FileVariable& variable, NetcdfPlace place, std::string_view what,
                     std::string_view reason);

}  // namespace gridmill
