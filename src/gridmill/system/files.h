// files.h: the door to the file system.
//
// Nothing outside system/ calls the operating system's file functions; store/ (and formats/, for
// the libraries that insist on paths) go through a Files, which the tests replace by a double that
// fails the n-th call, fills the disk, tears a write or hangs.
//
// Errors: ENOENT is absence where a function says so; everything else throws gridmill::Error with
// the path and the system's words: out_of_space (ENOSPC, EDQUOT), denied (EACCES, EPERM, EROFS),
// conflict (EEXIST, ENOTEMPTY, and a file where a directory is needed or the reverse), not_found
// (the parent of what is to be written), invalid (names that can't be), unavailable otherwise.
// Threads: a Files may be used from any thread; one open file from one thread at a time, except
// read_at, which is safe from many.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/bytes.h"

namespace gridmill {

struct FileStatus {
  bool is_directory = false;
  bool is_special = false;  // a device, a pipe, a socket
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::uint64_t inode = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual FileStatus status() const = 0;
  // Fills `into` from `offset`; returns fewer bytes only at the end of the file.
  virtual std::size_t read_at(std::int64_t offset, MutableByteView into) const = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;  // an unclosed file is closed; its content is not promised
  // What is large and aligned (a quarter of a MiB or more at the start of a large Buffer) goes to
  // the disk directly, past the page cache, where the file system allows it: docs/benchmarks.md has
  // the reason.
  virtual void append(ByteView bytes) = 0;
  virtual void sync() = 0;   // content reaches the disk; after a failure write a new file
  virtual void close() = 0;  // reports what the system reported late; dates the file to the ns
};

// The disk under a folder, held from before the first write on: a write that the disk fails to keep
// is told once to each of these that was there when it happened, and to none that comes later.
class Disk {
 public:
  virtual ~Disk() = default;
  // Everything written so far to the file system reaches the disk. After a failure, what was
  // written since the last success may be lost although it can still be read, and no later success
  // means that it is there.
  virtual void sync() = 0;
};

// Held until destroyed, or until the process ends in whatever way.
class FileLock {
 public:
  virtual ~FileLock() = default;
  virtual bool excludes_others() const noexcept { return true; }  // false: there are no locks here
};

inline constexpr std::string_view kExchangedEnding = ".exchanged";

class Files {
 public:
  virtual ~Files() = default;

  virtual std::unique_ptr<ReadableFile> open(const std::string& path) = 0;  // null: absent
  // For what is read once and was written past the page cache: into large aligned buffers it comes
  // the same way, where the file system allows it.
  virtual std::unique_ptr<ReadableFile> open_uncached(const std::string& path) {
    return open(path);
  }
  virtual std::unique_ptr<WritableFile> create(const std::string& path) = 0;  // must not exist
  virtual std::optional<FileStatus> status(const std::string& path) = 0;      // follows links
  virtual std::vector<DirectoryEntry> list(
      const std::string& directory) = 0;  // sorted; absent: empty
  virtual void make_directories(const std::string& path) = 0;
  virtual void rename(const std::string& from, const std::string& to) = 0;  // replaces a file
  // Error(conflict) if `to` exists.
  virtual void rename_new(const std::string& from, const std::string& to) = 0;
  // Both must exist. One step where the file system can (Linux's own can, NFS can't), three renames
  // otherwise: b is called b + kExchangedEnding between the first and the last of them.
  virtual void exchange(const std::string& a, const std::string& b) = 0;
  // A second name for a file, which is the same file then; Error(conflict) if `to` exists. False:
  // it can't have one here.
  virtual bool link(const std::string& /*from*/, const std::string& /*to*/) { return false; }
  virtual bool remove_file(const std::string& path) = 0;       // false: absent
  virtual bool remove_directory(const std::string& path) = 0;  // must be empty
  virtual void sync_directory(const std::string& path) = 0;
  // The file counts as changed now, to the ns, though its content stays. False: it is absent, or
  // that can't be said here.
  virtual bool touch(const std::string& /*path*/) { return false; }
  // What may still be written to the file system under a folder that is there; nullopt: nobody
  // says.
  virtual std::optional<std::int64_t> free_bytes(const std::string& /*directory*/) {
    return std::nullopt;
  }
  virtual std::unique_ptr<Disk> disk(const std::string& path) = 0;  // must exist
  // An exclusive lock between processes and threads: the file at `path`, which is made for it and
  // goes with it. Null: somebody else holds it. A file system without locks gives one that excludes
  // nobody.
  virtual std::unique_ptr<FileLock> lock(const std::string& path) = 0;
  virtual std::string absolute(const std::string& path) = 0;  // links resolved as far as it exists
};

// How the file system renames; tests see to the second.
enum class Renames { in_one_step, without_flags };

// The operating system's own files. Holds no state.
std::unique_ptr<Files> posix_files(Renames renames = Renames::in_one_step);

// Removes a directory and all below it, or a file; absent is fine. Of a link only the link itself.
void remove_tree(Files& files, const std::string& path);

}  // namespace gridmill
