#include "gridmill/system/watched_files.h"

#include <fmt/format.h>

#include <list>
#include <mutex>
#include <utility>

#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

struct Call {
  std::int64_t since_ns = 0;
  const char* action = "";
  std::string subject;
};

// Oldest first, because each is appended when it begins.
class Register {
 public:
  explicit Register(const Clock& clock) : clock_(clock) {}

  template <class Action>
  auto during(const char* action, const std::string& subject, Action&& call) {
    const Entry entry(*this, action, subject);
    return call();
  }

  std::optional<std::string> late(std::int64_t limit_ns) const {
    const std::lock_guard lock(mutex_);
    if (calls_.empty()) return std::nullopt;
    const Call& oldest = calls_.front();
    const std::int64_t waited_ns = clock_.monotonic_ns() - oldest.since_ns;
    if (waited_ns <= limit_ns) return std::nullopt;
    return fmt::format("{} of {} has not returned for {}", oldest.action, oldest.subject,
                       format_duration(seconds_of(waited_ns)));
  }

 private:
  class Entry {
   public:
    Entry(Register& all, const char* action, const std::string& subject) : all_(all) {
      const std::lock_guard lock(all_.mutex_);
      at_ = all_.calls_.insert(all_.calls_.end(), {all_.clock_.monotonic_ns(), action, subject});
    }
    ~Entry() {
      const std::lock_guard lock(all_.mutex_);
      all_.calls_.erase(at_);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    Register& all_;
    std::list<Call>::iterator at_;
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::list<Call> calls_;
};

class Readable final : public ReadableFile {
 public:
  Readable(std::unique_ptr<ReadableFile> under, std::string path, std::shared_ptr<Register> calls)
      : under_(std::move(under)), path_(std::move(path)), calls_(std::move(calls)) {}

  FileStatus status() const override {
    return calls_->during("status", path_, [&] { return under_->status(); });
  }
  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    return calls_->during("read", path_, [&] { return under_->read_at(offset, into); });
  }

 private:
  std::unique_ptr<ReadableFile> under_;
  std::string path_;
  std::shared_ptr<Register> calls_;
};

class Writable final : public WritableFile {
 public:
  Writable(std::unique_ptr<WritableFile> under, std::string path, std::shared_ptr<Register> calls)
      : under_(std::move(under)), path_(std::move(path)), calls_(std::move(calls)) {}

  void append(ByteView bytes) override {
    calls_->during("write", path_, [&] { under_->append(bytes); });
  }
  void sync() override {
    calls_->during("sync", path_, [&] { under_->sync(); });
  }
  void close() override {
    calls_->during("close", path_, [&] { under_->close(); });
  }

 private:
  std::unique_ptr<WritableFile> under_;
  std::string path_;
  std::shared_ptr<Register> calls_;
};

class WatchedDisk final : public Disk {
 public:
  WatchedDisk(std::unique_ptr<Disk> under, std::string path, std::shared_ptr<Register> calls)
      : under_(std::move(under)), path_(std::move(path)), calls_(std::move(calls)) {}

  void sync() override {
    calls_->during("sync", path_, [&] { under_->sync(); });
  }

 private:
  std::unique_ptr<Disk> under_;
  std::string path_;
  std::shared_ptr<Register> calls_;
};

class Watched final : public WatchedFiles {
 public:
  Watched(Files& under, const Clock& clock)
      : under_(under), calls_(std::make_shared<Register>(clock)) {}

  std::optional<std::string> late(std::int64_t limit_ns) const override {
    return calls_->late(limit_ns);
  }

  std::unique_ptr<ReadableFile> open(const std::string& path) override {
    auto file = calls_->during("open", path, [&] { return under_.open(path); });
    if (!file) return nullptr;
    return std::make_unique<Readable>(std::move(file), path, calls_);
  }
  std::unique_ptr<ReadableFile> open_uncached(const std::string& path) override {
    auto file = calls_->during("open", path, [&] { return under_.open_uncached(path); });
    if (!file) return nullptr;
    return std::make_unique<Readable>(std::move(file), path, calls_);
  }
  std::unique_ptr<WritableFile> create(const std::string& path) override {
    auto file = calls_->during("create", path, [&] { return under_.create(path); });
    return std::make_unique<Writable>(std::move(file), path, calls_);
  }
  std::optional<FileStatus> status(const std::string& path) override {
    return calls_->during("status", path, [&] { return under_.status(path); });
  }
  std::vector<DirectoryEntry> list(const std::string& directory) override {
    return calls_->during("listing", directory, [&] { return under_.list(directory); });
  }
  void make_directories(const std::string& path) override {
    calls_->during("creation", path, [&] { under_.make_directories(path); });
  }
  void rename(const std::string& from, const std::string& to) override {
    calls_->during("rename", from, [&] { under_.rename(from, to); });
  }
  void rename_new(const std::string& from, const std::string& to) override {
    calls_->during("rename", from, [&] { under_.rename_new(from, to); });
  }
  void exchange(const std::string& a, const std::string& b) override {
    calls_->during("exchange", a, [&] { under_.exchange(a, b); });
  }
  bool link(const std::string& from, const std::string& to) override {
    return calls_->during("link", from, [&] { return under_.link(from, to); });
  }
  bool remove_file(const std::string& path) override {
    return calls_->during("removal", path, [&] { return under_.remove_file(path); });
  }
  bool remove_directory(const std::string& path) override {
    return calls_->during("removal", path, [&] { return under_.remove_directory(path); });
  }
  void sync_directory(const std::string& path) override {
    calls_->during("sync", path, [&] { under_.sync_directory(path); });
  }
  bool touch(const std::string& path) override {
    return calls_->during("dating", path, [&] { return under_.touch(path); });
  }
  std::optional<std::int64_t> free_bytes(const std::string& directory) override {
    return calls_->during("status", directory, [&] { return under_.free_bytes(directory); });
  }
  std::unique_ptr<Disk> disk(const std::string& path) override {
    auto disk = calls_->during("open", path, [&] { return under_.disk(path); });
    return std::make_unique<WatchedDisk>(std::move(disk), path, calls_);
  }
  std::unique_ptr<FileLock> lock(const std::string& path) override {
    return calls_->during("lock", path, [&] { return under_.lock(path); });
  }
  std::string absolute(const std::string& path) override {
    return calls_->during("resolution", path, [&] { return under_.absolute(path); });
  }

 private:
  Files& under_;
  std::shared_ptr<Register> calls_;
};

}  // namespace

std::unique_ptr<WatchedFiles> watched_files(Files& under, const Clock& clock) {
  return std::make_unique<Watched>(under, clock);
}

}  // namespace gridmill
