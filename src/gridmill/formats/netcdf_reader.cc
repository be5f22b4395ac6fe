// open_netcdf: the tree of groups, dimensions, variables and attributes of a netCDF file. Classic
// files are read by classic_reader.h, netCDF-4 and HDF5 by hdf5_reader.h, and what that doesn't
// know through libnetcdf.

#include <fmt/format.h>
#include <netcdf.h>
#include <netcdf_filter.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/formats/classic_reader.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/formats/hdf5_reader.h"
#include "gridmill/formats/leaf_shape.h"
#include "gridmill/formats/netcdf_attributes.h"
#include "gridmill/formats/netcdf_leaf.h"
#include "gridmill/formats/netcdf_library.h"

namespace gridmill {
namespace {

// Walks an open file. Lives within one session.
class Survey {
 public:
  Survey(const NetcdfSession& session, std::shared_ptr<const NetcdfFile> file, int root, int format,
         std::string file_name)
      : session_(session), file_(std::move(file)), file_name_(std::move(file_name)) {
    result_.format = format == NC_FORMAT_NETCDF4_CLASSIC ? "netCDF-4 classic model" : "netCDF-4";
    visit(root, "");
  }

  FormatFile take() { return std::move(result_); }

 private:
  void visit(int id, const std::string& path) {
    FileGroup group;
    group.path = path;
    group.dimensions = dimensions(id);
    group.attributes = read_netcdf_attributes(
        session_, id, NC_GLOBAL, path.empty() ? "the file" : "group " + path, result_.notes);
    int count = 0;
    session_.check(nc_inq_nvars(id, &count), "variables");
    for (int v = 0; v < count; ++v) group.variables.push_back(variable(id, v, path));
    result_.groups.push_back(std::move(group));
    for (const auto& [name, child] : children(id)) {
      visit(child, path.empty() ? name : path + "/" + name);
    }
  }

  std::vector<FileDimension> dimensions(int group) const {
    int count = 0, unlimited_count = 0;
    session_.check(nc_inq_dimids(group, &count, nullptr, 0), "dimensions");
    std::vector<int> ids(static_cast<std::size_t>(count) + 1), unlimited;
    session_.check(nc_inq_dimids(group, &count, ids.data(), 0), "dimensions");
    session_.check(nc_inq_unlimdims(group, &unlimited_count, nullptr), "unlimited dimensions");
    unlimited.resize(static_cast<std::size_t>(unlimited_count) + 1, -1);
    session_.check(nc_inq_unlimdims(group, nullptr, unlimited.data()), "unlimited dimensions");
    std::vector<FileDimension> result;
    for (int i = 0; i < count; ++i) {
      const int id = ids[static_cast<std::size_t>(i)];
      char name[NC_MAX_NAME + 1] = {};
      std::size_t size = 0;
      session_.check(nc_inq_dim(group, id, name, &size), "dimensions");
      const auto last = unlimited.begin() + unlimited_count;
      result.push_back(
          {name, static_cast<std::int64_t>(size), std::find(unlimited.begin(), last, id) != last});
    }
    return result;
  }

  std::vector<std::pair<std::string, int>> children(int group) const {
    int count = 0;
    session_.check(nc_inq_grps(group, &count, nullptr), "groups");
    std::vector<int> ids(static_cast<std::size_t>(count) + 1);
    session_.check(nc_inq_grps(group, &count, ids.data()), "groups");
    std::vector<std::pair<std::string, int>> result;
    for (int i = 0; i < count; ++i) {
      char name[NC_MAX_NAME + 1] = {};
      const int id = ids[static_cast<std::size_t>(i)];
      session_.check(nc_inq_grpname(id, name), "groups");
      result.emplace_back(name, id);
    }
    return result;
  }

  FileVariable variable(int group, int id, const std::string& path) {
    char name[NC_MAX_NAME + 1] = {};
    int nc_type = 0, rank = 0;
    session_.check(nc_inq_var(group, id, name, &nc_type, &rank, nullptr, nullptr), "variables");
    FileVariable variable;
    variable.name = name;
    return in_context([&] { return "variable " + variable.name; },
                      [&] {
                        extents(group, id, rank, variable);
                        variable.attributes = read_netcdf_attributes(
                            session_, group, id, "variable " + variable.name, result_.notes);
                        storage(group, id, variable);
                        NetcdfPlace place{
                            file_,     path, variable.name, id, variable.chunks.has_value(),
                            file_name_};
                        attach_reader(group, nc_type, std::move(place), variable);
                        return std::move(variable);
                      });
  }

