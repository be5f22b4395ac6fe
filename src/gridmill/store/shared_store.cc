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
  if (!location.node.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("{}: a whole store is written into; leave out #/{}",
                                                location.path, location.node));
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

SharedStore::SharedStore(Files& files, const Clock& clock, const Location& location,
                         Writers writers, std::stop_token stop)
    : files_(files),
      clock_(clock),
      path_(checked_path(files, location)),
      stop_(std::move(stop)),
      locks_(files, path_),
      disk_(files.disk(path_)),
      store_(file_store(files, path_)),
      synced_(file_store(files, path_, Durability::synced)),
      companion_(open_companion(files, location)) {
  if (writers == Writers::alone) {
    locks_.take_alone();
  } else {
    locks_.join(clock);
  }
}

// A store that had no folder beside it has none afterwards, unless something was put there.
SharedStore::~SharedStore() { locks_.leave(); }

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
    if (!clock_.wait(wait_ns, stop_)) {
      throw Error(
          ErrorKind::cancelled,
          fmt::format("interrupted while {} of {} was locked by another process", what, path_));
    }
  }
}

// In a name of its own length, which no key can leave the folder with.
std::unique_ptr<FileLock> SharedStore::lock(const Key& key, bool must_exclude) const {
  const std::string name = to_hex(hash_bytes(as_bytes(key.text())));
  auto held = wait_for(fmt::format("{}/key-{}", companion_path(path_), name), key.text());
  if (held->excludes_others() || !must_exclude) return held;
  throw Error(ErrorKind::unsupported,
              fmt::format("the file system of {} has no locks, and {} is shared with what lies "
                          "beside it: write whole chunks from each process (--no-lock), or all "
                          "files in one call",
                          path_, key.text()));
}

KeyRecord SharedStore::put(const Key& key, ByteView value, Durability durability) {
  std::optional<Version> version;
  if (value.empty()) {
    store_->remove(key);
  } else {
    version = (durability == Durability::synced ? synced_ : store_)->put(key, value);
  }
  KeyRecord record = value.empty() ? KeyRecord{key.text(), std::nullopt} : record_of(key, value);
  const std::lock_guard guard(mutex_);
  written_[key.text()] = {record, std::move(version)};
  return record;
}

// As if it had been removed: if it is there, that was somebody else.
void SharedStore::note(const Key& key) {
  const std::lock_guard guard(mutex_);
  written_[key.text()] = {{key.text(), std::nullopt}, std::nullopt};
}

void SharedStore::clear_debris() {
  for (const std::string& half : debris(files_, path_)) files_.remove_file(half);
}

bool SharedStore::is_ours_still(const Key& key, const std::optional<Version>& version) const {
  const auto there = store_->stat(key);
  return there.has_value() == version.has_value() && (!there || there->version == *version);
}

KeyRecord SharedStore::as_it_is(const Key& key) const {
  const auto held = lock(key, false);
  Buffer value;
  if (!store_->get(key, value)) return {key.text(), std::nullopt};
  return record_of(key, value);
}

// What others have put since is noted as it is; who puts something later notes it later, too.
bool SharedStore::finish() {
  disk_->sync();
  const auto held = wait_for(companion_path(path_) + "/manifest-lock", "the manifest");
  std::optional<Manifest> manifest = Manifest::load(*store_, *companion_);
  if (!manifest) return false;
  for (const auto& [key, written] : written_) {
    const bool is_ours = is_ours_still(Key(key), written.version);
    manifest->replace(is_ours ? written.record : as_it_is(Key(key)));
  }
  manifest->save(*companion_, kManifestKey);
  store_->remove(Key(kFreshManifestKey));  // where an earlier run could not move it out
  return true;
}

}  // namespace gridmill
