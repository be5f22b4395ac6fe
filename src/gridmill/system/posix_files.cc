#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "gridmill/base/error.h"
#include "gridmill/system/descriptor.h"
#include "gridmill/system/files.h"

namespace gridmill {
namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::out_of_space;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::denied;
    case EEXIST:
    case ENOTEMPTY:
    case ENOTDIR:  // a file stands where a directory is needed, or the reverse
    case EISDIR:
      return ErrorKind::conflict;
    case ENOENT:
      return ErrorKind::not_found;
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return ErrorKind::invalid;
    case ENOMEM:
      return ErrorKind::out_of_memory;
    default:
      return ErrorKind::unavailable;
  }
}

[[noreturn]] void fail(const char* action, const std::string& path, int code) {
  throw Error(kind_of(code), fmt::format("{} {}: {}", action, path, std::strerror(code)));
}

// /dev/stdout, or what <(...) of a shell makes: a link to a pipe, which lies in no folder.
void refuse_nameless(const std::filesystem::path& whole, const std::string& path) {
  std::error_code code;
  if (!std::filesystem::is_other(std::filesystem::status(whole, code))) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{} is a pipe and no file of a folder: give the name of a file", path));
}

bool is_absent(int code) { return code == ENOENT || code == ENOTDIR; }

FileStatus to_status(const struct stat& raw) {
  FileStatus status;
  status.is_directory = S_ISDIR(raw.st_mode);
  status.is_special = !S_ISDIR(raw.st_mode) && !S_ISREG(raw.st_mode);
  status.size = raw.st_size;
  status.modified_ns = raw.st_mtim.tv_sec * 1'000'000'000 + raw.st_mtim.tv_nsec;
  status.inode = raw.st_ino;
  return status;
}

// Every disk's block size divides it.
constexpr std::size_t kDirectBlock = 4096;
// Below this the page cache is as good.
constexpr std::size_t kDirectBytes = std::size_t{256} << 10;

bool is_aligned(const std::byte* data) {
  return reinterpret_cast<std::uintptr_t>(data) % kDirectBlock == 0;
}

class PosixReadable final : public ReadableFile {
 public:
  // `direct`: a second descriptor of the file, past the page cache; < 0: there is none.
  PosixReadable(int fd, std::string path, int direct = -1)
      : fd_(fd), direct_(direct), path_(std::move(path)) {}

