// packed_texts.h: texts between fetch and decode: n + 1 offsets (8 bytes, little endian), then the
// characters of all of them, as the file has them. No I/O; any number of threads.
#pragma once

#include <span>
#include <vector>

#include "gridmill/codec/leaf.h"

namespace gridmill {

// Makes room for texts of `sizes` bytes, in C order; where each one belongs is for packed_text().
void make_packed_texts(std::span<const std::uint64_t> sizes, Buffer& packed);
// The room of text `i` among `count`.
MutableByteView packed_text(MutableByteView packed, std::size_t count, std::size_t i);

// Copies the texts of `parts` out of a leaf of `shape`, in C order, as C knows them: each up to its
// first NUL. Those that aren't UTF-8 are mended (utf8_text.h). `what` names the leaf in the
// Error(internal) that is thrown if `packed` is of another size.
void place_packed_texts(ByteView packed, const Shape& shape, std::span<const Part> parts,
                        StringArena& strings, const std::string& what);

}  // namespace gridmill
