// forwarding_files.h: a Files that passes everything on: what those begin with that care about some
// calls only. open_uncached() is open(), so that who overrides one has overridden both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/system/files.h"

namespace gridmill {

class ForwardingFiles : public Files {
 public:
  // `under` must outlive this and the files opened through it.
  explicit ForwardingFiles(Files& under) : under_(under) {}

  std::unique_ptr<ReadableFile> open(const std::string& path) override { return under_.open(path); }
  std::unique_ptr<WritableFile> create(const std::string& path) override {
    return under_.create(path);
  }
  std::optional<FileStatus> status(const std::string& path) override { return under_.status(path); }
  std::vector<DirectoryEntry> list(const std::string& directory) override {
    return under_.list(directory);
  }
  void make_directories(const std::string& path) override { under_.make_directories(path); }
  void rename(const std::string& from, const std::string& to) override { under_.rename(from, to); }
  void rename_new(const std::string& from, const std::string& to) override {
    under_.rename_new(from, to);
  }
  void exchange(const std::string& a, const std::string& b) override { under_.exchange(a, b); }
  bool link(const std::string& from, const std::string& to) override {
    return under_.link(from, to);
  }
  bool remove_file(const std::string& path) override { return under_.remove_file(path); }
  bool remove_directory(const std::string& path) override { return under_.remove_directory(path); }
  void sync_directory(const std::string& path) override { under_.sync_directory(path); }
  bool touch(const std::string& path) override { return under_.touch(path); }
  std::optional<std::int64_t> free_bytes(const std::string& directory) override {
    return under_.free_bytes(directory);
  }
  std::unique_ptr<Disk> disk(const std::string& path) override { return under_.disk(path); }
  std::unique_ptr<FileLock> lock(const std::string& path) override { return under_.lock(path); }
  std::string absolute(const std::string& path) override { return under_.absolute(path); }

 protected:
  Files& under_;
};

}  // namespace gridmill
