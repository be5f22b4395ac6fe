#include "doubles/faulty_files.h"

#include <utility>
#include <vector>

namespace gridmill {
namespace {

using Verdict = FaultGate::Verdict;

// FaultGate::pass for actions without a result.
template <class Action>
void pass_void(FaultGate& gate, const Call& call, Action&& action) {
  gate.pass(call, [&] {
    action();
    return true;
  });
}

class FaultyReadable final : public ReadableFile {
 public:
  FaultyReadable(std::unique_ptr<ReadableFile> under, std::string path,
                 std::shared_ptr<FaultGate> gate)
      : under_(std::move(under)), path_(std::move(path)), gate_(std::move(gate)) {}

  FileStatus status() const override {
    return gate_->pass({"status", path_, {}, 0}, [&] { return under_->status(); });
  }

  std::size_t read_at(std::int64_t offset, MutableByteView into) const override {
    const Call call{"read_at", path_, {}, static_cast<std::int64_t>(into.size()), offset};
    const Verdict verdict = gate_->enter(call);
    if (verdict == Verdict::shorten) into = into.first(into.size() / 2);
    const std::size_t got = under_->read_at(offset, into);
    if (verdict == Verdict::lose_reply) FaultGate::throw_io_error(call);
    return got;
  }

 private:
  std::unique_ptr<ReadableFile> under_;
  std::string path_;
  std::shared_ptr<FaultGate> gate_;
};

class FaultyWritable final : public WritableFile {
 public:
  FaultyWritable(std::unique_ptr<WritableFile> under, std::string path,
                 std::shared_ptr<FaultGate> gate, std::shared_ptr<Unsynced> unsynced,
                 std::uint64_t inode)
      : under_(std::move(under)),
        path_(std::move(path)),
        gate_(std::move(gate)),
        unsynced_(std::move(unsynced)),
        inode_(inode) {}

  void append(ByteView bytes) override {
    const Call call{"append", path_, {}, static_cast<std::int64_t>(bytes.size())};
    const Verdict verdict = gate_->enter(call);
    const bool is_torn = verdict == Verdict::tear || verdict == Verdict::crash_midway;
    under_->append(is_torn ? bytes.first(bytes.size() / 2) : bytes);
    if (verdict == Verdict::crash_midway) throw CrashError();
    if (is_torn || verdict == Verdict::lose_reply) FaultGate::throw_io_error(call);
  }

  void sync() override {
    pass_void(*gate_, {"sync", path_, {}, 0}, [&] {
      under_->sync();
      const std::lock_guard lock(unsynced_->mutex);
      unsynced_->inodes.erase(inode_);
    });
  }
  void close() override {
    pass_void(*gate_, {"close", path_, {}, 0}, [&] { under_->close(); });
  }

 private:
  std::unique_ptr<WritableFile> under_;
  std::string path_;
  std::shared_ptr<FaultGate> gate_;
  std::shared_ptr<Unsynced> unsynced_;
  const std::uint64_t inode_;
};

class FaultyDisk final : public Disk {
 public:
  FaultyDisk(std::unique_ptr<Disk> under, Files& files, std::string path,
             std::shared_ptr<FaultGate> gate, std::shared_ptr<Unsynced> unsynced)
      : under_(std::move(under)),
        files_(files),
        path_(std::move(path)),
        gate_(std::move(gate)),
        unsynced_(std::move(unsynced)) {}

  void sync() override {
    const std::lock_guard lock(unsynced_->mutex);
    try {
      pass_void(*gate_, {"sync_all", path_, {}, 0}, [&] { under_->sync(); });
    } catch (const Error&) {
      lose(path_);
      throw;
    }
    unsynced_->inodes.clear();
  }