  void extents(int group, int id, int rank, FileVariable& variable) const {
    std::vector<int> dimids(static_cast<std::size_t>(rank) + 1);
    session_.check(nc_inq_vardimid(group, id, dimids.data()), "dimensions");
    for (int d = 0; d < rank; ++d) {
      char name[NC_MAX_NAME + 1] = {};
      std::size_t size = 0;
      session_.check(nc_inq_dim(group, dimids[static_cast<std::size_t>(d)], name, &size),
                     "dimensions");
      variable.dimensions.emplace_back(name);
      variable.shape.push_back(static_cast<std::int64_t>(size));
    }
  }

  void storage(int group, int id, FileVariable& variable) const {
    Json& encoding = variable.encoding;
    int layout = NC_CONTIGUOUS, shuffle = 0, deflate = 0, level = 0, checksum = 0, endian = 0;
    std::vector<std::size_t> chunk(static_cast<std::size_t>(variable.shape.rank()) + 1);
    session_.check(nc_inq_var_chunking(group, id, &layout, chunk.data()), "storage");
    encoding["storage"] = layout == NC_CHUNKED      ? "chunked"
                          : layout == NC_COMPACT    ? "compact"
                          : layout == NC_CONTIGUOUS ? "contiguous"
                                                    : "other";
    if (layout == NC_CHUNKED) {
      chunk.pop_back();
      variable.chunks = Shape(std::vector<std::int64_t>(chunk.begin(), chunk.end()));
      encoding["chunks"] = chunk;
      session_.check(nc_inq_var_deflate(group, id, &shuffle, &deflate, &level), "storage");
      session_.check(nc_inq_var_fletcher32(group, id, &checksum), "storage");
      encoding["shuffle"] = shuffle != 0;
      encoding["deflate"] = deflate != 0 ? level : 0;
      encoding["fletcher32"] = checksum != 0;
      other_filters(group, id, encoding);
    }
    if (nc_inq_var_endian(group, id, &endian) == NC_NOERR) {
      encoding["endian"] = endian == NC_ENDIAN_BIG ? "big" : "little";
    }
  }

  static void other_filters(int group, int id, Json& encoding) {
    constexpr unsigned kDeflate = 1, kShuffle = 2, kFletcher32 = 3;
    std::size_t count = 0;
    if (nc_inq_var_filter_ids(group, id, &count, nullptr) != NC_NOERR || count == 0) return;
    std::vector<unsigned> ids(count);
    if (nc_inq_var_filter_ids(group, id, &count, ids.data()) != NC_NOERR) return;
    for (const unsigned filter : ids) {
      if (filter == kDeflate || filter == kShuffle || filter == kFletcher32) continue;
      encoding["hdf5_filters"].push_back(filter);
    }
  }

  void attach_reader(int group, int nc_type, NetcdfPlace place, FileVariable& variable) {
    const auto refuse = [&](std::string_view what, std::string_view reason) {
      refuse_variable(variable, std::move(place), what, reason);
    };
    if (nc_type == NC_CHAR) {
      variable.type = types::bytes(1);
    } else if (nc_type == NC_STRING) {
      variable.type = types::string;
    } else {
      try {
        variable.type = netcdf_number_type(session_, group, nc_type);
        if (nc_type > NC_MAX_ATOMIC_TYPE) variable.encoding["enum"] = members(group, nc_type);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::unsupported) throw;
        return refuse(error.message(), error.message());
      }
    }
    if (!variable.chunks) {
      const Shape leaf = contiguous_leaf(variable.shape, variable.type.size);
      variable.reader = netcdf_leaf_reader(std::move(place), variable.type, variable.shape, leaf);
      return;
    }
    const std::int64_t bytes =
        checked_mul(volume(*variable.chunks), variable.type.size, "the size of a chunk");
    if (bytes > kLargestChunk) {
      return refuse("chunk", fmt::format("a chunk {} of {} bytes (the limit is 2 GiB)",
                                         to_string(*variable.chunks), bytes));
    }
    const Shape leaf = chunked_leaf(variable.shape, *variable.chunks, variable.type.size);
    variable.reader = netcdf_leaf_reader(std::move(place), variable.type, variable.shape, leaf);
  }

