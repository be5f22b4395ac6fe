#include "gridmill/formats/source_file.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/store/file_store.h"

namespace gridmill {

std::unique_ptr<ValueReader> SourceFile::open() const {
  std::unique_ptr<ValueReader> bytes = store->reader(Key());
  if (bytes == nullptr) {
    throw Error(ErrorKind::conflict, "the file has gone while it was being read");
  }
  if (bytes->version() != version) {
    throw Error(ErrorKind::conflict, "the file has changed while it was being read");
  }
  return bytes;
}

OpenedSource open_source(Files& files, const std::string& path, std::string_view expected) {
  const std::optional<FileStatus> identity = files.status(path);
  if (identity && identity->is_directory) {
    throw Error(ErrorKind::invalid,
                fmt::format("this is a directory, where a {} file was expected", expected));
  }
  SourceFile source{files, path, identity.value_or(FileStatus()), file_store(files, path), {}};
  std::unique_ptr<ValueReader> bytes = identity ? source.store->reader(Key()) : nullptr;
  if (bytes == nullptr) throw Error(ErrorKind::not_found, "there is no such file");
  source.version = bytes->version();
  return {std::make_shared<const SourceFile>(std::move(source)), std::move(bytes)};
}

}  // namespace gridmill
