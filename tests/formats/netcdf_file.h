// netcdf_file.h: libnetcdf as the oracle that writes test files, and a directory to write them to.
//
// The library's lock is ours alone while a Netcdf is alive: don't read before it is closed.
#pragma once

#include <gtest/gtest.h>
#include <netcdf.h>

#include <memory>
#include <string>
#include <vector>

#include "gridmill/formats/netcdf_library.h"
#include "gridmill/system/files.h"
#include "gridmill/system/random.h"

namespace gridmill::testing {

class ScratchDirectory {
 public:
  ScratchDirectory() : root_(::testing::TempDir() + "gridmill-formats-" + unique_suffix()) {
    files_->make_directories(root_);
  }
  ~ScratchDirectory() { remove_tree(*files_, root_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string path(const std::string& name) const { return root_ + "/" + name; }

  void write(const std::string& name, std::string_view content) const {
    files_->remove_file(path(name));
    const auto file = files_->create(path(name));
    file->append(as_bytes(content));
    file->close();
  }

  std::string read(const std::string& file_path) const {
    const auto file = files_->open(file_path);
    std::string content(static_cast<std::size_t>(file->status().size), '\0');
    file->read_at(0, {reinterpret_cast<std::byte*>(content.data()), content.size()});
    return content;
  }

 private:
  std::unique_ptr<Files> files_ = posix_files();
  std::string root_;
};

class Netcdf {
 public:
  Netcdf(const std::string& path, int mode) {
    session_.close_all_of(path);
    ok(nc_create(path.c_str(), mode | NC_CLOBBER, &id_));
  }
  ~Netcdf() { EXPECT_EQ(nc_close(id_), NC_NOERR); }
  Netcdf(const Netcdf&) = delete;
  Netcdf& operator=(const Netcdf&) = delete;

  int id() const { return id_; }
  int dim(const std::string& name, std::size_t size) {
    int dimension = -1;
    ok(nc_def_dim(id_, name.c_str(), size, &dimension));
    return dimension;
  }
  int var(const std::string& name, int type, const std::vector<int>& dimensions) {
    int variable = -1;
    ok(nc_def_var(id_, name.c_str(), type, static_cast<int>(dimensions.size()), dimensions.data(),
                  &variable));
    return variable;
  }
  void ok(int status) { session_.check(status, "test file"); }

 private:
  NetcdfSession session_;
  int id_ = -1;
};

}  // namespace gridmill::testing
