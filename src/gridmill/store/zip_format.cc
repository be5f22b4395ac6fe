#include "gridmill/store/zip_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50,
                        kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::int64_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56,
                       kLocatorSize = 20;
constexpr std::int64_t kMaxComment = 0xffff;
constexpr std::uint16_t kExtra64 = 0x0001;
constexpr std::uint32_t kSee64 = 0xffffffff;
constexpr std::uint16_t kUtf8 = 1U << 11;
constexpr std::uint16_t kVersion = 20, kVersion64 = 45;
constexpr std::uint16_t kFirstOfJanuary1980 = 0x0021;  // no clock reaches a file

[[noreturn]] void throw_bad_zip(std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("zip file: {}", why));
}

std::vector<std::byte> read_exactly(const ReadableFile& file, std::int64_t offset,
                                    std::int64_t length) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(length));
  if (file.read_at(offset, bytes) != bytes.size()) throw_bad_zip("it is cut short");
  return bytes;
}

// Takes fields from the front of some bytes.
class Fields {
 public:
  explicit Fields(ByteView bytes) : left_(bytes) {}

  template <class T>
  T take() {
    const ByteView taken = take_bytes(sizeof(T));
    return load_le<T>(taken.data());
  }
  std::int64_t take_size() {  // 64 bits, of which a size has 63
    const auto value = take<std::uint64_t>();
    if (value >> 63 != 0) throw_bad_zip(fmt::format("a size of {} bytes", value));
    return static_cast<std::int64_t>(value);
  }
  ByteView take_bytes(std::size_t count) {
    if (count > left_.size()) throw_bad_zip("its directory is cut short");
    const ByteView taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }
  void skip(std::size_t count) { (void)take_bytes(count); }
  bool empty() const noexcept { return left_.empty(); }

 private:
  ByteView left_;
};

struct End {
  std::uint64_t count = 0;
  std::int64_t size = 0, offset = 0;
  std::int64_t at = 0;  // where the end itself stands
};

// The last end record whose comment reaches the end of the file.
std::int64_t find_end(ByteView tail, std::int64_t tail_offset) {
  for (auto at = static_cast<std::int64_t>(tail.size()) - kEndSize; at >= 0; --at) {
    if (load_le<std::uint32_t>(tail.data() + at) != kEnd) continue;
    const auto comment = load_le<std::uint16_t>(tail.data() + at + 20);
    if (at + kEndSize + comment == static_cast<std::int64_t>(tail.size())) return tail_offset + at;
  }
  throw_bad_zip("there is no directory at its end: it is no zip file, or cut short");
}

std::optional<End> read_end64(const ReadableFile& file, std::int64_t end_at) {
  if (end_at < kLocatorSize) return std::nullopt;
  const auto locator = read_exactly(file, end_at - kLocatorSize, kLocatorSize);
  Fields found(locator);
  if (found.take<std::uint32_t>() != kLocator64) return std::nullopt;
  found.skip(4);
  const std::int64_t at = found.take_size();
  if (at > end_at - kLocatorSize - kEnd64Size) throw_bad_zip("its 64-bit end lies outside");
  const auto bytes = read_exactly(file, at, kEnd64Size);
  Fields fields(bytes);
  if (fields.take<std::uint32_t>() != kEnd64) throw_bad_zip("its 64-bit end is missing");
  fields.skip(8 + 2 + 2);
  if (fields.take<std::uint32_t>() != 0 || fields.take<std::uint32_t>() != 0) {
    throw_bad_zip("it spans several files");
  }
  const std::uint64_t here = fields.take<std::uint64_t>();
  End end;
  end.count = fields.take<std::uint64_t>();
  if (here != end.count) throw_bad_zip("it spans several files");
  end.size = fields.take_size();
  end.offset = fields.take_size();
  end.at = at;
  return end;
}

End read_end(const ReadableFile& file, std::int64_t file_size) {
  const std::int64_t length = std::min(file_size, kEndSize + kMaxComment);
  const auto tail = read_exactly(file, file_size - length, length);
  const std::int64_t at = find_end(tail, file_size - length);
  if (const auto end64 = read_end64(file, at)) return *end64;
  Fields fields(ByteView(tail).subspan(static_cast<std::size_t>(at - (file_size - length))));
  fields.skip(4);
  if (fields.take<std::uint16_t>() != 0 || fields.take<std::uint16_t>() != 0) {
    throw_bad_zip("it spans several files");
  }
  fields.skip(2);
  End end;
  end.count = fields.take<std::uint16_t>();
  end.size = fields.take<std::uint32_t>();
  end.offset = fields.take<std::uint32_t>();
  end.at = at;
  return end;
}

