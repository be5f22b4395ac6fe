// temporary_directory.h: a directory that lives as long as a test.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "gridmill/base/error.h"
#include "gridmill/system/files.h"
#include "gridmill/system/random.h"

namespace gridmill {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : files_(posix_files()) {
    const char* base = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
    path_ = files_->absolute(std::string(base != nullptr ? base : "/tmp")) + "/gridmill-test-" +
            unique_suffix();
    files_->make_directories(path_);
  }
  ~TemporaryDirectory() {
    try {
      remove_tree(*files_, path_);
    } catch (const Error&) {
      return;  // a test took away the permission; what stays is in the temporary folder
    }
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  Files& files() noexcept { return *files_; }  // the real ones

 private:
  std::unique_ptr<Files> files_;
  std::string path_;
};

}  // namespace gridmill
