#include "gridmill/base/version.h"

#include <fmt/format.h>

#include <CLI/Version.hpp>

#include "cli/help.h"
#include "gridmill/base/versions.h"
#include "gridmill/codec/versions.h"
#include "gridmill/dataset/versions.h"
#include "gridmill/formats/versions.h"
#include "gridmill/sink/parquet_sink.h"
#ifdef GRIDMILL_WITH_MPI
#include "mpi/versions.h"
#endif

namespace gridmill::cli {
namespace {

std::vector<LibraryVersion> mpi_library_versions() {
#ifdef GRIDMILL_WITH_MPI
  return mpi::library_versions();
#else
  return {};
#endif
}

}  // namespace

std::string version_text() {
  std::string text = fmt::format("gridmill {}\n", kVersion);
  const std::vector<LibraryVersion> own{{"CLI11", CLI11_VERSION},
                                        {"yaml-cpp", GRIDMILL_YAML_CPP_VERSION}};
  for (const auto& libraries :
       {format_library_versions(), codec_library_versions(), dataset_library_versions(),
        base_library_versions(), own, mpi_library_versions()}) {
    for (const LibraryVersion& library : libraries) {
      text += fmt::format("  {:<15}{}\n", library.name, library.version);
    }
  }
  // A part that is loaded when it is wanted, and may be missing.
  if (const std::string parquet = parquet_library(); !parquet.empty()) {
    const std::size_t space = parquet.find(' ');
    text += fmt::format("  {:<15}{}\n", parquet.substr(0, space), parquet.substr(space + 1));
  }
  return text;
}

}  // namespace gridmill::cli
