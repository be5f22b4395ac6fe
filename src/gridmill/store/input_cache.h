// input_cache.h: what one run's inputs share: the cache directory, how far it is trusted, what came
// from where, and what the run's result rests upon.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "gridmill/store/cache_directory.h"
#include "gridmill/store/location.h"
#include "gridmill/store/store.h"

namespace gridmill {

// What must be asked of a store before a value of it is taken from the cache; a request each.
// - every_value: the value's version, each time. Sees whatever the store sees.
// - once_per_store: the versions of its metadata documents (each, when it is read) and of
//   Gridmill's manifest beside it. Chunks are taken without a question as long as the documents at
//   and above them are what they were when the chunk was kept; if they are not, the chunk's own
//   version is asked for. For archives whose chunks are never changed in place by others: of
//   software that writes into a chunk and leaves every document (xarray with region=, say) this
//   notices nothing. Whatever Gridmill writes changes the manifest. Without a manifest chunks that
//   are absent are asked for each time: they may be about to be written.
enum class CacheTrust { every_value, once_per_store };

// What a result rests upon, with what it was then.
struct RestsOn {
  enum class What {
    document,  // metadata, a whole file, a doubtful absence: asked for whatever the trust is
    names,     // what lies below a key: likewise
    value,
  };
  std::string source;   // a path, as file_store() takes it
  std::string key;      // "" if the path is a file
  std::string version;  // "": absent
  What what = What::document;
};

// Thread-safe.
class InputCache {
 public:
  InputCache(std::shared_ptr<CacheDirectory> directory, CacheTrust trust)
      : directory_(std::move(directory)), trust_(trust) {}

  CacheDirectory& directory() noexcept { return *directory_; }
  CacheTrust trust() const noexcept { return trust_; }

  struct Counts {
    std::atomic<std::int64_t> hits = 0, hit_bytes = 0;
    std::atomic<std::int64_t> misses = 0, fetched_bytes = 0;
    std::atomic<std::int64_t> absent = 0;  // keys that were asked for and are not there
    std::atomic<std::int64_t> stale = 0;   // misses whose entry was of another version
    std::atomic<std::int64_t> asked = 0;   // versions that a store was asked for
  };
  Counts counts;

  // What stores of this run read through, which lives as long as any of them. `recalls`: versions
  // that it tells may be outdated (recalled_files.h), so that nothing is kept because of one.
  // Before the first store is opened.
  void read_through(std::shared_ptr<Files> files, bool recalls) {
    files_ = std::move(files);
    recalls_ = recalls;
  }
  bool recalls() const noexcept { return recalls_; }

  void note(RestsOn value);
  // In the order of their names. nullopt: they are too many to be asked for again, or one of them
  // changed while the run went on.
  std::optional<std::vector<RestsOn>> rests_on() const;

 private:
  const std::shared_ptr<CacheDirectory> directory_;
  const CacheTrust trust_;
  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, RestsOn::What>, RestsOn> values_;
  bool is_whole_ = true;
  std::shared_ptr<Files> files_;
  bool recalls_ = false;
};

// Whether all are what they were, but for those of What::value where `without_values`. All are
// asked for at once.
bool are_unchanged(Files& files, const std::vector<RestsOn>& all, bool without_values);

// The version of What::names.
std::string version_of_names(const std::vector<std::string>& names);

// The version of the file at `path`, an absolute one, or at a location now.
RestsOn look_at_file(Files& files, const std::string& path);
RestsOn look_at_file(Files& files, const Location& location);

}  // namespace gridmill
