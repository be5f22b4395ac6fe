#include "gridmill/formats/netcdf_library.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <netcdf.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <optional>

namespace gridmill {
namespace {

struct Library {
  std::mutex mutex;
  std::list<const NetcdfFile*> open;  // used last first
};

Library& library() {
  static Library the_one;
  return the_one;
}

ErrorKind kind_of(int status, const std::string& hdf5_said) {
  if (hdf5_said.find("No space left") != std::string::npos ||
      hdf5_said.find("Disk quota") != std::string::npos) {
    return ErrorKind::out_of_space;
  }
  switch (status) {
    case NC_ENOMEM:
    case ENOMEM:
      return ErrorKind::out_of_memory;
    case ENOENT:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::denied;
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::out_of_space;
    case NC_ENOTBUILT:
    case NC_ENOFILTER:
    case NC_EFILTER:
      return ErrorKind::unsupported;
    case NC_EMAXNAME:
    case NC_EBADNAME:
    case NC_ENAMEINUSE:
    case NC_ERANGE:
    case NC_ESTRICTNC3:
      return ErrorKind::unsupported;
    default:
      return status > 0 ? ErrorKind::unavailable : ErrorKind::corrupt;
  }
}

// The innermost line of HDF5's account: where it began.
herr_t keep_innermost(unsigned depth, const H5E_error2_t* entry, void* text) {
  if (depth == 0 && entry->desc != nullptr) *static_cast<std::string*>(text) = entry->desc;
  return 0;
}

herr_t remember(hid_t stack, void* text) {
  return H5Ewalk2(stack, H5E_WALK_UPWARD, keep_innermost, text);
}

}  // namespace

NetcdfSession::NetcdfSession() : lock_(library().mutex) {
  H5Eset_auto2(H5E_DEFAULT, remember, &hdf5_said_);
}

NetcdfSession::~NetcdfSession() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5Eclear2(H5E_DEFAULT);  // an error left behind makes HDF5 print at exit
}

void NetcdfSession::check(int status, std::string_view what) const {
  if (status == NC_NOERR) return;
  std::string message = fmt::format("{}: {}", what, nc_strerror(status));
  const bool from_hdf5 = status == NC_EHDFERR || (status <= NC_ECANTREAD && status >= NC_EVARMETA);
  if (from_hdf5 && !hdf5_said_.empty()) message += fmt::format(" ({})", hdf5_said_);
  throw Error(kind_of(status, from_hdf5 ? hdf5_said_ : ""), std::move(message));
}

void NetcdfSession::close_all_of(const std::string& path) {
  std::list<const NetcdfFile*>& open = library().open;
  for (auto at = open.begin(); at != open.end();) {
    const NetcdfFile* file = *at++;
    if (file->path() == path) file->close();
  }
}

NetcdfFile::NetcdfFile(Files& files, std::string path, FileStatus identity)
    : files_(files), path_(std::move(path)), identity_(identity) {}

NetcdfFile::~NetcdfFile() {
  const NetcdfSession session;
  close();
}

void NetcdfFile::close() const noexcept {
  if (handle_ < 0) return;
  nc_close(handle_);
  handle_ = -1;
  uncached_.clear();
  library().open.remove(this);
}

int NetcdfFile::root(NetcdfSession& session) const {
  std::list<const NetcdfFile*>& open = library().open;
  if (handle_ >= 0) {
    open.splice(open.begin(), open, std::find(open.begin(), open.end(), this));
    return handle_;
  }
  // HDF5 shares what it knows of a file between handles on the same inode: a file that was
  // rewritten in place must not meet the memory of its former self.
  for (auto at = open.begin(); at != open.end();) {
    const NetcdfFile* other = *at++;
    const FileStatus& seen = other->identity_;
    const bool same_file = seen.inode == identity_.inode || other->path_ == path_;
    const bool same_content =
        seen.modified_ns == identity_.modified_ns && seen.size == identity_.size;
    if (same_file && !same_content) other->close();
  }
  const std::optional<FileStatus> now = files_.status(path_);
  if (!now || now->size != identity_.size || now->modified_ns != identity_.modified_ns) {
    throw Error(ErrorKind::conflict, now ? "the file has changed while it was being read"
                                         : "the file has gone while it was being read");
  }
  while (open.size() >= kOpenNetcdfFiles) open.back()->close();
  int handle = -1;
  session.check(nc_open(path_.c_str(), NC_NOWRITE, &handle), "cannot open as netCDF");
  handle_ = handle;
  open.push_front(this);
  return handle_;
}

int NetcdfFile::group(NetcdfSession& session, const std::string& path) const {
  const int top = root(session);
  if (path.empty()) return top;
  int id = -1;
  session.check(nc_inq_grp_full_ncid(top, ("/" + path).c_str(), &id), "group " + path);
  return id;
}

void NetcdfFile::disable_chunk_cache(NetcdfSession& session, int group, int variable) const {
  if (!uncached_.insert({group, variable}).second) return;
  session.check(nc_set_var_chunk_cache(group, variable, 1, 1, 0.75F), "chunk cache");
}

}  // namespace gridmill
