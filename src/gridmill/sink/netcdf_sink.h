// netcdf_sink.h: boxes of one variable of a netCDF-4 file.
//
// All sinks of a file share its writer. They are ordered: the engine writes one unit of all of them
// at a time, in the plan's order, so that the same plan makes the same file whatever the threads.
#pragma once

#include <memory>
#include <string>

#include "gridmill/formats/netcdf_writer.h"
#include "gridmill/sink/sink.h"

namespace gridmill {

// `path` is "group/name"; units are boxes of `chunk` elements. finish() writes nothing.
std::shared_ptr<Sink> netcdf_sink(std::shared_ptr<NetcdfWriter> file, std::string path,
                                  DataType type, const Shape& shape, const Shape& chunk);

}  // namespace gridmill
