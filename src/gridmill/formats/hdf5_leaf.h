// hdf5_leaf.h: the values of an HDF5 dataset, read by their byte ranges without the library.
//
// Contiguous and compact values are cut into slabs, chunked ones into leaves of a chunk each, or of
// several where chunks are smaller than a MiB. fetch reads exactly the bytes of a leaf's chunks
// (neighbours in one call); decode undoes the filters, the byte order and the chunk's shape on the
// way to where the values are wanted. The chunk index is read once, by the first fetch, in whatever
// thread. Chunks that were never written, and storage that was never allocated, are absent: fill
// gives the dataset's fill value. Texts of variable length live in the file's global heap, so their
// fetch decodes, too.
//
// Throws Error(corrupt) with variable, chunk and address for bytes that aren't there or aren't what
// they should be.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gridmill/codec/leaf.h"
#include "gridmill/formats/hdf5_layout.h"
#include "gridmill/formats/source_file.h"

namespace gridmill {

// What the superblock says: where addresses begin to count, and how wide they are.
struct Hdf5Addressing {
  std::uint64_t base = 0;
  int offset_size = 8;
  int length_size = 8;
};

// Why these values can't be read here: a filter that isn't known, by id and name; a chunk of more
// than 2 GiB. None if they can.
std::optional<std::string> hdf5_obstacle(const Hdf5Dataset& dataset);

std::shared_ptr<const LeafReader> hdf5_leaf_reader(std::shared_ptr<const SourceFile> source,
                                                   const Hdf5Addressing& addressing,
                                                   Hdf5Dataset dataset);

}  // namespace gridmill
