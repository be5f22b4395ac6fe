// metadata_checks.h: what holds for array metadata of both formats. Throws as metadata.h says.
#pragma once

#include "gridmill/zarr/metadata.h"

namespace gridmill {

// A list of integers >= `least`.
Shape shape_from_json(const Json& list, std::string_view what, std::int64_t least);
Json shape_to_json(const Shape& shape);
// Ranks agree, sizes fit 64 bits, a chunk has at most 2 GiB, shards hold whole chunks.
void check_layout(const ArrayMetadata& metadata);
// Error(corrupt) if a codec can't have the fill value that it must.
void check_fill(const ArrayMetadata& metadata);
// Error(unsupported) for codecs that would write raw bytes or records so that others read something
// else: `bytes` of a byte order, which records don't have, msgpack2, which would tell of texts.
void check_writable(const ArrayMetadata& metadata);
char separator_from(const std::string& text);

}  // namespace gridmill