// The fields that have no room in 32 bits stand in an extra field, in this order.
void read_extra64(ByteView extra, ZipEntry& entry) {
  std::vector<std::int64_t*> wanted;
  for (std::int64_t* field : {&entry.size, &entry.stored_size, &entry.header_offset}) {
    if (*field == kSee64) wanted.push_back(field);
  }
  for (Fields fields(extra); !wanted.empty() && !fields.empty();) {
    const auto id = fields.take<std::uint16_t>();
    Fields inside(fields.take_bytes(fields.take<std::uint16_t>()));
    if (id != kExtra64) continue;
    for (std::int64_t* field : wanted) *field = inside.take_size();
    return;
  }
  // Without it they are what they are: just that large.
}

ZipEntry read_entry(Fields& fields, const End& end) {
  if (fields.take<std::uint32_t>() != kCentral) throw_bad_zip("an entry of its directory is none");
  fields.skip(2 + 2);
  ZipEntry entry;
  entry.flags = fields.take<std::uint16_t>();
  entry.method = fields.take<std::uint16_t>();
  fields.skip(4);
  entry.crc32 = fields.take<std::uint32_t>();
  entry.stored_size = fields.take<std::uint32_t>();
  entry.size = fields.take<std::uint32_t>();
  const auto name = fields.take<std::uint16_t>(), extra = fields.take<std::uint16_t>(),
             comment = fields.take<std::uint16_t>();
  fields.skip(2 + 2 + 4);
  entry.header_offset = fields.take<std::uint32_t>();
  entry.name = as_text(fields.take_bytes(name));
  read_extra64(fields.take_bytes(extra), entry);
  fields.skip(comment);
  if (entry.header_offset > end.offset - kLocalSize ||
      entry.stored_size > end.offset - kLocalSize - entry.header_offset) {
    throw_bad_zip(fmt::format("\"{}\" reaches beyond the entries", entry.name));
  }
  return entry;
}

template <class T>
void add(std::string& to, T value) {
  std::byte bytes[sizeof(T)];
  store_le(bytes, value);
  to += as_text(bytes);
}

std::uint32_t low(std::int64_t value, std::int64_t zip64_from) {
  return value >= zip64_from ? kSee64 : static_cast<std::uint32_t>(value);
}

// Version, flags, method, date, checksum: the same in both headers.
void add_common(std::string& to, const ZipEntry& entry, bool is_64) {
  add<std::uint16_t>(to, is_64 ? kVersion64 : kVersion);
  add<std::uint16_t>(to, kUtf8);
  add<std::uint16_t>(to, entry.method);
  add<std::uint16_t>(to, 0);
  add<std::uint16_t>(to, kFirstOfJanuary1980);
  add<std::uint32_t>(to, entry.crc32);
}

}  // namespace

ZipDirectory read_zip_directory(const ReadableFile& file) {
  const std::int64_t file_size = file.status().size;
  if (file_size < kEndSize) throw_bad_zip("it is too short to be one");
  const End end = read_end(file, file_size);
  if (end.size > end.at || end.offset > end.at - end.size) {
    throw_bad_zip("its directory lies outside");
  }
  if (end.count > static_cast<std::uint64_t>(end.size / kCentralSize)) {
    throw_bad_zip(fmt::format("{} entries have no room in its directory", end.count));
  }
  const auto bytes = read_exactly(file, end.offset, end.size);
  ZipDirectory directory;
  directory.offset = end.offset;
  directory.entries.reserve(end.count);
  Fields fields{ByteView(bytes)};
  for (std::uint64_t i = 0; i < end.count; ++i) {
    directory.entries.push_back(read_entry(fields, end));
  }
  if (!fields.empty()) throw_bad_zip("its directory has more than its entries");
  return directory;
}

