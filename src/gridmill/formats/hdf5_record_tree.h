// hdf5_record_tree.h: version 2 B-trees of records of one size: the names of a large group, the
// attributes of an object that has many. (Trees of chunks, of the same shape, are read in
// hdf5_btree2.cc, level by level and out of order; here the order is what is wanted.)
#pragma once

#include <cstdint>
#include <functional>

#include "gridmill/formats/hdf5_blocks.h"

namespace gridmill {

// Visits all records of the tree whose header is at `address`, in its order. Throws Error(corrupt)
// with the address of a node that is damaged, or that the tree reaches twice.
void for_each_hdf5_record(Hdf5Blocks& blocks, std::uint64_t address, int type,
                          const std::function<void(ByteView)>& visit);

}  // namespace gridmill
