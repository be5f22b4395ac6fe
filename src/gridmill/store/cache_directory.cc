#include "gridmill/store/cache_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/file_store.h"
#include "gridmill/store/ranges.h"

namespace gridmill {
namespace {

constexpr std::array kKinds{CacheKind::chunks, CacheKind::steps};
constexpr std::string_view kTag = "CACHEDIR.TAG";
// The signature is that of bford.info/cachedir; the rest is for people.
constexpr std::string_view kTagText =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# A cache of gridmill: chunks of sources, and results. Removing it loses no data.\n";
constexpr std::string_view kEvicting = "evicting";
// Shares of the cap: what may be added unseen, what one entry may take, what eviction leaves.
constexpr std::int64_t kUnseenShare = 16;
constexpr std::int64_t kEntryShare = 4;
constexpr double kLeft = 0.9;
// Of what is unfinished: nobody writes an entry for so long.
constexpr std::int64_t kAbandoned_ns = std::int64_t{86'400} * 1'000'000'000;
constexpr std::size_t kPiece = std::size_t{4} << 20;

bool is_tagged(Files& files, const std::string& directory) {
  const auto file = files.open(fmt::format("{}/{}", directory, kTag));
  if (file == nullptr) return false;
  std::string text(kTagText.size(), '\0');
  text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text == kTagText;
}

// Beside what a writer of the tag has left, or is about to rename.
bool holds_anything(Files& files, const std::string& directory) {
  const std::string unfinished_tag = fmt::format(".{}.", kTag);
  const auto entries = files.list(directory);
  return std::any_of(entries.begin(), entries.end(), [&](const DirectoryEntry& entry) {
    return entry.is_directory || !entry.name.starts_with(unfinished_tag);
  });
}

// The tag is looked for again behind the list: another process may just have made it.
bool is_somebody_elses(Files& files, const std::string& directory) {
  return !is_tagged(files, directory) && holds_anything(files, directory) &&
         !is_tagged(files, directory);
}

std::string checked_path(Files& files, const std::string& path) {
  std::string absolute = files.absolute(path);
  const auto status = files.status(absolute);
  if (!status) return absolute;
  if (!status->is_directory) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("--cache {}: this is a file; name a folder, which need not exist", path));
  }
  if (is_somebody_elses(files, absolute)) {
    throw Error(ErrorKind::conflict,
                fmt::format("--cache {}: the folder holds something and is no cache of gridmill's "
                            "(it has no {}); name an empty one, or one that doesn't exist",
                            path, kTag));
  }
  return absolute;
}

void add_folder(Files& files, CacheKind kind, const std::string& folder,
                std::vector<CacheFile>& found) {
  for (const DirectoryEntry& entry : files.list(folder)) {
    if (entry.is_directory) continue;
    const std::string path = folder + "/" + entry.name;
    const auto status = files.status(path);
    if (!status || status->is_directory) continue;
    found.push_back({kind, path, status->size, status->modified_ns, entry.name.starts_with('.')});
  }
}

std::string entry_key(CacheKind kind, const std::string& digest) {
  const std::size_t folder = std::min<std::size_t>(2, digest.size());
  return fmt::format("{}/{}/{}", name_of(kind), digest.substr(0, folder), digest.substr(folder));
}

// One pass over a file; `take` gets every piece.
void for_each_piece(const ReadableFile& file, std::int64_t size,
                    const std::function<void(ByteView)>& take) {
  Buffer piece;
  for (std::int64_t at = 0; at < size; at += static_cast<std::int64_t>(piece.size())) {
    piece.resize(std::min(kPiece, static_cast<std::size_t>(size - at)));
    if (file.read_at(at, piece.bytes()) != piece.size()) {
      throw Error(ErrorKind::conflict, "the file became shorter while it was read");
    }
    take(piece);
  }
}

// What says something about the run and not about the folder.
bool is_of_the_run(const Error& error) {
  return error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::timeout ||
         error.kind() == ErrorKind::out_of_memory || error.kind() == ErrorKind::internal;
}

}  // namespace

std::string_view name_of(CacheKind kind) { return kind == CacheKind::chunks ? "chunks" : "steps"; }