std::int64_t zip_data_offset(const ReadableFile& file, const ZipDirectory& directory,
                             const ZipEntry& entry) {
  const auto name = static_cast<std::int64_t>(entry.name.size());
  if (entry.header_offset > directory.offset - kLocalSize - name) {
    throw_bad_zip(fmt::format("\"{}\" reaches beyond the entries", entry.name));
  }
  const auto header = read_exactly(file, entry.header_offset, kLocalSize + name);
  const ByteView bytes(header);
  if (load_le<std::uint32_t>(bytes.data()) != kLocal ||
      load_le<std::uint16_t>(bytes.data() + 26) != name ||
      as_text(bytes.subspan(kLocalSize)) != entry.name) {
    throw_bad_zip(fmt::format("\"{}\" is not where its directory says", entry.name));
  }
  const auto extra = load_le<std::uint16_t>(bytes.data() + 28);
  const std::int64_t data = entry.header_offset + kLocalSize + name + extra;
  if (data > directory.offset || entry.stored_size > directory.offset - data) {
    throw_bad_zip(fmt::format("\"{}\" reaches beyond the entries", entry.name));
  }
  return data;
}

std::string zip_local_header(const ZipEntry& entry, std::int64_t zip64_from) {
  const bool is_64 = entry.size >= zip64_from || entry.stored_size >= zip64_from;
  std::string header;
  add(header, kLocal);
  add_common(header, entry, is_64);
  add(header, is_64 ? kSee64 : static_cast<std::uint32_t>(entry.stored_size));
  add(header, is_64 ? kSee64 : static_cast<std::uint32_t>(entry.size));
  add(header, static_cast<std::uint16_t>(entry.name.size()));
  add<std::uint16_t>(header, is_64 ? 20 : 0);
  header += entry.name;
  if (!is_64) return header;
  add(header, kExtra64);
  add<std::uint16_t>(header, 16);
  add(header, entry.size);
  add(header, entry.stored_size);
  return header;
}

std::string zip_central_header(const ZipEntry& entry, std::int64_t zip64_from) {
  std::string extra;
  for (const std::int64_t value : {entry.size, entry.stored_size, entry.header_offset}) {
    if (value >= zip64_from) add(extra, value);
  }
  constexpr std::uint16_t kUnix = 3U << 8;
  constexpr std::uint32_t kReadable = 0100644U << 16;  // who unpacks it wants to read it
  std::string header;
  add(header, kCentral);
  add<std::uint16_t>(header, kUnix | kVersion64);
  add_common(header, entry, !extra.empty());
  add(header, low(entry.stored_size, zip64_from));
  add(header, low(entry.size, zip64_from));
  add(header, static_cast<std::uint16_t>(entry.name.size()));
  add(header, static_cast<std::uint16_t>(extra.empty() ? 0 : 4 + extra.size()));
  add<std::uint16_t>(header, 0);  // comment
  add<std::uint16_t>(header, 0);  // disk
  add<std::uint16_t>(header, 0);
  add(header, kReadable);
  add(header, low(entry.header_offset, zip64_from));
  header += entry.name;
  if (extra.empty()) return header;
  add(header, kExtra64);
  add(header, static_cast<std::uint16_t>(extra.size()));
  return header + extra;
}

std::string zip_directory_end(std::int64_t count, std::int64_t size, std::int64_t offset,
                              std::int64_t zip64_from) {
  constexpr std::int64_t kMostEntries = 0xffff;
  const bool is_64 = count >= kMostEntries || size >= zip64_from || offset >= zip64_from;
  std::string end;
  if (is_64) {
    add(end, kEnd64);
    add<std::uint64_t>(end, kEnd64Size - 12);
    add<std::uint16_t>(end, kVersion64);
    add<std::uint16_t>(end, kVersion64);
    add<std::uint32_t>(end, 0);
    add<std::uint32_t>(end, 0);
    add(end, count);
    add(end, count);
    add(end, size);
    add(end, offset);
    add(end, kLocator64);
    add<std::uint32_t>(end, 0);
    add(end, offset + size);
    add<std::uint32_t>(end, 1);
  }
  const auto few = static_cast<std::uint16_t>(std::min(count, kMostEntries));
  add(end, kEnd);
  add<std::uint16_t>(end, 0);
  add<std::uint16_t>(end, 0);
  add(end, few);
  add(end, few);
  add(end, low(size, zip64_from));
  add(end, low(offset, zip64_from));
  add<std::uint16_t>(end, 0);
  return end;
}

}  // namespace gridmill
