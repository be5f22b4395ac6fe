#include "gridmill/formats/grib_index_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/formats/grib_index_bytes.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

constexpr std::string_view kEnding = ".gmindex";

// A message's place takes some bytes, and a message 32 at least; more than the file is no index.
constexpr std::int64_t kLeastAllowed = 16 << 20;

std::string reason(const Error& error) {
  return error.kind() == ErrorKind::denied || error.contexts().empty() ? error.message()
                                                                       : error.what();
}

// Null: there is none to be read.
std::unique_ptr<ReadableFile> open_kept(Files& files, const std::string& path,
                                        std::vector<std::string>& notes) {
  try {
    return files.open(path);
  } catch (const Error& error) {
    // A name that is too long for an index has none.
    if (error.kind() == ErrorKind::invalid) return nullptr;
    if (error.kind() != ErrorKind::denied) throw;
    notes.push_back(fmt::format("the kept index {} is not used: {}", path, reason(error)));
    return nullptr;
  }
}

GribIndex load(const ReadableFile& kept, const ReadableFile& file, const FileStatus& status) {
  const FileStatus own = kept.status();
  if (own.is_directory || own.size > std::max(kLeastAllowed, status.size)) {
    throw Error(ErrorKind::corrupt, "it is no index");
  }
  Buffer bytes(static_cast<std::size_t>(own.size));
  if (kept.read_at(0, bytes.bytes()) != bytes.size()) {
    throw Error(ErrorKind::corrupt, "it is damaged: it ends early");
  }
  return grib_index_from_bytes(bytes, file, status);
}

std::optional<GribIndex> load_kept(Files& files, const std::string& path, const ReadableFile& file,
                                   const FileStatus& status, bool is_rewritten,
                                   std::vector<std::string>& notes) {
  const auto kept = open_kept(files, path, notes);
  if (kept == nullptr) return std::nullopt;
  try {
    return load(*kept, file, status);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::unsupported &&
        error.kind() != ErrorKind::conflict) {
      throw;
    }
    notes.push_back(fmt::format("the kept index {} is not used: {}; the file was scanned{}", path,
                                reason(error),
                                is_rewritten ? "" : " (--grib-index write makes a new one)"));
    return std::nullopt;
  }
}

bool is_same(const FileStatus& a, const FileStatus& b) {
  return a.size == b.size && a.modified_ns == b.modified_ns;
}

void keep(Files& files, const std::string& path, const GribIndex& index, const ReadableFile& file,
          const FileStatus& status, std::vector<std::string>& notes) {
  try {
    // What changes while it is scanned has no index that is worth keeping.
    if (!is_same(file.status(), status)) {
      throw Error(ErrorKind::conflict, "the file is being written");
    }
    const std::string bytes = grib_index_to_bytes(index, file, status);
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    file_store(files, folder)->put(Key(name), as_bytes(bytes));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::cancelled ||
        error.kind() == ErrorKind::internal) {
      throw;
    }
    notes.push_back(fmt::format("the index {} could not be kept: {}", path, reason(error)));
  }
}

}  // namespace

std::string grib_index_path(const std::string& path) { return path + std::string(kEnding); }

bool is_grib_index_path(std::string_view path) { return path.ends_with(kEnding); }

GribIndex open_grib_index(Files& files, const std::string& path, const ReadableFile& file,
                          const FileStatus& status, GribIndexUse use,
                          std::vector<std::string>& notes) {
  if (use == GribIndexUse::none) return index_grib(file);
  const std::string kept = grib_index_path(path);
  const bool writes = use == GribIndexUse::write;
  std::optional<GribIndex> found =
      in_context([&] { return "its kept index " + kept; },
                 [&] { return load_kept(files, kept, file, status, writes, notes); });
  if (found) return std::move(*found);
  GribIndex index = index_grib(file);
  if (writes) keep(files, kept, index, file, status, notes);
  return index;
}

}  // namespace gridmill