std::vector<CacheFile> cache_files(Files& files, const std::string& directory) {
  std::vector<CacheFile> found;
  for (const CacheKind kind : kKinds) {
    const std::string root = fmt::format("{}/{}", directory, name_of(kind));
    for (const DirectoryEntry& folder : files.list(root)) {
      if (folder.is_directory) add_folder(files, kind, root + "/" + folder.name, found);
    }
  }
  std::sort(found.begin(), found.end(), [](const CacheFile& a, const CacheFile& b) {
    return std::tie(a.used_ns, a.path) < std::tie(b.used_ns, b.path);
  });
  return found;
}

std::string entry_path(const std::string& directory, CacheKind kind, const std::string& digest) {
  return directory + "/" + entry_key(kind, digest);
}

bool is_cache_directory(Files& files, const std::string& directory) {
  const auto status = files.status(directory);
  return status && status->is_directory && is_tagged(files, directory);
}

CacheDirectory::CacheDirectory(Files& files, const std::string& path, std::int64_t most_bytes)
    : files_(files),
      path_(checked_path(files, path)),
      most_bytes_(most_bytes),
      store_(file_store(files, path_)) {}

std::unique_ptr<CacheEntry> CacheDirectory::find(CacheKind kind, const CacheName& name) {
  const std::string digest = name.digest(), path = entry_path(path_, kind, digest);
  try {
    auto entry = CacheEntry::open(files_, path);
    if (entry != nullptr && entry->head().digest != digest) {
      throw Error(ErrorKind::corrupt, "it is the entry of something else");
    }
    return entry;
  } catch (const Error& error) {
    pass_over(kind, name, path, error);
    return nullptr;
  }
}

template <class Read>
bool CacheDirectory::reading(CacheKind kind, const CacheEntry& entry, Read&& read) {
  const std::string path = entry_path(path_, kind, entry.head().digest);
  try {
    read();
  } catch (const Error& error) {
    pass_over(kind, entry.head().name, path, error);
    return false;
  }
  if (!entry.is_first_use()) return true;
  try {
    files_.touch(path);
  } catch (const Error& error) {
    if (is_of_the_run(error)) throw;
    return true;  // it was read all the same; of a read-only cache nothing is ever evicted
  }
  return true;
}

bool CacheDirectory::read(CacheKind kind, const CacheEntry& entry,
                          const std::vector<ByteRange>& ranges, Buffer& into) {
  if (!ranges.empty()) (void)resolve_ranges(ranges, entry.head().bytes);  // the asker's fault
  return reading(kind, entry, [&] { entry.read(ranges, into); });
}

// It is proved first, so that what fails afterwards is `to`.
bool CacheDirectory::copy(CacheKind kind, const CacheEntry& entry, ValueWriter& to) {
  if (!reading(kind, entry, [&] { entry.check(); })) return false;
  entry.copy(to);
  return true;
}

void CacheDirectory::pass_over(CacheKind kind, const CacheName& name, const std::string& path,
                               const Error& error) {
  if (is_of_the_run(error)) throw error;
  if (error.kind() != ErrorKind::corrupt) {
    if (has_passed_over_.exchange(true)) return;
    const std::lock_guard lock(notes_mutex_);
    notes_.push_back(
        fmt::format("of the cache {} not everything can be read: {}; what can't is "
                    "fetched",
                    path_, error.what()));
    return;
  }
  try {
    files_.remove_file(path);
  } catch (const Error& failed) {
    if (is_of_the_run(failed)) throw;
  }
  if (++dropped_ > 1) return;
  const std::lock_guard lock(notes_mutex_);
  notes_.push_back(fmt::format(
      "the cache {} held a bad entry of {} ({}{}{}): {}; it was removed, and is fetched again",
      path_, name_of(kind), name.source, name.key.empty() ? "" : "#/", name.key, error.message()));
}

void CacheDirectory::keep(CacheKind kind, const CacheName& name, const Json& about,
                          ByteView bytes) {
  CacheHead head{name, {}, about, static_cast<std::int64_t>(bytes.size()), {}};
  if (!keeps_ || head.bytes > most_bytes_ / kEntryShare) return;
  PieceHashes hashes(head.bytes);
  hashes.add(bytes);
  head.hashes = hashes.result();
  keeping(kind, head, [&](ValueWriter& writer) { writer.append(bytes); });
}

