// grib_packing.h: the values of a GRIB message, decoded by our own code where it knows how.
//
// Known: simple packing of both editions, constant fields, bitmaps; CCSDS (template 5.42, by
// libaec), JPEG 2000 and PNG (5.40, 5.41; grib_images.h). Of these three nothing is left to
// ecCodes, whose decoders trust what a stream says of its size; other templates are, and simple
// packing where it is unusual (predefined bitmaps, widths beyond 32 bits, scales that leave the
// range of float). Values are bit for bit ecCodes'. Any number of threads, with a context each.
#pragma once

#include <cstdint>

#include "gridmill/base/bytes.h"
#include "gridmill/codec/context.h"

namespace gridmill {

// Of a message with one field: its `count` values in file order, missing ones NaN. False: only
// ecCodes knows this packing. Throws Error(corrupt) if the message contradicts itself or is too
// short for what it says, Error(unsupported) for compressed values that are not plain. Uses
// context.scratch[0] and [2]: at most 8 bytes per value.
bool decode_grib_values(ByteView message, float* into, std::int64_t count, CodecContext& context);

}  // namespace gridmill
