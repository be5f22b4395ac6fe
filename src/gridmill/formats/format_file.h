// format_file.h: other people's files, seen alike: a tree of groups with typed variables, each with
// a LeafReader. NetCDF and GRIB implement it; what they can't represent they refuse by name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/array/attribute.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/store/location.h"
#include "gridmill/system/files.h"

namespace gridmill {

struct FileDimension {
  std::string name;
  std::int64_t size = 0;
  bool is_unlimited = false;
};

struct FileVariable {
  std::string name;
  DataType type;
  std::vector<std::string>
      dimensions;  // names, outermost first; they resolve in the group or above
  Shape shape;
  Attributes attributes;  // as in the file, _FillValue included
  // How it is stored, for info and for default chunks: {"storage": "chunked", "deflate": 4, ...}.
  Json encoding = Json::object();
  std::optional<Shape> chunks;  // its own chunk shape, where it has one
  std::shared_ptr<const LeafReader> reader;
};

struct FileGroup {
  std::string path;  // "" for the root, "a/b"
  std::vector<FileDimension> dimensions;
  Attributes attributes;
  std::vector<FileVariable> variables;
};

// An open file. Readers keep what they need alive by themselves.
struct FormatFile {
  std::string format;             // "netCDF-3 64-bit offset", "netCDF-4", "GRIB 1 and 2"
  std::vector<FileGroup> groups;  // parents before children; [0] is the root
  // Things a user should know, e.g. messages of a GRIB file that were left out by request.
  std::vector<std::string> notes;
};

enum class FileFormat { netcdf, grib, zarr, unknown };

// By content (magic numbers; for a directory zarr.json, .zgroup or .zarray), never by name. Throws
// Error(not_found) if nothing is there.
FileFormat detect_format(Files& files, const Location& location);

// Who reads netCDF-4 and HDF5 files: our own reader, with the library for what it doesn't know (a
// note says so), or the library alone.
enum class NetcdfBy { own_reader, library };

// All throw Error(corrupt) naming file, variable and offset when the file is damaged or truncated.
FormatFile open_netcdf(Files& files, const Location& location, NetcdfBy by = NetcdfBy::own_reader);
FormatFile open_grib(Files& files, const Location& location, GribIndexUse use = GribIndexUse::read);

}  // namespace gridmill
