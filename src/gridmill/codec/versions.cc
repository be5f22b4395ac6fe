#include "gridmill/codec/versions.h"

#include <blosc.h>
#include <bzlib.h>
#include <libdeflate.h>
#include <lz4.h>
#include <lzma.h>
#include <zfp.h>
#include <zlib.h>
#include <zstd.h>

#include "gridmill/codec/pcodec_library.h"

namespace gridmill {
namespace {

// "1.0.8, 13-Jul-2019" without its date.
std::string bzip2_version() {
  const std::string text = BZ2_bzlibVersion();
  return text.substr(0, text.find(','));
}

// "zfp version 1.0.0 (August 1, 2022)"
std::string zfp_version() {
  const std::string text = zfp_version_string;
  const std::size_t begin = text.find_first_of("0123456789");
  return begin == std::string::npos ? text : text.substr(begin, text.find(' ', begin) - begin);
}

}  // namespace

std::vector<LibraryVersion> codec_library_versions() {
  std::vector<LibraryVersion> versions{
      {"blosc", blosc_get_version_string()},
      {"zstd", ZSTD_versionString()},
      {"lz4", LZ4_versionString()},
      {"libdeflate", LIBDEFLATE_VERSION_STRING},  // it can't be asked at run time
      {"zlib", zlibVersion()},
      {"bzip2", bzip2_version()},
      {"lzma", lzma_version_string()},
      {"zfp", zfp_version()}};
  if (const std::string pco = pcodec_version(); !pco.empty()) versions.push_back({"pco", pco});
  return versions;
}

}  // namespace gridmill
