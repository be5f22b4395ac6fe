// grib_images.h: the two image formats in which GRIB 2 wraps its integers: JPEG 2000 code streams
// (OpenJPEG) and PNG (libpng).
//
// The size that an image states is compared with the number of values before anything is decoded,
// so that a hostile one can't ask for memory. Any number of threads.
#pragma once

#include <cstdint>

#include "gridmill/base/bytes.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// One unsigned component: `count` integers of 32 bits in native order; returns how many bits of
// each count. Throws Error(corrupt).
int decode_jpeg2000(ByteView stream, std::int64_t count, Buffer& integers);

// Grey of 1 to 16 bits, or colours taken together as 24 or 32: rows of big-endian integers, each
// row beginning with a byte of its own.
struct PngPixels {
  std::int64_t width = 0, height = 0;
  std::size_t row_bytes = 0;
  int bits = 0;
};
// Throws Error(corrupt), also if there are not `count` pixels.
PngPixels decode_png(ByteView stream, std::int64_t count, Buffer& rows);

}  // namespace gridmill
