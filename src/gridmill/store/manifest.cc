#include "gridmill/store/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// Beyond that it is no manifest: ten times what the largest archives have.
constexpr std::int64_t kMostManifestBytes = std::int64_t{1} << 33;

[[noreturn]] void throw_unreadable(std::string_view line) {
  throw Error(ErrorKind::corrupt, fmt::format("the manifest can't be read at \"{}\"", line));
}

// A key may hold a newline, a line must not.
std::string escaped(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c == '\\') text += '\\';
    c == '\n' ? text += "\\n" : text += c;
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      key += text[i];
      continue;
    }
    if (++i == text.size() || (text[i] != 'n' && text[i] != '\\')) return std::nullopt;
    key += text[i] == 'n' ? '\n' : '\\';
  }
  return key;
}

using Entries = std::map<std::string, std::optional<ManifestEntry>>;

// "SIZE HASH KEY" or "- - KEY".
Entries::value_type parse_entry(std::string_view line) {
  const std::size_t size_end = line.find(' ');
  const std::size_t hash_end = line.find(' ', size_end + 1);
  if (size_end == std::string_view::npos || hash_end == std::string_view::npos) {
    throw_unreadable(line);
  }
  const std::string_view size = line.substr(0, size_end);
  const std::string_view hash = line.substr(size_end + 1, hash_end - size_end - 1);
  const auto key = unescaped(line.substr(hash_end + 1));
  if (!key) throw_unreadable(line);
  try {
    const Key checked(*key);
    if (size == "-" && hash == "-") return {checked.text(), std::nullopt};
    const ManifestEntry entry{parse_int(size), hash_from_hex(hash)};
    if (entry.size >= 0) return {checked.text(), entry};
  } catch (const Error&) {  // what is invalid elsewhere is damage here
    throw_unreadable(line);
  }
  throw_unreadable(line);
}

void check_count(std::string_view what, std::int64_t found, const Json& header) {
  const std::int64_t promised = json_int(header, what, "manifest");
  if (found != promised) {
    throw Error(ErrorKind::corrupt, fmt::format("the manifest holds {} of {} {} keys: truncated?",
                                                found, promised, what));
  }
}

// Removes and returns the first line of `text`.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

std::int64_t count_absent(const Entries& entries) {
  return std::count_if(entries.begin(), entries.end(),
                       [](const auto& entry) { return !entry.second; });
}

}  // namespace

KeyRecord record_of(const Key& key, ByteView content) {
  return {key.text(),
          ManifestEntry{static_cast<std::int64_t>(content.size()), hash_bytes(content)}};
}

void Manifest::add(KeyRecord record) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = entries_.emplace(std::move(record.key), record.entry);
  if (!is_new) {
    throw Error(ErrorKind::internal, fmt::format("{} was written twice in one run", at->first));
  }
}

void Manifest::replace(KeyRecord record) {
  const std::lock_guard lock(mutex_);
  entries_[std::move(record.key)] = record.entry;
}

bool Manifest::contains(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(key);
}

std::int64_t Manifest::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(entries_.size());
}

void Manifest::save(Store& store, std::string_view key) const {
  const std::int64_t absent = count_absent(entries_);
  const Json header{{"gridmill_manifest", 1},
                    {"hash", "xxh3-128"},
                    {"present", static_cast<std::int64_t>(entries_.size()) - absent},
                    {"absent", absent}};
  const auto writer = store.writer(Key(key));
  std::string block = dump_json(header, -1) + "\n";
  for (const auto& [name, entry] : entries_) {
    block += entry ? fmt::format("{} {} {}\n", entry->size, to_hex(entry->hash), escaped(name))
                   : fmt::format("- - {}\n", escaped(name));
    if (block.size() < std::size_t{1} << 20) continue;
    writer->append(as_bytes(block));
    block.clear();
  }
  writer->append(as_bytes(block));
  (void)writer->commit();
}

std::optional<Manifest> Manifest::load(Store& store, Store& companion) {
  Buffer bytes;
  const GetRequest whole{{}, {}, kMostManifestBytes};
  if (!store.get(Key(kFreshManifestKey), whole, bytes) &&
      !companion.get(Key(kManifestKey), whole, bytes)) {
    return std::nullopt;
  }
  std::string_view text = as_text(bytes);
  const std::string_view first = take_line(text);
  const Json header = parse_json(first);
  if (!header.contains("gridmill_manifest") || header["gridmill_manifest"] != 1) {
    throw_unreadable(first);
  }
  Manifest manifest;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!manifest.entries_.insert(parse_entry(line)).second) throw_unreadable(line);
  }
  const std::int64_t absent = count_absent(manifest.entries_);
  check_count("present", static_cast<std::int64_t>(manifest.entries_.size()) - absent, header);
  check_count("absent", absent, header);
  return manifest;
}

}  // namespace gridmill
