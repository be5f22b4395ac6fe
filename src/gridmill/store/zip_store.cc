#include "gridmill/store/zip_store.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/ranges.h"

namespace gridmill {
namespace {

constexpr std::uint16_t kEncrypted = 1;
// No byte of a deflated stream stands for more.
constexpr std::int64_t kMostPerByte = 1032;

// One file that is open, with its directory by key.
struct OpenZip {
  std::unique_ptr<ReadableFile> file;
  std::string identity;
  ZipDirectory directory;
  std::map<Key, const ZipEntry*> entries;
};

std::map<Key, const ZipEntry*> by_key(const ZipDirectory& directory) {
  std::map<Key, const ZipEntry*> entries;
  for (const ZipEntry& entry : directory.entries) {
    if (entry.name.ends_with('/')) continue;  // a folder
    try {
      if (entry.name.empty()) throw Error(ErrorKind::invalid, "it is empty");
      entries[Key(entry.name)] = &entry;
    } catch (const Error&) {
      throw Error(ErrorKind::corrupt, fmt::format("zip file: \"{}\" is no name of a value: it "
                                                  "leads outside, or nowhere",
                                                  entry.name));
    }
  }
  return entries;
}

void inflate(const ZipEntry& entry, ByteView stored, MutableByteView out) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decoder(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (decoder == nullptr) throw Error(ErrorKind::out_of_memory, "no memory for a deflate decoder");
  std::size_t used = 0;
  const libdeflate_result result = libdeflate_deflate_decompress_ex(
      decoder.get(), stored.data(), stored.size(), out.data(), out.size(), &used, nullptr);
  if (result != LIBDEFLATE_SUCCESS || used != stored.size()) {
    throw Error(ErrorKind::corrupt, fmt::format("zip file: \"{}\" can't be inflated to {} bytes",
                                                entry.name, out.size()));
  }
}

void check_crc(const ZipEntry& entry, std::uint32_t found) {
  if (found == entry.crc32) return;
  throw Error(ErrorKind::corrupt, fmt::format("zip file: the checksum of \"{}\" is {:08x}, its "
                                              "bytes give {:08x}",
                                              entry.name, entry.crc32, found));
}

void check_readable(const ZipEntry& entry) {
  if ((entry.flags & kEncrypted) != 0) {
    throw Error(ErrorKind::unsupported,
                fmt::format("zip file: \"{}\" is encrypted: unpack it first", entry.name));
  }
  if (entry.method != kZipStored && entry.method != kZipDeflated) {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("zip file: \"{}\" has compression {}, known are stored (0) and deflated "
                    "(8): unpack it first",
                    entry.name, entry.method));
  }
  const bool is_possible = entry.method == kZipStored
                               ? entry.size == entry.stored_size
                               : entry.size / kMostPerByte <= entry.stored_size;
  if (is_possible) return;
  throw Error(ErrorKind::corrupt, fmt::format("zip file: \"{}\" can't have {} bytes in {}",
                                              entry.name, entry.size, entry.stored_size));
}

class ZipStore final : public Store {
 public:
  using Store::get;
  using Store::put;

  ZipStore(Files& files, std::string path) : files_(files), path_(std::move(path)) {}

  std::optional<GetResult> get(const Key& key, const GetRequest& request, Buffer& into) override {
    return in_context([&] { return path_; }, [&] { return get_entry(key, request, into); });
  }

  std::optional<GetResult> stat(const Key& key) override {
    const OpenZip* zip = opened();
    const ZipEntry* entry = find(zip, key);
    if (entry == nullptr) return std::nullopt;
    return result_of(*zip, *entry);
  }

  Version put(const Key&, std::span<const ByteView>) override { refuse(); }
  Version put_if(const Key&, ByteView, const std::optional<Version>&) override { refuse(); }
  std::unique_ptr<ValueWriter> writer(const Key&) override { refuse(); }
  bool remove(const Key&) override { refuse(); }

  void list(const Key& prefix, const std::function<void(const ListEntry&)>& visit) override {
    const OpenZip* zip = opened();
    if (zip == nullptr) return;
    for (auto at = zip->entries.lower_bound(prefix); at != zip->entries.end(); ++at) {
      const auto& [key, entry] = *at;
      if (!key.text().starts_with(prefix.text())) return;
      if (is_at_or_below(key, prefix)) visit({key, entry->size});
    }
  }