  FileStatus status() const override {
    struct stat raw {};
    if (::fstat(fd_.get(), &raw) != 0) fail("stat", path_, errno);
    return to_status(raw);
  }

  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    std::size_t done = read_directly(offset, into);
    while (done < into.size()) {
      const ssize_t got = ::pread(fd_.get(), into.data() + done, into.size() - done,
                                  offset + static_cast<std::int64_t>(done));
      if (got == 0) break;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read", path_, errno);
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  // Whole blocks from the begin of `into`, as far as the file system gives them this way.
  std::size_t read_directly(std::int64_t offset, MutableByteView into) const {
    if (direct_.get() < 0 || into.size() < kDirectBytes || !is_aligned(into.data()) ||
        offset % static_cast<std::int64_t>(kDirectBlock) != 0) {
      return 0;
    }
    const std::size_t whole = into.size() / kDirectBlock * kDirectBlock;
    std::size_t done = 0;
    while (done < whole && done % kDirectBlock == 0) {
      const ssize_t got = ::pread(direct_.get(), into.data() + done, whole - done,
                                  offset + static_cast<std::int64_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;  // the other descriptor says what is wrong, if anything is
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Descriptor fd_;
  Descriptor direct_;
  std::string path_;
};

class PosixWritable final : public WritableFile {
 public:
  PosixWritable(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  void append(ByteView bytes) override {
    if (is_worth_direct(bytes)) bytes = write_directly(bytes);
    while (!bytes.empty()) bytes = bytes.subspan(write_once(bytes));
  }

  void sync() override {
    if (::fdatasync(fd_.get()) != 0) fail("sync", path_, errno);
  }

  // The time of the last write comes from a clock of the kernel that ticks every few milliseconds,
  // and a freed inode is used again at once: two values of one size written in succession could
  // look the same. A time with nanoseconds keeps their versions apart.
  void close() override {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::array<timespec, 2> times{now, now};
    if (::futimens(fd_.get(), times.data()) != 0) fail("set the time of", path_, errno);
    if (::close(fd_.release()) != 0 && errno != EINTR) fail("close", path_, errno);
  }

 private:
  bool is_worth_direct(ByteView bytes) const {
    return bytes.size() >= kDirectBytes && written_ % kDirectBlock == 0 && is_aligned(bytes.data());
  }

  // Returns what is left: less than a block, or what the file system won't take this way. A fresh
  // page of the page cache costs more than the copy into it, on virtual machines many times more.
  ByteView write_directly(ByteView bytes) {
    if (::fcntl(fd_.get(), F_SETFL, O_DIRECT) != 0) return bytes;
    is_direct_ = true;
    while (bytes.size() >= kDirectBlock && written_ % kDirectBlock == 0) {
      const std::size_t put = write_once(bytes.first(bytes.size() / kDirectBlock * kDirectBlock));
      if (put == 0) break;
      bytes = bytes.subspan(put);
    }
    is_direct_ = false;
    if (::fcntl(fd_.get(), F_SETFL, 0) != 0) fail("write", path_, errno);
    return bytes;
  }

  // 0: the file system takes no direct writes although it said so.
  std::size_t write_once(ByteView bytes) {
    while (true) {
      const ssize_t put = ::write(fd_.get(), bytes.data(), bytes.size());
      if (put >= 0) {
        written_ += static_cast<std::size_t>(put);
        return static_cast<std::size_t>(put);
      }
      if (errno == EINVAL && is_direct_) return 0;
      if (errno != EINTR) fail("write", path_, errno);
    }
  }

  Descriptor fd_;
  std::string path_;
  std::size_t written_ = 0;
  bool is_direct_ = false;
};

class PosixDisk final : public Disk {
 public:
  explicit PosixDisk(std::string path)
      : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_.get() < 0) fail("open", path_, errno);
  }
  void sync() override {
    if (::syncfs(fd_.get()) != 0) fail("sync", path_, errno);
  }

 private:
  const std::string path_;
  const Descriptor fd_;
};

// The path is tested after the lock is taken: between open and flock its last holder may have
// removed the file, and then somebody else can hold the lock of a new one.
class PosixLock final : public FileLock {
 public:
  static std::unique_ptr<FileLock> take(const std::string& path) {
    while (true) {
      Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
      if (fd.get() < 0) fail("create", path, errno);
      bool is_held = true;
      if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return nullptr;
        if (errno == EINTR) continue;
        is_held = errno != ENOLCK && errno != EOPNOTSUPP && errno != ENOSYS;
        if (is_held) fail("lock", path, errno);
      }
      struct stat held {
      }, there{};
      if (::fstat(fd.get(), &held) != 0) fail("stat", path, errno);
      if (::stat(path.c_str(), &there) != 0 || there.st_ino != held.st_ino) continue;
      return std::unique_ptr<FileLock>(new PosixLock(fd.release(), path, is_held));
    }
  }

  ~PosixLock() override { ::unlink(path_.c_str()); }  // before the descriptor frees the lock
  bool excludes_others() const noexcept override { return is_held_; }

 private:
  PosixLock(int fd, std::string path, bool is_held)
      : fd_(fd), path_(std::move(path)), is_held_(is_held) {}

  Descriptor fd_;
  std::string path_;
  bool is_held_;
};

enum class Reading { cached, past_the_cache };

class PosixFiles final : public Files {
 public:
  explicit PosixFiles(Renames renames) : renames_(renames) {}

  std::unique_ptr<ReadableFile> open(const std::string& path) override {
    return open_with(path, Reading::cached);
  }
  std::unique_ptr<ReadableFile> open_uncached(const std::string& path) override {
    return open_with(path, Reading::past_the_cache);
  }

  // Without O_NONBLOCK a pipe would make the caller wait for its other end.
  std::unique_ptr<ReadableFile> open_with(const std::string& path, Reading reading) {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0 && is_absent(errno)) return nullptr;
    if (fd.get() < 0) fail("open", path, errno);
    struct stat raw {};
    if (::fstat(fd.get(), &raw) != 0) fail("stat", path, errno);
    if (!S_ISREG(raw.st_mode) && !S_ISDIR(raw.st_mode)) {
      throw Error(ErrorKind::invalid,
                  path + " is a pipe or a device; copy its content to a file first");
    }
    int direct = -1;  // and stays so where the file system has no such thing
    if (reading == Reading::past_the_cache && S_ISREG(raw.st_mode)) {
      direct = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
    }
    return std::make_unique<PosixReadable>(fd.release(), path, direct);
  }

  std::unique_ptr<WritableFile> create(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) fail("create", path, errno);
    return std::make_unique<PosixWritable>(fd, path);
  }

  std::optional<FileStatus> status(const std::string& path) override {
    struct stat raw {};
    if (::stat(path.c_str(), &raw) == 0) return to_status(raw);
    if (is_absent(errno)) return std::nullopt;
    fail("stat", path, errno);
  }

