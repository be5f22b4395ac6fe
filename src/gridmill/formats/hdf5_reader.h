// hdf5_reader.h: a netCDF-4 or plain HDF5 file as a FormatFile, without the libraries.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/formats/format_file.h"
#include "gridmill/formats/source_file.h"

namespace gridmill {

struct Hdf5File {
  // A variable whose values can't be read here; it has no reader.
  struct Elsewhere {
    std::size_t group = 0, variable = 0;
    std::string reason;
  };
  FormatFile file;
  std::vector<Elsewhere> elsewhere;
};

// nullopt: no HDF5 file. Throws Error(corrupt) naming object and address; Error(unsupported) if the
// file as a whole is beyond this reader. `file` is `source`, opened.
std::optional<Hdf5File> open_hdf5(const SourceFile& source, std::unique_ptr<ValueReader> file);

}  // namespace gridmill
