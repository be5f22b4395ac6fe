#include "gridmill/store/store_locks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

constexpr std::int64_t kFirstPause_ns = 1'000'000;
constexpr std::int64_t kMostPause_ns = 64 * kFirstPause_ns;
constexpr std::int64_t kPatience_ns = 1'000'000'000;

}  // namespace

std::string companion_path(const std::string& path) { return path + ".gridmill"; }

StoreLocks::StoreLocks(Files& files, std::string path) : files_(files), path_(std::move(path)) {}

// Whoever comes alone takes the common lock, then looks for workers; a worker takes its own lock,
// then looks at the common one: of two that come at once at least one sees the other.
void StoreLocks::take_alone() {
  files_.make_directories(companion_path(path_));  // a worker may just have tidied it away
  lock_ = lock_at(common());
  if (lock_ == nullptr) refuse("another run is");
  for (const DirectoryEntry& worker : files_.list(workers())) {
    if (is_held(workers() + "/" + worker.name)) refuse("workers are");
  }
}

// A worker that tidies up while it is looked for has gone.
bool StoreLocks::is_held(const std::string& path) const {
  try {
    return files_.lock(path) == nullptr;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    return false;
  }
}

// Whoever looks for workers holds their locks for the moment of the test, and a file that was
// only looked at is gone then; other workers hold the common lock as briefly.
void StoreLocks::join(const Clock& clock) {
  lock_ = lock_soon(clock, [&] {
    files_.make_directories(workers());
    return workers() + "/" + unique_suffix();
  });
  (void)lock_soon(clock, [&] { return common(); });
}

void StoreLocks::tidy() {
  if (files_.status(workers()) && files_.list(workers()).empty()) {
    files_.remove_directory(workers());
  }
}

void StoreLocks::leave() noexcept {
  try {
    release();
    tidy();
    if (files_.list(companion_path(path_)).empty()) {
      files_.remove_directory(companion_path(path_));
    }
  } catch (...) {
    return;  // it stays, and does no harm
  }
}

std::string StoreLocks::common() const { return companion_path(path_) + "/lock"; }
std::string StoreLocks::workers() const { return companion_path(path_) + "/workers"; }

// A moment may be long on a machine that is full: pauses grow from a millisecond to 64.
template <class Path>
std::unique_ptr<FileLock> StoreLocks::lock_soon(const Clock& clock, Path&& path) {
  const std::int64_t give_up_ns = clock.monotonic_ns() + kPatience_ns;
  for (std::int64_t pause_ns = kFirstPause_ns;; pause_ns = std::min(2 * pause_ns, kMostPause_ns)) {
    if (auto lock = lock_at(path())) return lock;
    if (clock.monotonic_ns() >= give_up_ns) refuse("another run is");
    (void)clock.wait(pause_ns, {});
  }
}

// A folder that whoever has finished has just tidied away is as good as a lock that is held.
std::unique_ptr<FileLock> StoreLocks::lock_at(const std::string& path) {
  try {
    return files_.lock(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    return nullptr;
  }
}

void StoreLocks::refuse(const std::string& who) const {
  throw Error(ErrorKind::conflict,
              fmt::format("{} writing {}; wait for it, or stop it first", who, path_));
}

}  // namespace gridmill
