#include "gridmill/store/shared_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/stage.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kFirstWait_ns = 1'000'000;
constexpr std::int64_t kMostWait_ns = 32 * kFirstWait_ns;
constexpr std::int64_t kMostWaiting_ns = 300'000'000'000;

std::string checked_path(Files& files, const Location& location) {
  if (!files.status(location.path)) {
    throw Error(ErrorKind::not_found, fmt::format("there is no store at {}", location.path));
  }
  if (is_zip_name(location.path)) {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} is a zip file, which is written once: unpack it, write into the "
                            "folder, and pack it again (gridmill convert)",
                            location.path));
  }
  const std::string path = files.absolute(location.path);
  files.make_directories(companion_path(path));
  return path;
}

}  // namespace

SharedStore::SharedStore(Files& files, const Clock& clock, const Location& location)
    : files_(files),
      clock_(clock),
      path_(checked_path(files, location)),
      locks_(files, path_),
      disk_(files.disk(path_)),
      store_(file_store(files, path_)),
      companion_(open_companion(files, location)) {
  locks_.join(clock);
}

std::unique_ptr<FileLock> SharedStore::wait_for(const std::string& path,
                                                const std::string& what) const {
  const std::int64_t give_up_ns = clock_.monotonic_ns() + kMostWaiting_ns;
  for (std::int64_t wait_ns = kFirstWait_ns;; wait_ns = std::min(2 * wait_ns, kMostWait_ns)) {
    if (auto lock = files_.lock(path)) return lock;
    if (clock_.monotonic_ns() >= give_up_ns) {
      throw Error(ErrorKind::timeout,
                  fmt::format("{} of {} has been locked by another process for five minutes: see "
                              "what it waits for, or stop it",
                              what, path_));
    }
    (void)clock_.wait(wait_ns, {});
  }
}

// In a name of its own length, which no key can leave the folder with.
std::unique_ptr<FileLock> SharedStore::lock(const Key& key) const {
  const std::string name = to_hex(hash_bytes(as_bytes(key.text())));
  return wait_for(fmt::format("{}/key-{}", companion_path(path_), name), key.text());
}

KeyRecord SharedStore::put(const Key& key, ByteView value, KeyOwner owner) {
  if (value.empty()) {
    store_->remove(key);
  } else {
    (void)store_->put(key, value);
  }
  KeyRecord record = value.empty() ? KeyRecord{key.text(), std::nullopt} : record_of(key, value);
  const std::lock_guard guard(mutex_);
  written_[key.text()] = record;
  owners_[key.text()] = owner;
  return record;
}

KeyRecord SharedStore::as_it_is(const Key& key) const {
  const auto held = lock(key);
  Buffer value;
  if (!store_->get(key, value)) return {key.text(), std::nullopt};
  return record_of(key, value);
}

// Whoever changes a shared key later brings the manifest up to date later, too.
bool SharedStore::finish() {
  disk_->sync();
  const auto held = wait_for(companion_path(path_) + "/manifest-lock", "the manifest");
  std::optional<Manifest> manifest = Manifest::load(*store_, *companion_);
  if (!manifest) return false;
  for (const auto& [key, record] : written_) {
    manifest->replace(owners_.at(key) == KeyOwner::us ? record : as_it_is(Key(key)));
  }
  manifest->save(*companion_, kManifestKey);
  store_->remove(Key(kFreshManifestKey));  // where an earlier run could not move it out
  return true;
}

}  // namespace gridmill
