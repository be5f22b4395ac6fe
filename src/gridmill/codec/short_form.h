// short_form.h: what people type after --codec.
//
// `blosc:zstd:1:shuffle:512KiB` (from the right, parts may be left out), `zstd:3`, `gzip:5`,
// `zlib:1`, `bz2:9`, `lz4`, `lzma:6`, `none`, or Zarr codec JSON: a v3 or v2 object, or a list of
// either (v3: `bytes` may be left out; v2: filters, then the compressor). Throws Error(invalid)
// that names the known codecs and the nearest spelling.
#pragma once

#include <string_view>

#include "gridmill/codec/chain.h"

namespace gridmill {

// `narrow`: what the elements, in memory of type `type`, are stored as.
CodecChain parse_codec(std::string_view text, DataType type, int rank,
                       const std::optional<NarrowType>& narrow = {});

}  // namespace gridmill