 private:
  void lose(const std::string& directory) {
    for (const DirectoryEntry& entry : files_.list(directory)) {
      const std::string path = directory + "/" + entry.name;
      const auto status = files_.status(path);
      if (entry.is_directory) {
        lose(path);
      } else if (status && unsynced_->inodes.contains(status->inode)) {
        files_.remove_file(path);
        const std::vector<std::byte> zeros(static_cast<std::size_t>(status->size));
        files_.create(path)->append(zeros);
      }
    }
  }

  std::unique_ptr<Disk> under_;
  Files& files_;
  std::string path_;
  std::shared_ptr<FaultGate> gate_;
  std::shared_ptr<Unsynced> unsynced_;
};

}  // namespace

std::unique_ptr<ReadableFile> FaultyFiles::open(const std::string& path) {
  auto file = gate_->pass({"open", path, {}, 0}, [&] { return under_.open(path); });
  if (!file) return nullptr;
  return std::make_unique<FaultyReadable>(std::move(file), path, gate_);
}

std::unique_ptr<WritableFile> FaultyFiles::create(const std::string& path) {
  auto file = gate_->pass({"create", path, {}, 0}, [&] { return under_.create(path); });
  const auto status = under_.status(path);
  const std::uint64_t inode = status ? status->inode : 0;
  if (status) {
    const std::lock_guard lock(unsynced_->mutex);
    unsynced_->inodes.insert(inode);
  }
  return std::make_unique<FaultyWritable>(std::move(file), path, gate_, unsynced_, inode);
}

std::optional<FileStatus> FaultyFiles::status(const std::string& path) {
  return gate_->pass({"status", path, {}, 0}, [&] { return under_.status(path); });
}

std::vector<DirectoryEntry> FaultyFiles::list(const std::string& directory) {
  return gate_->pass({"list", directory, {}, 0}, [&] { return under_.list(directory); });
}

void FaultyFiles::make_directories(const std::string& path) {
  pass_void(*gate_, {"make_directories", path, {}, 0}, [&] { under_.make_directories(path); });
}

void FaultyFiles::rename(const std::string& from, const std::string& to) {
  pass_void(*gate_, {"rename", from, to, 0}, [&] { under_.rename(from, to); });
}

void FaultyFiles::rename_new(const std::string& from, const std::string& to) {
  pass_void(*gate_, {"rename_new", from, to, 0}, [&] { under_.rename_new(from, to); });
}

void FaultyFiles::exchange(const std::string& a, const std::string& b) {
  pass_void(*gate_, {"exchange", a, b, 0}, [&] { under_.exchange(a, b); });
}

bool FaultyFiles::link(const std::string& from, const std::string& to) {
  return gate_->pass({"link", from, to, 0}, [&] { return under_.link(from, to); });
}

bool FaultyFiles::remove_file(const std::string& path) {
  return gate_->pass({"remove_file", path, {}, 0}, [&] { return under_.remove_file(path); });
}

bool FaultyFiles::remove_directory(const std::string& path) {
  return gate_->pass({"remove_directory", path, {}, 0},
                     [&] { return under_.remove_directory(path); });
}

void FaultyFiles::sync_directory(const std::string& path) {
  pass_void(*gate_, {"sync_directory", path, {}, 0}, [&] { under_.sync_directory(path); });
}

bool FaultyFiles::touch(const std::string& path) {
  return gate_->pass({"touch", path, {}, 0}, [&] { return under_.touch(path); });
}

std::unique_ptr<Disk> FaultyFiles::disk(const std::string& path) {
  auto disk = gate_->pass({"disk", path, {}, 0}, [&] { return under_.disk(path); });
  return std::make_unique<FaultyDisk>(std::move(disk), under_, path, gate_, unsynced_);
}

std::unique_ptr<FileLock> FaultyFiles::lock(const std::string& path) {
  return gate_->pass({"lock", path, {}, 0}, [&] { return under_.lock(path); });
}

std::string FaultyFiles::absolute(const std::string& path) {
  return gate_->pass({"absolute", path, {}, 0}, [&] { return under_.absolute(path); });
}

}  // namespace gridmill
