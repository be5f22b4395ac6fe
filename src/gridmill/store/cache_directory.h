// cache_directory.h: a folder of this machine that keeps what was costly to come by: chunks as they
// are stored far away, and results of whole runs ("steps").
//
//   DIR/CACHEDIR.TAG           what the folder is: programs that make backups pass over it
//   DIR/chunks/ab/cdef...      an entry (cache_entry.h); its path is the digest of its name
//   DIR/steps/ab/cdef...
//
// Nothing here is ever the only copy of anything, and nothing here may spoil a run:
// - Whatever is read is checked (names, lengths, checksums). A bad entry is removed and counted,
// and
//   counts as absent.
// - A disk that is full, read-only or broken ends the keeping, not the run: notes() say so once.
// Any number of processes and threads may use one folder at once. An entry is written under a name
// that nobody looks at, then renamed; who has an entry open may go on reading it when it is
// removed.
//
// Size: all entries together stay below `most_bytes`. The folder is looked through before the first
// entry is kept, and again after each sixteenth of the cap that this process has added; between, it
// counts what it adds itself, so that several processes may exceed the cap together by a sixteenth
// each. When the cap is exceeded, one of them removes those that were used longest ago, until 90 %
// of it are left; and what is unfinished for more than a day, which doesn't count as an entry. The
// time of use is the file's time of change, which a hit sets: no mount option matters.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/store/cache_entry.h"

namespace gridmill {

enum class CacheKind { chunks, steps };
std::string_view name_of(CacheKind kind);  // "chunks", "steps"

inline constexpr std::int64_t kDefaultCacheBytes = 10'000'000'000;

// An entry's file, as a listing has it.
struct CacheFile {
  CacheKind kind = CacheKind::chunks;
  std::string path;
  std::int64_t size = 0;
  std::int64_t used_ns = 0;    // since 1970
  bool is_unfinished = false;  // what a killed writer has left, or one that is at work
};

// All that lies in a cache directory, those used longest ago first. What vanishes meanwhile is left
// out.
std::vector<CacheFile> cache_files(Files& files, const std::string& directory);

// Where the entry of this digest lies.
std::string entry_path(const std::string& directory, CacheKind kind, const std::string& digest);

// Whether it is one (it has the tag). False for what is no folder.
bool is_cache_directory(Files& files, const std::string& directory);

class CacheDirectory {
 public:
  // Makes nothing before there is something to keep. `files` must outlive it. Throws
  // Error(conflict) for a folder that holds something and is no cache, or for a file.
  CacheDirectory(Files& files, const std::string& path, std::int64_t most_bytes);

  const std::string& path() const noexcept { return path_; }

  // Null: it isn't there, or was bad and is no more.
  std::unique_ptr<CacheEntry> find(CacheKind kind, const CacheName& name);
  // These ranges of what the entry holds (none: all), and notes that it was used. False: it was
  // bad, and is no more. Throws Error(corrupt) for ranges that leave it.
  bool read(CacheKind kind, const CacheEntry& entry, const std::vector<ByteRange>& ranges,
            Buffer& into);
  // The same into `to`, which is not to be committed after false. Throws what `to` throws.
  bool copy(CacheKind kind, const CacheEntry& entry, ValueWriter& to);

  // Replaces what is there of this name. More than a quarter of the cap is not kept. Throws nothing
  // but Error(cancelled) and the like.
  void keep(CacheKind kind, const CacheName& name, const Json& about, ByteView bytes);
  // The same of a file's content.
  void keep_file(CacheKind kind, const CacheName& name, const Json& about, const std::string& file);

  std::int64_t dropped() const noexcept { return dropped_; }  // bad ones
  std::int64_t kept() const noexcept { return kept_; }
  std::int64_t evicted() const noexcept { return evicted_; }
  // What a user should know: what was bad, why nothing more is kept. Few, whatever happens.
  std::vector<std::string> notes() const;

 private:
  template <class Read>
  bool reading(CacheKind kind, const CacheEntry& entry, Read&& read);
  template <class Write>
  void keeping(CacheKind kind, const CacheHead& head, Write&& write);
  // What a failure to read an entry means: a bad one goes, others are passed over.
  void pass_over(CacheKind kind, const CacheName& name, const std::string& path,
                 const Error& error);
  void stop_keeping(const Error& error);
  void make_tag();
  void added(std::int64_t bytes);
  void look_through();
  void remove_abandoned(const std::vector<CacheFile>& files);
  // Returns the bytes that are left of so many.
  std::int64_t evict(const std::vector<CacheFile>& files, std::int64_t bytes);

  Files& files_;
  const std::string path_;
  const std::int64_t most_bytes_;
  const std::unique_ptr<Store> store_;  // entries are written through it
  std::atomic<bool> keeps_ = true;
  std::atomic<std::int64_t> dropped_ = 0, kept_ = 0, evicted_ = 0;
  std::once_flag tag_once_;
  std::atomic<std::int64_t> known_bytes_ = -1;  // when it was looked through; < 0: it wasn't yet
  std::atomic<std::int64_t> added_bytes_ = 0;   // by this process since then
  std::mutex look_mutex_;
  std::atomic<bool> has_passed_over_ = false;
  mutable std::mutex notes_mutex_;
  std::vector<std::string> notes_;
};

}  // namespace gridmill
