// source_file.h: one input file that leaves are read from, time and again, while the run lasts.
//
// It is opened anew for every leaf: microseconds beside the megabytes of a leaf, and thousands of
// inputs need no table of open files. What is opened must be the file that was surveyed.
#pragma once

#include <memory>
#include <string>

#include "gridmill/base/error.h"
#include "gridmill/system/files.h"

namespace gridmill {

// `files` must outlive the readers. Any number of threads.
struct SourceFile {
  Files& files;
  std::string path;
  FileStatus identity;

  // Throws Error(conflict) if the file has gone or changed since `identity` was taken.
  std::unique_ptr<ReadableFile> open() const {
    std::unique_ptr<ReadableFile> file = files.open(path);
    if (file == nullptr) {
      throw Error(ErrorKind::conflict, "the file has gone while it was being read");
    }
    const FileStatus now = file->status();
    if (now.size != identity.size || now.modified_ns != identity.modified_ns) {
      throw Error(ErrorKind::conflict, "the file has changed while it was being read");
    }
    return file;
  }
};

}  // namespace gridmill
