// faulty_files.h: a Files whose n-th call fails.
//
// Decorates another Files (the real one on a temporary directory, as a rule). Calls of open files
// are counted too, by the name of their function: open, read_at, create, append, sync, close,
// status (by path or of an open file), list, make_directories, rename, rename_new, exchange, link,
// remove_file, remove_directory, sync_directory, touch, disk, sync_all (of a disk), lock, absolute.
// A crash in an append leaves half of it. A sync_all that fails has lost what the files below the
// disk's folder got since the last one, but for those that were synced by themselves: they hold
// zeros, in their old sizes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "doubles/fault_gate.h"
#include "gridmill/system/forwarding_files.h"

namespace gridmill {

// The files that have been made since the last sync, by their inodes.
struct Unsynced {
  std::mutex mutex;
  std::set<std::uint64_t> inodes;
};

class FaultyFiles : public ForwardingFiles {
 public:
  // `under` must outlive this and the files opened through it.
  explicit FaultyFiles(Files& under, Fault fault = {})
      : ForwardingFiles(under), gate_(std::make_shared<FaultGate>(std::move(fault))) {}

  FaultGate& gate() noexcept { return *gate_; }
  void set_fault(Fault fault) { gate_->set_fault(std::move(fault)); }
  void release() { gate_->release(); }
  std::int64_t calls() const { return gate_->calls(); }
  bool fired() const { return gate_->fired(); }
  std::int64_t fired_at() const { return gate_->fired_at(); }
  std::vector<Call> log() const { return gate_->log(); }

  std::unique_ptr<ReadableFile> open(const std::string& path) override;
  std::unique_ptr<WritableFile> create(const std::string& path) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::vector<DirectoryEntry> list(const std::string& directory) override;
  void make_directories(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void rename_new(const std::string& from, const std::string& to) override;
  void exchange(const std::string& a, const std::string& b) override;
  bool link(const std::string& from, const std::string& to) override;
  bool remove_file(const std::string& path) override;
  bool remove_directory(const std::string& path) override;
  void sync_directory(const std::string& path) override;
  bool touch(const std::string& path) override;
  std::unique_ptr<Disk> disk(const std::string& path) override;
  std::unique_ptr<FileLock> lock(const std::string& path) override;
  std::string absolute(const std::string& path) override;

 private:
  std::shared_ptr<FaultGate> gate_;  // shared with the open files
  std::shared_ptr<Unsynced> unsynced_ = std::make_shared<Unsynced>();
};

}  // namespace gridmill
