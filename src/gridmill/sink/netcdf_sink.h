// netcdf_sink.h: boxes of one variable of a netCDF-4 file.
//
// All sinks of a file share its writer; libnetcdf lets one thread in at a time anyway.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "gridmill/formats/netcdf_writer.h"
#include "gridmill/sink/sink.h"

namespace gridmill {

struct SharedNetcdfWriter {
  explicit SharedNetcdfWriter(const std::string& path) : writer(path) {}
  std::mutex mutex;
  NetcdfWriter writer;
};

// `path` is "group/name"; units are boxes of `chunk` elements. finish() writes nothing.
std::shared_ptr<Sink> netcdf_sink(std::shared_ptr<SharedNetcdfWriter> file, std::string path,
                                  DataType type, const Shape& shape, const Shape& chunk);

}  // namespace gridmill
