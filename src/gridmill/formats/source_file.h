// source_file.h: one input file that leaves are read from, time and again, while the run lasts.
//
// It is opened anew for every leaf: microseconds beside the megabytes of a leaf, and thousands of
// inputs need no table of open files. What is opened must be the file that was surveyed. Bytes come
// through store/, so that a file of an object store is read by the same readers; the path is for
// the libraries that insist on one, and for messages.
#pragma once

#include <memory>
#include <string>

#include "gridmill/store/store.h"
#include "gridmill/system/files.h"

namespace gridmill {

// `files` must outlive the readers. Any number of threads.
struct SourceFile {
  Files& files;
  std::string path;
  FileStatus identity;  // as the libraries' guard compares it
  std::shared_ptr<Store> store;
  Version version;  // of the store's root key, which is the file

  // Throws Error(conflict) if the file has gone or changed since `version` was taken.
  std::unique_ptr<ValueReader> open() const;
};

struct OpenedSource {
  std::shared_ptr<const SourceFile> source;
  std::unique_ptr<ValueReader> bytes;
};

// Throws Error(not_found), and Error(invalid) for a directory, which is no `expected` ("netCDF").
OpenedSource open_source(Files& files, const std::string& path, std::string_view expected);

}  // namespace gridmill
