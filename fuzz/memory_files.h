// memory_files.h: a Files that holds one file, in memory, so that fuzzing needs no disk. Nothing
// can be written. `content` must outlive what is opened. Any number of threads.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/system/files.h"

namespace gridmill::fuzz {

class MemoryFile final : public ReadableFile {
 public:
  explicit MemoryFile(ByteView content) : content_(content) {}
  FileStatus status() const override {
    return {.is_directory = false, .size = static_cast<std::int64_t>(content_.size())};
  }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    // As the system's own call would have it; who calls must know better.
    if (offset < 0) throw Error(ErrorKind::internal, "a read at a negative offset");
    const std::size_t from = std::min(static_cast<std::size_t>(offset), content_.size());
    const std::size_t count = std::min(into.size(), content_.size() - from);
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(from), count, into.begin());
    return count;
  }

 private:
  ByteView content_;
};

class MemoryFiles final : public Files {
 public:
  static constexpr const char* kPath = "input";
  explicit MemoryFiles(ByteView content) : content_(content) {}

  std::unique_ptr<ReadableFile> open(const std::string& path) override {
    if (path != kPath) return nullptr;
    return std::make_unique<MemoryFile>(content_);
  }
  std::optional<FileStatus> status(const std::string& path) override {
    if (path != kPath) return std::nullopt;
    return MemoryFile(content_).status();
  }
  std::string absolute(const std::string& path) override { return path; }
  std::vector<DirectoryEntry> list(const std::string&) override { return {}; }

  std::unique_ptr<WritableFile> create(const std::string&) override { refuse(); }
  void make_directories(const std::string&) override { refuse(); }
  void rename(const std::string&, const std::string&) override { refuse(); }
  void rename_new(const std::string&, const std::string&) override { refuse(); }
  void exchange(const std::string&, const std::string&) override { refuse(); }
  bool remove_file(const std::string&) override { refuse(); }
  bool remove_directory(const std::string&) override { refuse(); }
  void sync_directory(const std::string&) override { refuse(); }
  std::unique_ptr<Disk> disk(const std::string&) override { refuse(); }
  std::unique_ptr<FileLock> lock(const std::string&) override { refuse(); }

 private:
  [[noreturn]] static void refuse() {
    throw Error(ErrorKind::denied, "the file in memory is there to be read");
  }

  ByteView content_;
};

}  // namespace gridmill::fuzz
