// manifest.h: what a store that Gridmill wrote must hold: every key with its size and content hash,
// and the keys that are absent on purpose.
//
// It lies beside the store (companion key "manifest"); other readers never see it. It is written
// into the store and moved out when that is published, so that no crash leaves a store beside
// another one's manifest. Lines of text,
// so that a million entries stream and a person can grep; sorted by key, so that the same store has
// the same manifest:
//   {"gridmill_manifest": 1, "hash": "xxh3-128", "present": 2, "absent": 1}
//   4096 0123456789abcdef0123456789abcdef t2m/c/0/0/0
//   - - t2m/c/1/0/0
// A newline in a key is written \n, a backslash \\.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "gridmill/base/hashing.h"
#include "gridmill/store/store.h"

namespace gridmill {

inline constexpr std::string_view kManifestKey = "manifest";                 // in the companion
inline constexpr std::string_view kFreshManifestKey = ".gridmill-manifest";  // in the store

struct ManifestEntry {
  std::int64_t size = 0;
  Hash128 hash;
  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

// What became of one key: its content, or (nullopt) left out on purpose.
struct KeyRecord {
  std::string key;
  std::optional<ManifestEntry> entry;
};
KeyRecord record_of(const Key& key, ByteView content);

// Thread-safe while it is being filled; a key is added once (Error(internal) otherwise: two tasks
// own the same chunk).
class Manifest {
 public:
  void add(KeyRecord record);
  // Metadata files are written last and may be written again.
  void replace(KeyRecord record);

  bool contains(const std::string& key) const;
  std::int64_t size() const;

  // nullopt inside: absent on purpose. Only when nothing is being added.
  const std::map<std::string, std::optional<ManifestEntry>>& entries() const noexcept {
    return entries_;
  }

  // Into a store that is being built, or, with kManifestKey, into a companion.
  void save(Store& store, std::string_view key = kFreshManifestKey) const;
  // The store's own if it has one, else its companion's. nullopt if there is none; Error(corrupt)
  // if it can't be read.
  static std::optional<Manifest> load(Store& store, Store& companion);

  Manifest() = default;
  Manifest(Manifest&& other) noexcept : entries_(std::move(other.entries_)) {}
  Manifest& operator=(Manifest&& other) noexcept {
    entries_ = std::move(other.entries_);
    return *this;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::optional<ManifestEntry>> entries_;
};

}  // namespace gridmill
