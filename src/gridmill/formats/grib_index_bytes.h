// grib_index_bytes.h: the index of a GRIB file as bytes that can be kept, and back.
//
//   "gridmill grib index 1\n"
//   8 bytes: how many follow the hash; 16 bytes: their hash (XXH3)
//   the length of a JSON document, and the document: what file this is the index of, by which
//     ecCodes, gaps, and of each cube its name, its keys and how many values its axes have
//   the axes' values, 8 bytes each
//   of each message in file order: the gap before it, by how much it is longer than the one before,
//     edition, fields; of each of its fields: the cube, and for each axis of that with more than
//     one value by how much it is further on it than the last field of the cube
//
// All integers of the last part are little-endian base 128, those that may be negative in zigzag;
// the rest is little-endian. About seven bytes per message. The number in the first line is raised
// whenever what the indexer makes of a message changes, too.
//
// Nothing is believed: bytes that are not what they say give an Error, never an index that leads
// outside of the file or of its own axes.
#pragma once

#include <string>

#include "gridmill/formats/grib_index.h"
#include "gridmill/store/store.h"
#include "gridmill/system/files.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// `status` is that of `file` before it was indexed.
std::string grib_index_to_bytes(const GribIndex& index, const ValueReader& file,
                                const FileStatus& status);

// Throws Error(corrupt) for damage, unsupported for another version, of the format or of ecCodes,
// and conflict if `file` is not the one that was indexed: another size, time of change, or other
// bytes at the beginnings of up to 16 messages.
GribIndex grib_index_from_bytes(ByteView bytes, const ValueReader& file, const FileStatus& status);

}  // namespace gridmill
