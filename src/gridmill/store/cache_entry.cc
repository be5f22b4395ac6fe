#include "gridmill/store/cache_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::string_view kBegin = "gridmill cache entry 2 ";
constexpr std::size_t kLengthDigits = 8;
constexpr std::size_t kHashDigits = 32;
// The first line: begin, length, blank, hash, end of the line.
constexpr std::size_t kFirstLine = kBegin.size() + kLengthDigits + 1 + kHashDigits + 1;
// Of the heads of chunks nearly all: they come with one read.
constexpr std::size_t kFirstRead = 2048;
// A longer second line is none of ours.
constexpr std::int64_t kMostHead = kMostDocumentBytes;
// Pieces: small enough for a block of a chunk, and few enough to be listed.
constexpr std::int64_t kSmallestPiece = std::int64_t{64} << 10;
constexpr std::int64_t kLargestPiece = std::int64_t{4} << 20;
constexpr std::int64_t kWantedPieces = 256;

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

std::vector<Hash128> parse_hashes(std::string_view text) {
  std::vector<Hash128> hashes;
  for (std::size_t at = 0; at < text.size(); at += kHashDigits) {
    hashes.push_back(hash_from_hex(text.substr(at, kHashDigits)));
  }
  return hashes;
}

std::string text_of(const std::vector<Hash128>& hashes) {
  std::string text;
  for (const Hash128& hash : hashes) text += to_hex(hash);
  return text;
}

// `bytes`: that are there.
CacheHead parse_head(std::string_view line, std::int64_t bytes) {
  constexpr std::string_view kWhere = "the head";
  const Json json = parse_json(line);
  CacheHead head;
  head.name = {json_string(json, "source", kWhere), json_string(json, "key", kWhere),
               json_string(json, "part", kWhere)};
  head.digest = json_string(json, "name", kWhere);
  head.bytes = json_int(json, "bytes", kWhere);
  head.about = json_member(json, "about", kWhere);
  if (head.bytes != bytes) {
    throw Error(ErrorKind::corrupt, fmt::format("{} bytes are there of {}", bytes, head.bytes));
  }
  head.hashes = parse_hashes(json_string(json, "hashes", kWhere));
  const std::int64_t piece = piece_bytes_of(head.bytes);
  if (static_cast<std::int64_t>(head.hashes.size()) != (head.bytes + piece - 1) / piece) {
    refuse("its head has not a checksum for each piece");
  }
  return head;
}

std::string read_text(const ReadableFile& file, std::int64_t offset, std::size_t length) {
  std::string text(length, '\0');
  text.resize(file.read_at(offset, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace

std::int64_t piece_bytes_of(std::int64_t bytes) {
  const std::int64_t share = (bytes + kWantedPieces - 1) / kWantedPieces;
  const std::int64_t rounded = (share + kSmallestPiece - 1) / kSmallestPiece * kSmallestPiece;
  return std::clamp(rounded, kSmallestPiece, kLargestPiece);
}

void PieceHashes::add(ByteView bytes) {
  while (!bytes.empty()) {
    if (hasher_ == nullptr) hasher_ = std::make_unique<Hasher>();
    const std::size_t length = std::min(bytes.size(), static_cast<std::size_t>(left_));
    hasher_->add(bytes.first(length));
    bytes = bytes.subspan(length);
    left_ -= static_cast<std::int64_t>(length);
    if (left_ == 0) end_piece();
  }
}

void PieceHashes::end_piece() {
  hashes_.push_back(hasher_->result());
  hasher_ = nullptr;
  left_ = piece_;
}

std::vector<Hash128> PieceHashes::result() {
  if (hasher_ != nullptr) end_piece();
  return std::move(hashes_);
}

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
                                      {"hashes", text_of(head.hashes)},
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
  CacheHead head = parse_head(line, status.size - begin);
  return std::unique_ptr<CacheEntry>(new CacheEntry(std::move(file), std::move(head), begin));
}

// Whole pieces of the bytes, the last one of all as long as it is.
void CacheEntry::read_proved(ByteRange pieces, MutableByteView into) const {
  if (file_->read_at(begin_ + pieces.offset, into) != into.size()) {
    refuse("it ends before its bytes do");
  }
  auto number = static_cast<std::size_t>(pieces.offset / piece_);
  for (std::int64_t at = 0; at < pieces.length; at += piece_, ++number) {
    const std::int64_t length = std::min(piece_, pieces.length - at);
    const ByteView piece =
        into.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(length));
    if (hash_bytes(piece) != head_.hashes[number])
      refuse("its bytes are not those of its checksum");
  }
}

// Those that hold a range.
ByteRange CacheEntry::pieces_of(const ByteRange& range) const {
  const std::int64_t begin = range.offset / piece_ * piece_;
  const std::int64_t end = (range.offset + range.length + piece_ - 1) / piece_ * piece_;
  return {begin, std::max<std::int64_t>(0, std::min(end, head_.bytes) - begin)};
}

void CacheEntry::read(const std::vector<ByteRange>& ranges, Buffer& into) const {
  if (ranges.empty()) {
    into.resize(static_cast<std::size_t>(head_.bytes));
    return read_proved({0, head_.bytes}, into.bytes());
  }
  std::int64_t wanted = 0, room = 0;
  for (const ByteRange& range : ranges) {
    room = std::max(room, wanted + pieces_of(range).length);
    wanted += range.length;
  }
  // Pieces are read and proved where what is wanted of them comes to lie, or right behind.
  into.resize(static_cast<std::size_t>(std::max(room, wanted)));
  MutableByteView left = into.bytes();
  for (const ByteRange& range : ranges) {
    const ByteRange pieces = pieces_of(range);
    read_proved(pieces, left.first(static_cast<std::size_t>(pieces.length)));
    const auto part = left.subspan(static_cast<std::size_t>(range.offset - pieces.offset),
                                   static_cast<std::size_t>(range.length));
    std::copy(part.begin(), part.end(), left.begin());
    left = left.subspan(part.size());
  }
  into.resize(static_cast<std::size_t>(wanted));
}

void CacheEntry::in_pieces(const std::function<void(ByteView)>& take) const {
  Buffer piece;
  for (std::int64_t at = 0; at < head_.bytes; at += piece_) {
    const std::int64_t length = std::min(piece_, head_.bytes - at);
    piece.resize(static_cast<std::size_t>(length));
    read_proved({at, length}, piece.bytes());
    take(piece);
  }
}

void CacheEntry::copy(ValueWriter& to) const {
  in_pieces([&](ByteView piece) { to.append(piece); });
}

void CacheEntry::check() const {
  in_pieces([](ByteView) {});
}

}  // namespace gridmill
