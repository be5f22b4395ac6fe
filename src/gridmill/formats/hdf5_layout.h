// hdf5_layout.h: all that it takes to read the values of one dataset of an HDF5 file.
//
// The object reader (hdf5_*.h) fills it from the messages of the dataset's object header; the leaf
// reader finds chunks and decodes with it. Plain values: sizes and addresses are as the file has
// them, checked for sense (ranks agree, extents >= 0, chunk extents >= 1) but not against the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"
#include "gridmill/formats/hdf5_bytes.h"

namespace gridmill {

struct Hdf5Filter {
  int id = 0;
  std::string name;  // as the file has it, often empty
  bool is_optional = false;
  std::vector<std::uint32_t> values;  // the client data
};

struct Hdf5Layout {
  enum class Storage { compact, contiguous, chunked };
  // Single, implicit, fixed and extensible arrays and version 2 trees come with version 4 layouts.
  enum class ChunkIndex { btree1, single, implicit, fixed_array, extensible_array, btree2 };

  int version = 3;  // of the message; from 5 on indexes hold sizes of stored chunks in full lengths
  Storage storage = Storage::contiguous;
  Bytes compact;                       // the values themselves
  std::uint64_t address = kNoAddress;  // contiguous; kNoAddress: never written
  std::uint64_t size = 0;              // contiguous, in bytes
  Shape chunk;                         // chunked; without the element-size dimension
  ChunkIndex index = ChunkIndex::btree1;
  std::uint64_t index_address = kNoAddress;  // single: the chunk's own; kNoAddress: no chunks
  std::uint64_t single_size = 0;             // single with filters: bytes as stored; else 0
  std::uint32_t single_mask = 0;             // and the filters that were left out
  bool leaves_partial_chunks_unfiltered = false;
};

// How one element of a text variable is stored.
enum class Hdf5Text {
  none,             // numbers
  null_terminated,  // fixed size, ends before the first NUL
  null_padded,      // fixed size, NULs at its end are padding
  space_padded,     // fixed size, blanks at its end are padding
  variable,         // length (4 bytes), address of a global heap collection, index (4 bytes)
};

struct Hdf5Dataset {
  std::string path;  // "group/name", for messages
  DataType type;     // as seen by readers: host order; enums by their base; texts: string, and
                     // fixed texts of size 1: bytes(1)
  bool is_big_endian = false;
  int element_size = 0;            // bytes in the file; differs from type.size for texts only
  Hdf5Text text = Hdf5Text::none;  // also for bytes(1)
  Shape shape;                     // or more than is stored: the rest is fill
  Shape max_shape;  // -1: unlimited. The order of a fixed or extensible array's chunks needs it
  Hdf5Layout layout;
  std::vector<Hdf5Filter> filters;  // in the order of writing
  Bytes fill;                       // one element as stored; empty: zeros
};

}  // namespace gridmill
