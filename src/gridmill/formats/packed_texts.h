// packed_texts.h: texts between fetch and decode: n + 1 offsets (8 bytes, little endian), then the
// characters of all of them. No I/O; any number of threads.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gridmill/codec/leaf.h"

namespace gridmill {

// Texts that aren't UTF-8 are mended (utf8_text.h).
void pack_texts(const std::vector<std::string>& texts, Buffer& packed);

// Copies the texts of `parts` out of a leaf of `shape`, in C order. `what` names the leaf in the
// Error(internal) that is thrown if `packed` is of another size.
void place_packed_texts(ByteView packed, const Shape& shape, std::span<const Part> parts,
                        StringArena& strings, const std::string& what);

}  // namespace gridmill
