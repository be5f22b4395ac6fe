// cache_entry.h: one file of a cache directory: what it is of, and bytes that can be proved.
//
//   gridmill cache entry 2 000001a4 0123456789abcdef0123456789abcdef
//   {"name": "...", "source": ..., "key": ..., "part": ..., "bytes": 4096, "hashes": "...",
//   "about": ...} the bytes
//
// The first line has a fixed length: it says how long the second one is, and its hash (XXH3-128).
// The file ends with the bytes, of which each piece (piece_bytes_of() long, the last one shorter)
// has a hash of its own: who wants a part reads and proves the pieces that hold it. So a flipped
// bit anywhere, a missing or a longer end and a file that lies in another's place are all found.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/hashing.h"
#include "gridmill/base/json.h"
#include "gridmill/store/store.h"
#include "gridmill/system/files.h"

namespace gridmill {

// What an entry is of. `part`: of a key, "" for all of it.
struct CacheName {
  std::string source;
  std::string key;
  std::string part;
  // Of its file, 32 hexadecimal digits.
  std::string digest() const;
  friend bool operator==(const CacheName&, const CacheName&) = default;
};

struct CacheHead {
  CacheName name;               // for people: what is no UTF-8 is not told apart
  std::string digest;           // of the name; this decides. head_text() takes that of `name`
  Json about = Json::object();  // what its maker noted; no part of the name
  std::int64_t bytes = 0;
  std::vector<Hash128> hashes;  // of the pieces
};

// Of an entry of so many bytes: 64 KiB of what chunks mostly are.
std::int64_t piece_bytes_of(std::int64_t bytes);

// The hashes of the pieces of bytes that come in any portions.
class PieceHashes {
 public:
  explicit PieceHashes(std::int64_t bytes) : left_(piece_bytes_of(bytes)), piece_(left_) {}
  void add(ByteView bytes);
  std::vector<Hash128> result();

 private:
  void end_piece();

  std::int64_t left_;  // of the piece that is being filled
  const std::int64_t piece_;
  std::unique_ptr<Hasher> hasher_;  // of that piece; null: it is empty
  std::vector<Hash128> hashes_;
};

// What comes before the bytes in the file.
std::string head_text(const CacheHead& head);

// An open entry whose head has been read and agrees with itself and with the file's size. Any
// thread.
class CacheEntry {
 public:
  // Null: there is no such file. Throws Error(corrupt) for a bad one, and what `files` throws.
  static std::unique_ptr<CacheEntry> open(Files& files, const std::string& path);

  const CacheHead& head() const noexcept { return head_; }
  std::int64_t file_size() const noexcept { return begin_ + head_.bytes; }
  // These ranges of the bytes one after the other (none: all), or all piece by piece into `to`
  // (which is not committed). Throws Error(corrupt) if they are not what the head says. Ranges lie
  // inside.
  void read(const std::vector<ByteRange>& ranges, Buffer& into) const;
  void copy(ValueWriter& to) const;
  // The same, of bytes that nobody wants.
  void check() const;

  // True for the first who asks: the entry's time of use is set once.
  bool is_first_use() const noexcept { return !is_used_.exchange(true); }

 private:
  CacheEntry(std::unique_ptr<ReadableFile> file, CacheHead head, std::int64_t begin)
      : file_(std::move(file)), head_(std::move(head)), begin_(begin) {}
  void in_pieces(const std::function<void(ByteView)>& take) const;
  ByteRange pieces_of(const ByteRange& range) const;
  void read_proved(ByteRange pieces, MutableByteView into) const;

  const std::unique_ptr<ReadableFile> file_;
  const CacheHead head_;
  const std::int64_t begin_;  // of the bytes
  const std::int64_t piece_ = piece_bytes_of(head_.bytes);
  mutable std::atomic<bool> is_used_ = false;
};

}  // namespace gridmill
