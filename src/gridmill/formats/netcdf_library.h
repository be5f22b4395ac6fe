// netcdf_library.h: the one lock around libnetcdf, and the files it holds open.
//
// libnetcdf is not thread-safe: every call, from open to inquiry, is made while a NetcdfSession is
// alive. A session also keeps HDF5 from printing (that setting belongs to a thread) and remembers
// what HDF5 said, so that "HDF error" becomes a sentence.
//
// At most kOpenNetcdfFiles are open at a time, whatever the number of inputs: a NetcdfFile is a
// name that opens on demand, and the one used longest ago closes first. The list of open files is
// state of the library that the lock protects, and lives beside the lock.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/system/files.h"

namespace gridmill {

inline constexpr std::size_t kOpenNetcdfFiles = 64;

// Holds the lock. Not recursive: one session per thread at a time.
class NetcdfSession {
 public:
  NetcdfSession();
  ~NetcdfSession();
  NetcdfSession(const NetcdfSession&) = delete;
  NetcdfSession& operator=(const NetcdfSession&) = delete;

  // Throws an Error of the kind that `status` means, "<what>: <the library's words>", if it is not
  // 0.
  void check(int status, std::string_view what) const;

  // Closes every file of that path that is held open, so that it can be created anew.
  void close_all_of(const std::string& path);

 private:
  std::unique_lock<std::mutex> lock_;
  std::string hdf5_said_;  // by the call that failed last
};

// A netCDF file that is being read. The session passed in is the proof that the lock is held.
class NetcdfFile {
 public:
  // `path` must be absolute; opens nothing yet. `files` must outlive this.
  NetcdfFile(Files& files, std::string path, FileStatus identity);
  ~NetcdfFile();  // takes the lock and closes the file
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  // The library's id of the root group, good until the session ends. Throws Error(corrupt) if the
  // library can't read it, Error(conflict) if it must be opened again and has changed since.
  int root(NetcdfSession& session) const;
  // The same for a group; "" is the root.
  int group(NetcdfSession& session, const std::string& path) const;
  // Readers take each chunk once, so HDF5's own cache of decoded chunks would only cost memory.
  void disable_chunk_cache(NetcdfSession& session, int group, int variable) const;

  const std::string& path() const noexcept { return path_; }
  const FileStatus& identity() const noexcept { return identity_; }

 private:
  friend class NetcdfSession;
  void close() const noexcept;

  Files& files_;
  std::string path_;
  FileStatus identity_;
  // What the lock protects.
  mutable int handle_ = -1;
  mutable std::set<std::pair<int, int>> uncached_;
};

}  // namespace gridmill
