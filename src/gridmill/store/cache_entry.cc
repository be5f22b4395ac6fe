#include "gridmill/store/cache_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::string_view kBegin = "gridmill cache entry 1 ";
constexpr std::size_t kLengthDigits = 8;
constexpr std::size_t kHashDigits = 32;
// The first line: begin, length, blank, hash, end of the line.
constexpr std::size_t kFirstLine = kBegin.size() + kLengthDigits + 1 + kHashDigits + 1;
// Of the heads of chunks nearly all: they come with one read.
constexpr std::size_t kFirstRead = 2048;
// A longer second line is none of ours.
constexpr std::int64_t kMostHead = kMostDocumentBytes;
constexpr std::size_t kEntryPiece = std::size_t{4} << 20;

[[noreturn]] void refuse(const char* why) { throw Error(ErrorKind::corrupt, why); }

// Of the second line, its end included.
std::int64_t head_length(std::string_view first_line) {
  const std::string_view digits = first_line.substr(kBegin.size(), kLengthDigits);
  std::uint32_t length = 0;
  const auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(), length, 16);
  if (code != std::errc() || end != digits.data() + digits.size()) refuse("its head has no length");
  return length;
}

CacheHead parse_head(std::string_view line) {
  constexpr std::string_view kWhere = "the head";
  const Json json = parse_json(line);
  CacheHead head;
  head.name = {json_string(json, "source", kWhere), json_string(json, "key", kWhere),
               json_string(json, "part", kWhere)};
  head.digest = json_string(json, "name", kWhere);
  head.bytes = json_int(json, "bytes", kWhere);
  head.hash = hash_from_hex(json_string(json, "hash", kWhere));
  head.about = json_member(json, "about", kWhere);
  if (head.bytes < 0) refuse("its head says less than no bytes");
  return head;
}

std::string read_text(const ReadableFile& file, std::int64_t offset, std::size_t length) {
  std::string text(length, '\0');
  text.resize(file.read_at(offset, std::as_writable_bytes(std::span(text))));
  return text;
}

void check_hash(const Hash128& found, const Hash128& wanted) {
  if (found != wanted) refuse("its bytes are not those of its checksum");
}

}  // namespace

std::string CacheName::digest() const {
  Hasher hasher;
  for (const std::string* text : {&source, &key, &part}) {
    hasher.add(as_bytes(fmt::format("{}:", text->size())));
    hasher.add(as_bytes(*text));
  }
  return to_hex(hasher.result());
}

std::string head_text(const CacheHead& head) {
  const std::string line = dump_json({{"name", head.name.digest()},
                                      {"source", head.name.source},
                                      {"key", head.name.key},
                                      {"part", head.name.part},
                                      {"bytes", head.bytes},
                                      {"hash", to_hex(head.hash)},
                                      {"about", head.about}},
                                     -1) +
                           "\n";
  if (static_cast<std::int64_t>(line.size()) > kMostHead) {
    throw Error(ErrorKind::invalid, "there is more to note of it than an entry may hold");
  }
  return fmt::format("{}{:08x} {}\n{}", kBegin, line.size(), to_hex(hash_bytes(as_bytes(line))),
                     line);
}

std::unique_ptr<CacheEntry> CacheEntry::open(Files& files, const std::string& path) {
  auto file = files.open(path);
  if (file == nullptr) return nullptr;
  const FileStatus status = file->status();
  if (status.is_directory) refuse("it is a directory");
  std::string text = read_text(
      *file, 0, static_cast<std::size_t>(std::min<std::int64_t>(kFirstRead, status.size)));
  if (text.size() < kFirstLine || !text.starts_with(kBegin) ||
      text[kBegin.size() + kLengthDigits] != ' ' || text[kFirstLine - 1] != '\n') {
    refuse("it doesn't begin as an entry");
  }
  const std::string hash = text.substr(kBegin.size() + kLengthDigits + 1, kHashDigits);
  const std::int64_t length = head_length(text);
  const std::int64_t begin = static_cast<std::int64_t>(kFirstLine) + length;
  if (length > kMostHead || begin > status.size) refuse("its head is cut short");
  if (static_cast<std::int64_t>(text.size()) < begin) {
    const auto left = static_cast<std::size_t>(begin) - text.size();
    text += read_text(*file, static_cast<std::int64_t>(text.size()), left);
  }
  if (static_cast<std::int64_t>(text.size()) < begin) refuse("its head is cut short");
  const auto line = std::string_view(text).substr(kFirstLine, static_cast<std::size_t>(length));
  if (to_hex(hash_bytes(as_bytes(line))) != hash) refuse("its head is not that of its checksum");
  CacheHead head = parse_head(line);
  if (head.bytes != status.size - begin) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{} bytes are there of {}", status.size - begin, head.bytes));
  }
  return std::unique_ptr<CacheEntry>(new CacheEntry(std::move(file), std::move(head), begin));
}

void CacheEntry::read(Buffer& into) const {
  into.resize(static_cast<std::size_t>(head_.bytes));
  if (file_->read_at(begin_, into.bytes()) != into.size()) refuse("it ends before its bytes do");
  check_hash(hash_bytes(into), head_.hash);
}

void CacheEntry::in_pieces(const std::function<void(ByteView)>& take) const {
  Hasher hasher;
  Buffer piece;
  std::int64_t left = head_.bytes;
  for (std::int64_t at = begin_; left > 0; at += static_cast<std::int64_t>(piece.size())) {
    piece.resize(std::min(kEntryPiece, static_cast<std::size_t>(left)));
    if (file_->read_at(at, piece.bytes()) != piece.size()) refuse("it ends before its bytes do");
    hasher.add(piece);
    take(piece);
    left -= static_cast<std::int64_t>(piece.size());
  }
  check_hash(hasher.result(), head_.hash);
}

void CacheEntry::copy(ValueWriter& to) const {
  in_pieces([&](ByteView piece) { to.append(piece); });
}

void CacheEntry::check() const {
  in_pieces([](ByteView) {});
}

}  // namespace gridmill
