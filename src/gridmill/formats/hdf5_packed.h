// hdf5_packed.h: HDF5's scale-offset (6) and n-bit (5) filters, undone: integers of as many bits as
// they need, most significant bit first, one after the other.
//
// Both have parameters that the library sets for the type of the dataset. Floats are packed as
// decimal digits (D-scale): integer / 10^digits + minimum, in the type's own precision, as the
// library has it. `out` is filled exactly, or Error(corrupt).
#pragma once

#include "gridmill/formats/hdf5_frames.h"

namespace gridmill {

// False for what the library doesn't do either (E-scale), and n-bit of arrays and compounds.
bool knows_scale_offset(Hdf5ClientData values) noexcept;
bool knows_nbit(Hdf5ClientData values) noexcept;

// What the filter was given, by its parameters.
std::uint64_t scale_offset_size(Hdf5ClientData values);
std::uint64_t nbit_size(ByteView stored, Hdf5ClientData values);

void undo_scale_offset(ByteView stored, Hdf5ClientData values, MutableByteView out);
void undo_nbit(ByteView stored, Hdf5ClientData values, MutableByteView out);

}  // namespace gridmill
