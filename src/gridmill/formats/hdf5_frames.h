// hdf5_frames.h: what single HDF5 filters write, undone. Each is given the filter's client data
// where it needs it, fills `out` exactly or throws Error(corrupt), and looks at nothing outside
// `stored`.
//
// fletcher32: the bytes, then their checksum (little endian). lz4 (32004): size of the content (8
// bytes) and of a block (4), then per block its stored size (4) and an lz4 block or, where the
// sizes are equal, the bytes; all sizes big endian. bitshuffle (32008): blocks of elements,
// transposed by bits, alone or compressed behind a head like lz4's; elements beyond a multiple of 8
// as they are. szip: size (4 bytes, little endian), then a stream that libaec decodes.
#pragma once

#include <span>

#include "gridmill/codec/context.h"
#include "gridmill/formats/hdf5_layout.h"

namespace gridmill {

// What stands before the checksum.
ByteView undo_fletcher32(ByteView stored);

using Hdf5ClientData = std::span<const std::uint32_t>;

// The size that the frame says it decodes to; Error(corrupt) if it is shorter than its own head.
std::uint64_t hdf5_lz4_size(ByteView stored);
void undo_hdf5_lz4(ByteView stored, MutableByteView out);

std::uint64_t bitshuffle_size(ByteView stored, Hdf5ClientData values);
void undo_bitshuffle(ByteView stored, Hdf5ClientData values, MutableByteView out,
                     CodecContext& context);

std::uint64_t szip_size(ByteView stored);
void undo_szip(ByteView stored, Hdf5ClientData values, MutableByteView out);

}  // namespace gridmill
