// hdf5_links.h: the names in a group and what they lead to, in every form in which HDF5 keeps them:
// a symbol table, link messages, and the heap and tree of a large group.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/formats/hdf5_blocks.h"
#include "gridmill/formats/hdf5_object.h"

namespace gridmill {

struct Hdf5Link {
  enum class Kind { hard, soft, external };

  std::string name;
  Kind kind = Kind::hard;
  std::uint64_t address = kNoAddress;  // hard: of the object header
  std::string target;                  // soft: a path
  std::int64_t order = 0;              // of creation, where the group tracks it
};

// By order of creation where the group tracks it, else by name: as netCDF-C lists them. Throws
// Error(corrupt) with the address of what is damaged.
std::vector<Hdf5Link> read_hdf5_links(Hdf5Blocks& blocks, const Hdf5Object& group);

}  // namespace gridmill