void CacheDirectory::keep_file(CacheKind kind, const CacheName& name, const Json& about,
                               const std::string& file) {
  const auto source = files_.open(file);
  if (source == nullptr || !keeps_) return;
  CacheHead head{name, {}, about, source->status().size, {}};
  if (head.bytes > most_bytes_ / kEntryShare) return;
  PieceHashes hashes(head.bytes);
  for_each_piece(*source, head.bytes, [&](ByteView piece) { hashes.add(piece); });
  head.hashes = hashes.result();
  keeping(kind, head, [&](ValueWriter& writer) {
    for_each_piece(*source, head.bytes, [&](ByteView piece) { writer.append(piece); });
  });
}

template <class Write>
void CacheDirectory::keeping(CacheKind kind, const CacheHead& head, Write&& write) {
  try {
    std::call_once(tag_once_, [&] { make_tag(); });
    const std::string text = head_text(head);
    const auto writer = store_->writer(Key(entry_key(kind, head.name.digest())));
    writer->append(as_bytes(text));
    write(*writer);
    (void)writer->commit();
    ++kept_;
    added(static_cast<std::int64_t>(text.size()) + head.bytes);
  } catch (const Error& error) {
    if (is_of_the_run(error)) throw;
    stop_keeping(error);
  }
}

void CacheDirectory::make_tag() {
  if (!is_tagged(files_, path_)) store_->put(Key(kTag), as_bytes(kTagText));
}

void CacheDirectory::stop_keeping(const Error& error) {
  if (!keeps_.exchange(false)) return;
  std::string room;
  if (error.kind() == ErrorKind::out_of_space) {
    const auto free = files_.free_bytes(path_);
    if (free) room = fmt::format(" ({} are free)", format_bytes(static_cast<double>(*free)));
  }
  const std::lock_guard lock(notes_mutex_);
  notes_.push_back(fmt::format(
      "nothing more is kept in the cache {}{}: {}; the run goes on without. Make room, give it "
      "less "
      "(--cache-size, now {}; gridmill cache gc {} --to-size), or name another folder with --cache",
      path_, room, error.what(), format_bytes(static_cast<double>(most_bytes_)), path_));
}

void CacheDirectory::added(std::int64_t bytes) {
  added_bytes_ += bytes;
  const std::int64_t added = added_bytes_, known = known_bytes_;
  if (known >= 0 && added <= most_bytes_ / kUnseenShare && known + added <= most_bytes_) return;
  const std::unique_lock lock(look_mutex_, std::try_to_lock);
  if (lock) look_through();
}

// What is added meanwhile may be counted twice, and is never forgotten.
void CacheDirectory::look_through() {
  added_bytes_ = 0;
  const std::vector<CacheFile> files = cache_files(files_, path_);
  std::int64_t bytes = 0;
  for (const CacheFile& file : files) bytes += file.is_unfinished ? 0 : file.size;
  if (bytes > most_bytes_) bytes = evict(files, bytes);
  known_bytes_ = bytes;
}

std::int64_t CacheDirectory::evict(const std::vector<CacheFile>& files, std::int64_t bytes) {
  const auto lock = files_.lock(fmt::format("{}/{}", path_, kEvicting));
  if (lock == nullptr) return bytes;  // another process is at it
  remove_abandoned(files);
  const auto most = static_cast<std::int64_t>(static_cast<double>(most_bytes_) * kLeft);
  for (const CacheFile& file : files) {
    if (bytes <= most) break;
    if (file.is_unfinished) continue;
    if (files_.remove_file(file.path)) ++evicted_;
    bytes -= file.size;
  }
  return bytes;
}

// The newest file is as old as the clock of the folder's disk says: an entry was just written.
void CacheDirectory::remove_abandoned(const std::vector<CacheFile>& files) {
  std::int64_t newest_ns = 0;
  for (const CacheFile& file : files) {
    if (!file.is_unfinished) newest_ns = std::max(newest_ns, file.used_ns);
  }
  for (const CacheFile& file : files) {
    if (file.is_unfinished && newest_ns - file.used_ns > kAbandoned_ns) {
      files_.remove_file(file.path);
    }
  }
}

std::vector<std::string> CacheDirectory::notes() const {
  const std::lock_guard lock(notes_mutex_);
  std::vector<std::string> notes = notes_;
  if (dropped_ > 1) {
    notes.push_back(
        fmt::format("the cache {} held {} bad entries in all; `gridmill cache verify {}` looks "
                    "at every one",
                    path_, dropped_.load(), path_));
  }
  return notes;
}

}  // namespace gridmill
