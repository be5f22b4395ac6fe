// shared_store.h: a store that is there already, and that several processes write into at once, or
// one alone.
//
// Every key is put under its lock; one that several write parts of is read, changed and put back
// under it. Nobody who replaces or rearranges the store is let in meanwhile. Readers
// see each key's old or new value; which keys are new already is the writers' affair.
//
// Where the store has a manifest, each writer brings it up to date when it is done. A writer that
// dies leaves whole values and an old manifest: the same work done again mends both.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "gridmill/store/location.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store.h"
#include "gridmill/store/store_locks.h"
#include "gridmill/system/clock.h"

namespace gridmill {

// Whether others may write into the store meanwhile.
enum class Writers { together, alone };

class SharedStore {
 public:
  // Joins the writers. Error(not_found) if nothing is at `location`, Error(unsupported) for a zip
  // file, Error(conflict) if the store is being replaced or rearranged, or, alone, if anybody else
  // writes. `files` and `clock` must outlive it. Whoever waits for a lock when `stop` is requested
  // gets Error(cancelled).
  SharedStore(Files& files, const Clock& clock, const Location& location,
              Writers writers = Writers::together, std::stop_token stop = {});

  ~SharedStore();
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;

  Store& store() noexcept { return *store_; }
  // The same; what is put through it is on the disk when put() returns.
  Store& synced_store() noexcept { return *synced_; }
  std::string place() const { return path_; }

  // Held until it is destroyed; whoever holds it now is waited for, five minutes at most, then
  // Error(timeout). One at a time for each thread, or two could wait for each other. A file system
  // without locks is Error(unsupported) if `must_exclude`.
  std::unique_ptr<FileLock> lock(const Key& key, bool must_exclude) const;

  // Stores a value, or removes what is there if `value` is empty, and notes it for the manifest.
  // The caller holds the key's lock, or is alone. What holds others' work as well is `synced`: on
  // the disk before it replaces the old value, which otherwise a loss of power could take with it.
  KeyRecord put(const Key& key, ByteView value, Durability durability = Durability::ordered);
  // A key that a writer who died may have put or not: the manifest will have it as it is.
  void note(const Key& key);

  // Removes what writers who died have left half written. Only alone: it may be somebody's work.
  void clear_debris();

  // What was put so far reaches the disk.
  void sync() { disk_->sync(); }

  // All was stored: brings it to the disk, then the manifest up to date. False: the store has none.
  bool finish();

 private:
  std::unique_ptr<FileLock> wait_for(const std::string& path, const std::string& what) const;
  KeyRecord as_it_is(const Key& key) const;
  bool is_ours_still(const Key& key, const std::optional<Version>& version) const;

  Files& files_;
  const Clock& clock_;
  const std::string path_;
  const std::stop_token stop_;
  StoreLocks locks_;
  const std::unique_ptr<Disk> disk_;
  const std::unique_ptr<Store> store_;
  const std::unique_ptr<Store> synced_;  // the same
  const std::unique_ptr<Store> companion_;
  std::mutex mutex_;
  struct Written {
    KeyRecord record;
    std::optional<Version> version;  // nullopt: removed
  };
  std::map<std::string, Written> written_;  // by key
};

}  // namespace gridmill
