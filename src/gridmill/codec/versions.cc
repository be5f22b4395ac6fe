#include "gridmill/codec/versions.h"

#include <blosc.h>
#include <libdeflate.h>
#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

namespace gridmill {

std::vector<LibraryVersion> codec_library_versions() {
  return {{"blosc", blosc_get_version_string()},
          {"zstd", ZSTD_versionString()},
          {"lz4", LZ4_versionString()},
          {"libdeflate", LIBDEFLATE_VERSION_STRING},  // it can't be asked at run time
          {"zlib", zlibVersion()}};
}

}  // namespace gridmill