  Json members(int group, int nc_type) const {
    std::size_t count = 0;
    int base = 0;
    session_.check(nc_inq_enum(group, nc_type, nullptr, &base, nullptr, &count), "an enum");
    const DataType type = netcdf_number_type(session_, group, base);
    Json table = Json::object();
    for (std::size_t i = 0; i < count; ++i) {
      char name[NC_MAX_NAME + 1] = {};
      std::byte value[8] = {};
      session_.check(nc_inq_enum_member(group, nc_type, static_cast<int>(i), name, value),
                     "an enum");
      visit_real(type, [&](auto tag) { table[name] = load_le<decltype(tag)>(value); });
    }
    return table;
  }

  const NetcdfSession& session_;
  std::shared_ptr<const NetcdfFile> file_;
  std::string file_name_;
  FormatFile result_;
};

FormatFile open_by_library(const SourceFile& source) {
  auto file = std::make_shared<const NetcdfFile>(source.files, source.files.absolute(source.path),
                                                 source.identity);
  NetcdfSession session;
  const int root = file->root(session);
  int format = 0;
  session.check(nc_inq_format(root, &format), "format");
  return Survey(session, file, root, format, source.path).take();
}

FileVariable* find_variable(FormatFile& file, const std::string& group, const std::string& name) {
  for (FileGroup& each : file.groups) {
    if (each.path != group) continue;
    for (FileVariable& variable : each.variables) {
      if (variable.name == name) return &variable;
    }
  }
  return nullptr;
}

// Variables that only the library can read come from there; those that it can't read either are
// listed, and refused when they are read.
FormatFile with_rest_by_library(Hdf5File own, const SourceFile& source) {
  if (own.elsewhere.empty()) return std::move(own.file);
  FormatFile library;
  try {
    library = open_by_library(source);
  } catch (const Error& error) {
    own.file.notes.push_back(
        fmt::format("the netCDF library can't open this file: {}", error.message()));
  }
  for (const Hdf5File::Elsewhere& place : own.elsewhere) {
    FileGroup& group = own.file.groups[place.group];
    FileVariable& variable = group.variables[place.variable];
    if (FileVariable* found = find_variable(library, group.path, variable.name)) {
      own.file.notes.push_back(fmt::format("variable {} is read through the netCDF library: {}",
                                           variable.name, place.reason));
      variable = std::move(*found);
      continue;
    }
    refuse_variable(variable, {nullptr, group.path, variable.name, -1, false, source.path},
                    place.reason, place.reason);
  }
  return std::move(own.file);
}

// Our reader's words, if the file as a whole is beyond it.
FormatFile open_whole_by_library(const SourceFile& source, const std::string& reason) {
  try {
    FormatFile file = open_by_library(source);
    file.notes.push_back("the file is read through the netCDF library: " + reason);
    return file;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported) throw;
    throw Error(ErrorKind::unsupported,
                fmt::format("{}, and the netCDF library says: {}", reason, error.what()));
  }
}

FormatFile open_netcdf4(const SourceFile& source, std::unique_ptr<ValueReader> file) {
  std::optional<Hdf5File> own;
  try {
    own = open_hdf5(source, std::move(file));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unsupported) throw;
    return open_whole_by_library(source, error.what());
  }
  // The library has words for what is no netCDF file at all.
  return own ? with_rest_by_library(std::move(*own), source) : open_by_library(source);
}

FormatFile open_path(Files& files, const std::string& path, NetcdfBy by) {
  OpenedSource opened = open_source(files, path, "netCDF");
  if (is_classic_netcdf(*opened.bytes)) return open_classic(opened.source, *opened.bytes);
  return by == NetcdfBy::library ? open_by_library(*opened.source)
                                 : open_netcdf4(*opened.source, std::move(opened.bytes));
}

}  // namespace

FormatFile open_netcdf(Files& files, const Location& location, NetcdfBy by) {
  return in_context([&] { return "file " + location.path; },
                    [&] { return open_path(files, location.path, by); });
}

}  // namespace gridmill