  std::vector<std::string> children(const Key& prefix) override {
    std::set<std::string> names;  // key order is not name order: "a", "a-b", "a/b"
    const std::size_t skip = prefix.is_root() ? 0 : prefix.text().size() + 1;
    list(prefix, [&](const ListEntry& entry) {
      if (entry.key.text().size() <= skip) return;
      const std::string name = entry.key.text().substr(skip);
      names.insert(name.substr(0, name.find('/')));
    });
    return {names.begin(), names.end()};
  }

  std::string describe() const override { return path_; }

 private:
  [[noreturn]] void refuse() const {
    throw Error(ErrorKind::unsupported,
                fmt::format("{}: a zip file is written once, as a whole: convert it anew", path_));
  }

  // Null: there is no file.
  const OpenZip* opened() {
    const std::lock_guard lock(mutex_);
    if (zip_ != nullptr) return zip_.get();
    auto file = files_.open(path_);
    if (file == nullptr) return nullptr;
    return in_context([&] { return path_; },
                      [&] {
                        auto zip = std::make_unique<OpenZip>();
                        const FileStatus status = file->status();
                        zip->identity =
                            fmt::format("{}-{}-{}", status.inode, status.modified_ns, status.size);
                        zip->directory = read_zip_directory(*file);
                        zip->entries = by_key(zip->directory);
                        zip->file = std::move(file);
                        zip_ = std::move(zip);
                        return zip_.get();
                      });
  }

  static const ZipEntry* find(const OpenZip* zip, const Key& key) {
    if (zip == nullptr) return nullptr;
    const auto found = zip->entries.find(key);
    return found == zip->entries.end() ? nullptr : found->second;
  }

  static GetResult result_of(const OpenZip& zip, const ZipEntry& entry) {
    return {{fmt::format("{}-{}", zip.identity, entry.header_offset)}, entry.size};
  }

  std::optional<GetResult> get_entry(const Key& key, const GetRequest& request, Buffer& into) {
    const OpenZip* zip = opened();
    const ZipEntry* entry = find(zip, key);
    if (entry == nullptr) return std::nullopt;
    const GetResult result = result_of(*zip, *entry);
    check_version(key, request.if_version, result.version);
    const auto ranges = resolve_ranges(request.ranges, entry->size);
    const std::size_t length = total_length(key, ranges, request.most_bytes);
    check_readable(*entry);
    const std::int64_t data = zip_data_offset(*zip->file, zip->directory, *entry);
    if (entry->method == kZipStored) {
      into.resize(length);
      read_ranges(*zip->file, data, ranges, into);
      follow(*entry, ranges, into);
      return result;
    }
    Buffer whole;
    inflate_whole(*zip->file, data, *entry, request.ranges.empty() ? into : whole);
    if (request.ranges.empty()) return result;
    into.clear();
    for (const ByteRange& range : ranges) {
      into.append(whole.bytes().subspan(static_cast<std::size_t>(range.offset),
                                        static_cast<std::size_t>(range.length)));
    }
    return result;
  }

  static void read_ranges(const ReadableFile& file, std::int64_t data,
                          const std::vector<ByteRange>& ranges, Buffer& into) {
    std::size_t at = 0;
    for (const ByteRange& range : ranges) {
      const auto length = static_cast<std::size_t>(range.length);
      if (file.read_at(data + range.offset, into.bytes().subspan(at, length)) != length) {
        throw Error(ErrorKind::corrupt, "zip file: it is cut short");
      }
      at += length;
    }
  }

  // A value that is read from its beginning to its end, in however many calls, is checked. Who
  // reads it doesn't matter: the bytes are the same.
  void follow(const ZipEntry& entry, const std::vector<ByteRange>& ranges, const Buffer& read) {
    std::size_t at = 0;
    for (const ByteRange& range : ranges) {
      follow(entry, range, read.bytes().subspan(at, static_cast<std::size_t>(range.length)));
      at += static_cast<std::size_t>(range.length);
    }
  }

  void follow(const ZipEntry& entry, const ByteRange& range, ByteView bytes) {
    Followed now;
    if (range.offset > 0) {
      const std::lock_guard lock(mutex_);
      const auto found = followed_.find(&entry);
      if (found == followed_.end() || found->second.end != range.offset) return;
      now = found->second;
    }
    now.crc32 = libdeflate_crc32(now.crc32, bytes.data(), bytes.size());
    now.end = range.offset + range.length;
    const bool is_whole = now.end == entry.size;
    {
      const std::lock_guard lock(mutex_);
      if (is_whole) {
        followed_.erase(&entry);
      } else {
        followed_[&entry] = now;
      }
    }
    if (is_whole) check_crc(entry, now.crc32);
  }