  std::vector<DirectoryEntry> list(const std::string& directory) override {
    std::vector<DirectoryEntry> entries;
    const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(directory.c_str()), ::closedir);
    if (!handle) {
      if (is_absent(errno)) return entries;
      fail("list", directory, errno);
    }
    while (true) {
      errno = 0;
      // One stream belongs to one thread here, which is all that readdir asks.
      const dirent* entry = ::readdir(handle.get());  // NOLINT(concurrency-mt-unsafe)
      if (entry == nullptr && errno != 0) fail("list", directory, errno);
      if (entry == nullptr) break;
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      entries.push_back({name, is_directory(directory, *entry)});
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  void make_directories(const std::string& path) override {
    std::error_code code;
    std::filesystem::create_directories(path, code);
    if (code) fail("create directory", path, code.value());
  }

  void rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) fail("rename to", to, errno);
  }

  void rename_new(const std::string& from, const std::string& to) override {
    if (!rename_with(from, to, RENAME_NOREPLACE)) rename_new_plainly(from, to);
  }

  void exchange(const std::string& a, const std::string& b) override {
    if (!rename_with(a, b, RENAME_EXCHANGE)) exchange_plainly(a, b);
  }

  // EPERM: vfat and the like, or a file of somebody else's where links to those are forbidden.
  bool link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return true;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS || errno == EMLINK ||
        errno == EXDEV) {
      return false;
    }
    fail("link", to, errno);
  }

  bool remove_file(const std::string& path) override {
    if (::unlink(path.c_str()) == 0) return true;
    if (is_absent(errno)) return false;
    fail("remove", path, errno);
  }

  bool remove_directory(const std::string& path) override {
    if (::rmdir(path.c_str()) == 0) return true;
    if (is_absent(errno)) return false;
    fail("remove directory", path, errno);
  }

  void sync_directory(const std::string& path) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0 || ::fsync(fd.get()) != 0) fail("sync directory", path, errno);
  }

  // As PosixWritable::close() dates what it has written.
  bool touch(const std::string& path) override {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const std::array<timespec, 2> times{now, now};
    if (::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) == 0) return true;
    if (is_absent(errno)) return false;
    fail("set the time of", path, errno);
  }

  std::optional<std::int64_t> free_bytes(const std::string& directory) override {
    struct statvfs raw {};
    if (::statvfs(directory.c_str(), &raw) != 0) return std::nullopt;
    return static_cast<std::int64_t>(raw.f_bavail) * static_cast<std::int64_t>(raw.f_frsize);
  }

  std::unique_ptr<Disk> disk(const std::string& path) override {
    return std::make_unique<PosixDisk>(path);
  }

  std::unique_ptr<FileLock> lock(const std::string& path) override { return PosixLock::take(path); }

  std::string absolute(const std::string& path) override {
    std::error_code code;
    const auto whole = std::filesystem::absolute(path, code);
    if (code) fail("resolve", path, code.value());
    const auto resolved = std::filesystem::weakly_canonical(whole, code);
    if (code) refuse_nameless(whole, path);
    if (code) fail("resolve", path, code.value());
    std::string text = resolved.string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
  }

 private:
  static bool is_directory(const std::string& directory, const dirent& entry) {
    if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
    struct stat raw {};
    return ::lstat((directory + "/" + entry.d_name).c_str(), &raw) == 0 && S_ISDIR(raw.st_mode);
  }

  // False: this file system knows no such flags (NFS, 9p, some FUSE).
  bool rename_with(const std::string& from, const std::string& to, unsigned flags) const {
    if (renames_ == Renames::without_flags) return false;
    if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) {
      return true;
    }
    if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) return false;
    fail("rename to", to, errno);
  }

  // A file by its second name, which never replaces; a directory by a rename, which replaces no
  // more than an empty one.
  void rename_new_plainly(const std::string& from, const std::string& to) {
    const auto source = status(from);
    if (source && !source->is_directory) {
      if (::link(from.c_str(), to.c_str()) != 0) fail("rename to", to, errno);
      remove_file(from);
      return;
    }
    if (status(to)) fail("rename to", to, EEXIST);
    rename(from, to);
  }

  void exchange_plainly(const std::string& a, const std::string& b) {
    if (!status(a)) fail("rename", a, ENOENT);
    const std::string aside = b + std::string(kExchangedEnding);
    rename_new_plainly(b, aside);
    try {
      rename(a, b);
    } catch (...) {
      rename(aside, b);
      throw;
    }
    rename(aside, a);
  }

  const Renames renames_;
};

}  // namespace

std::unique_ptr<Files> posix_files(Renames renames) {
  return std::make_unique<PosixFiles>(renames);
}

namespace {

// As the parent's listing shows it: a link to a directory is not one.
bool is_real_directory(Files& files, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return is_real_directory(files, "./" + path);
  const std::string name = path.substr(slash + 1);
  for (const DirectoryEntry& entry : files.list(slash == 0 ? "/" : path.substr(0, slash))) {
    if (entry.name == name) return entry.is_directory;
  }
  return false;
}

void remove_directory_and_content(Files& files, const std::string& path) {
  for (const DirectoryEntry& entry : files.list(path)) {
    const std::string child = path + "/" + entry.name;
    if (entry.is_directory) {
      remove_directory_and_content(files, child);
    } else {
      files.remove_file(child);
    }
  }
  files.remove_directory(path);
}

}  // namespace

void remove_tree(Files& files, const std::string& path) {
  if (is_real_directory(files, path)) {
    remove_directory_and_content(files, path);
  } else {
    files.remove_file(path);
  }
}

}  // namespace gridmill
