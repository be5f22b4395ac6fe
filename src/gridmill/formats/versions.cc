#include "gridmill/formats/versions.h"

#include <eccodes.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <netcdf.h>
#include <openjpeg.h>
#include <png.h>

#include <string_view>

namespace gridmill {
namespace {

// "4.9.0 of Oct 10 2022 12:00:00 $" -> "4.9.0"
std::string netcdf_version() {
  const std::string_view text = nc_inq_libvers();
  return std::string(text.substr(0, text.find(' ')));
}

std::string hdf5_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

std::string eccodes_version() {
  const long number = codes_get_api_version();
  return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

}  // namespace

std::vector<LibraryVersion> format_library_versions() {
  return {{"netCDF", netcdf_version()},
          {"HDF5", hdf5_version()},
          {"ecCodes", eccodes_version()},
          {"OpenJPEG", opj_version()},
          {"libpng", png_get_libpng_ver(nullptr)},
          // Neither at run time nor in its headers: the name of the file that was linked.
          {"libaec", GRIDMILL_AEC_FILE_VERSION}};
}

}  // namespace gridmill