  static void inflate_whole(const ReadableFile& file, std::int64_t data, const ZipEntry& entry,
                            Buffer& into) {
    Buffer stored(static_cast<std::size_t>(entry.stored_size));
    read_ranges(file, data, {{0, entry.stored_size}}, stored);
    into.resize(static_cast<std::size_t>(entry.size));
    inflate(entry, stored, into.bytes());
    check_crc(entry, libdeflate_crc32(0, into.data(), into.size()));
  }

  // How far an entry has been read in order, and the checksum up to there.
  struct Followed {
    std::int64_t end = 0;
    std::uint32_t crc32 = 0;
  };

  Files& files_;
  const std::string path_;
  std::mutex mutex_;
  std::unique_ptr<const OpenZip> zip_;
  std::map<const ZipEntry*, Followed> followed_;
};

// A new zip file that grows entry by entry.
class ZipWriter {
 public:
  ZipWriter(Files& files, const std::string& path, std::int64_t zip64_from)
      : file_(files.create(path)), zip64_from_(zip64_from) {}

  // Twice through a value that is larger than a piece: its checksum stands before it.
  void add(Store& from, const ListEntry& listed) {
    ZipEntry entry;
    entry.name = listed.key.text();
    entry.size = entry.stored_size = listed.size;
    entry.header_offset = at_;
    const bool is_small = listed.size <= kPiece;
    for_each_piece(from, listed, [&](ByteView piece) {
      entry.crc32 = libdeflate_crc32(entry.crc32, piece.data(), piece.size());
    });
    append(as_bytes(zip_local_header(entry, zip64_from_)));
    if (is_small) {
      append(piece_);
    } else {
      for_each_piece(from, listed, [&](ByteView piece) { append(piece); });
    }
    directory_ += zip_central_header(entry, zip64_from_);
    ++count_;
  }

  void finish() {
    const std::int64_t offset = at_;
    append(as_bytes(directory_));
    append(as_bytes(zip_directory_end(count_, at_ - offset, offset, zip64_from_)));
    file_->sync();
    file_->close();
  }

 private:
  static constexpr std::int64_t kPiece = std::int64_t{4} << 20;

  template <class Visit>
  void for_each_piece(Store& from, const ListEntry& listed, Visit&& visit) {
    std::int64_t at = 0;
    do {
      const std::int64_t length = std::min(kPiece, listed.size - at);
      const auto got = from.get(listed.key, {{{at, length}}, {}}, piece_);
      if (!got || got->value_size != listed.size) {
        throw Error(ErrorKind::conflict,
                    fmt::format("{} changed while it was packed", listed.key.text()));
      }
      visit(ByteView(piece_));
      at += length;
    } while (at < listed.size);
  }

  void append(ByteView bytes) {
    file_->append(bytes);
    at_ += static_cast<std::int64_t>(bytes.size());
  }

  std::unique_ptr<WritableFile> file_;
  const std::int64_t zip64_from_;
  std::int64_t at_ = 0;
  std::int64_t count_ = 0;
  std::string directory_;
  Buffer piece_;
};

}  // namespace

std::unique_ptr<Store> zip_store(Files& files, std::string path) {
  return std::make_unique<ZipStore>(files, std::move(path));
}

bool is_zip_name(std::string_view path) noexcept {
  return path.size() > 4 && to_lower(path.substr(path.size() - 4)) == ".zip";
}

void pack_zip(Store& from, Files& files, const std::string& path, const std::vector<Key>& without,
              std::int64_t zip64_from) {
  ZipWriter writer(files, path, zip64_from);
  std::vector<ListEntry> entries;
  from.list(Key(), [&](const ListEntry& entry) {
    if (std::find(without.begin(), without.end(), entry.key) == without.end()) {
      entries.push_back(entry);
    }
  });
  for (const ListEntry& entry : entries) {
    constexpr std::size_t kLongestName = 0xffff;
    if (entry.key.text().size() > kLongestName) {
      throw Error(
          ErrorKind::unsupported,
          fmt::format("a zip file has no room for a name of {} bytes", entry.key.text().size()));
    }
    writer.add(from, entry);
  }
  writer.finish();
}

}  // namespace gridmill
