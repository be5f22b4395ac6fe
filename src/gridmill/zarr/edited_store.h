// edited_store.h: what those share who rearrange a store that exists: being alone, and the manifest
// that follows.
//
// The manifest is taken away before anything changes and written when all is done, so that a crash
// in between leaves a store about which `verify` can prove less, and nothing wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/store/location.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store.h"
#include "gridmill/store/store_locks.h"

namespace gridmill {

// Nobody else writes meanwhile: Error(conflict) if somebody does. Who only looks needs no lock.
class EditorsLock {
 public:
  EditorsLock(Files& files, const std::string& path, bool is_needed);
  // Waits so long, by `clock`, for others to finish.
  EditorsLock(Files& files, const std::string& path, const Clock& clock, std::int64_t patience_ns);
  ~EditorsLock();
  EditorsLock(const EditorsLock&) = delete;
  EditorsLock& operator=(const EditorsLock&) = delete;

 private:
  StoreLocks locks_;
  const bool is_needed_;
};

// What is a store by its path may be a group of another, whose lock and documents are the ones that
// count: Error(invalid), with the name to write instead.
void refuse_inside_of_store(const Location& location, Files& files);

// Where a key went; "" for nowhere.
using KeysWent = std::function<std::string(const std::string&)>;

// The manifest of a store that is being edited: gone while that lasts. A store without one gets
// none.
class EditedManifest {
 public:
  // Both must outlive it.
  EditedManifest(Store& store, Store& companion);

  // Of a store that is about to be made: it gets one.
  void begin() { before_.emplace(); }
  void take_away();
  // The chunks that it knew, where they are now, those that came, and the metadata documents as
  // they are.
  void save(const KeysWent& went, const std::vector<KeyRecord>& came = {});

 private:
  Store& store_;
  Store& companion_;
  std::optional<Manifest> before_;
};

}  // namespace gridmill
