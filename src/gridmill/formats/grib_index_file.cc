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
std::unique_ptr<ValueReader> open_kept(Files& files, const std::string& path,
                                       std::vector<std::string>& notes) {
  try {
    auto kept = file_reader(files, path);
    if (kept == nullptr && files.status(path)) {
      notes.push_back(fmt::format("the kept index {} is not used: it is a folder", path));
    }
    return kept;
  } catch (const Error& error) {
    // A name that is too long for an index has none.
    if (error.kind() == ErrorKind::invalid) return nullptr;
    if (error.kind() != ErrorKind::denied) throw;
    notes.push_back(fmt::format("the kept index {} is not used: {}", path, reason(error)));
    return nullptr;
  }
}

GribIndex load(const ValueReader& kept, const ValueReader& file, const FileStatus& status) {
  if (kept.size() > std::max(kLeastAllowed, status.size)) {
    throw Error(ErrorKind::corrupt, "it is no index");
  }
  Buffer bytes(static_cast<std::size_t>(kept.size()));
  if (kept.read_at(0, bytes.bytes()) != bytes.size()) {
    throw Error(ErrorKind::corrupt, "it is damaged: it ends early");
  }
  return grib_index_from_bytes(bytes, file, status);
}

std::optional<GribIndex> load_kept(const SourceFile& source, const std::string& path,
                                   const ValueReader& file, bool is_rewritten,
                                   std::vector<std::string>& notes) {
  const auto kept = open_kept(source.files, path, notes);
  if (kept == nullptr) return std::nullopt;
  try {
    return load(*kept, file, source.identity);
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

bool is_still(const SourceFile& source) {
  const auto now = source.store->stat(Key());
  return now && now->version == source.version;
}

void keep(const std::string& path, const GribIndex& index, const SourceFile& source,
          const ValueReader& file, std::vector<std::string>& notes) {
  try {
    // What changes while it is scanned has no index that is worth keeping.
    if (!is_still(source)) {
      throw Error(ErrorKind::conflict, "the file is being written");
    }
    const std::string bytes = grib_index_to_bytes(index, file, source.identity);
    file_store(source.files, path)->put(Key(), as_bytes(bytes));
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

GribIndex open_grib_index(const SourceFile& source, const ValueReader& file, GribIndexUse use,
                          std::vector<std::string>& notes) {
  if (use == GribIndexUse::none) return index_grib(file);
  const std::string kept = grib_index_path(source.path);
  const bool writes = use == GribIndexUse::write;
  std::optional<GribIndex> found =
      in_context([&] { return "its kept index " + kept; },
                 [&] { return load_kept(source, kept, file, writes, notes); });
  if (found) return std::move(*found);
  GribIndex index = index_grib(file);
  if (writes) keep(kept, index, source, file, notes);
  return index;
}

}  // namespace gridmill
