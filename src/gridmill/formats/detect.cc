// detect_format: what a file is, by its first bytes.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/formats/format_file.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {
namespace {

// GRIB files may begin with a bulletin header or padding; ecCodes too looks further than byte 0.
constexpr std::size_t kGribWithin = 4096;
constexpr std::string_view kHdf5Magic = "\x89HDF\r\n\x1a\n";

// HDF5 allows a user block before the file: its signature stands at 0, 512, 1024, 2048, ...
bool has_hdf5_signature(const ValueReader& file) {
  std::array<std::byte, 8> magic{};
  for (std::int64_t at = 0; at + 8 <= file.size(); at = at == 0 ? 512 : at * 2) {
    if (file.read_at(at, magic) == magic.size() && as_text(magic) == kHdf5Magic) return true;
  }
  return false;
}

bool is_classic_netcdf(std::string_view head) {
  return head.size() >= 4 && head.substr(0, 3) == "CDF" &&
         (head[3] == 1 || head[3] == 2 || head[3] == 5);
}

// "GRIB" and, four bytes on, an edition: the word alone may stand in any text.
bool holds_grib_message(std::string_view head) {
  for (std::size_t at = head.find("GRIB"); at != std::string_view::npos;
       at = head.find("GRIB", at + 1)) {
    if (at + 7 < head.size() && (head[at + 7] == 1 || head[at + 7] == 2)) return true;
  }
  return false;
}

// A directory, or a zip file.
FileFormat format_of_store(Files& files, const Location& location) {
  const std::unique_ptr<Store> store = open_store(files, location);
  std::vector<Key> places{Key()};
  if (!location.node.empty()) places.emplace_back(location.node);
  for (const Key& place : places) {
    for (const char* name : {"zarr.json", ".zgroup", ".zarray"}) {
      if (store->stat(place / name)) return FileFormat::zarr;
    }
  }
  return FileFormat::unknown;
}

bool is_zip_file(const Location& location, std::string_view head) {
  return is_zip_name(location.path) && head.starts_with("PK");
}

}  // namespace

FileFormat detect_format(Files& files, const Location& location) {
  const std::optional<FileStatus> status = files.status(location.path);
  if (!status) {
    throw Error(ErrorKind::not_found,
                fmt::format("there is no file or directory {}", location.path));
  }
  if (status->is_directory) return format_of_store(files, location);
  const std::unique_ptr<ValueReader> file = file_reader(files, location.path);
  if (file == nullptr) {
    throw Error(ErrorKind::not_found, fmt::format("there is no file {}", location.path));
  }
  std::array<std::byte, kGribWithin> bytes{};
  const std::string_view head = as_text(ByteView(bytes).first(file->read_at(0, bytes)));
  if (is_zip_file(location, head)) return format_of_store(files, location);
  if (is_classic_netcdf(head)) return FileFormat::netcdf;
  if (head.starts_with("GRIB")) return FileFormat::grib;
  if (has_hdf5_signature(*file)) return FileFormat::netcdf;
  if (holds_grib_message(head)) return FileFormat::grib;
  return FileFormat::unknown;
}

}  // namespace gridmill
