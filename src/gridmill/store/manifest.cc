#include "gridmill/store/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

ManifestEntry entry_of(ByteView content) {
  return {static_cast<std::int64_t>(content.size()), hash_bytes(content)};
}

[[noreturn]] void throw_unreadable(std::string_view line) {
  throw Error(ErrorKind::corrupt, fmt::format("the manifest can't be read at \"{}\"", line));
}

}  // namespace

void Manifest::add(const Key& key, ByteView content) { insert(key, entry_of(content)); }

void Manifest::add_absent(const Key& key) { insert(key, std::nullopt); }

void Manifest::replace(const Key& key, ByteView content) {
  const ManifestEntry entry = entry_of(content);
  const std::lock_guard lock(mutex_);
  entries_[key.text()] = entry;
}

void Manifest::insert(const Key& key, std::optional<ManifestEntry> entry) {
  const std::lock_guard lock(mutex_);
  if (!entries_.emplace(key.text(), entry).second) {
    throw Error(ErrorKind::internal, fmt::format("{} was written twice in one run", key.text()));
  }
}

void Manifest::save(Store& store) const {
  std::int64_t absent = 0;
  for (const auto& [key, entry] : entries_) absent += entry ? 0 : 1;
  const Json header{{"gridmill_manifest", 1},
                    {"hash", "xxh3-128"},
                    {"present", static_cast<std::int64_t>(entries_.size()) - absent},
                    {"absent", absent}};
  const auto writer = store.writer(Key(kFreshManifestKey));
  std::string block = dump_json(header, -1) + "\n";
  for (const auto& [key, entry] : entries_) {
    block += entry ? fmt::format("{} {} {}\n", entry->size, to_hex(entry->hash), key)
                   : fmt::format("- - {}\n", key);
    if (block.size() < std::size_t{1} << 20) continue;
    writer->append(as_bytes(block));
    block.clear();
  }
  writer->append(as_bytes(block));
  (void)writer->commit();
}

std::optional<Manifest> Manifest::load(Store& store, Store& companion) {
  Buffer bytes;
  if (!store.get(Key(kFreshManifestKey), bytes) && !companion.get(Key(kManifestKey), bytes)) {
    return std::nullopt;
  }
  std::string_view text = as_text(bytes);
  const std::string_view first = text.substr(0, text.find('\n'));
  const Json header = parse_json(first);
  if (!header.contains("gridmill_manifest") || header["gridmill_manifest"] != 1) {
    throw_unreadable(first);
  }
  Manifest manifest;
  text.remove_prefix(std::min(text.size(), first.size() + 1));
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t size_end = line.find(' ');
    const std::size_t hash_end = line.find(' ', size_end + 1);
    if (size_end == std::string_view::npos || hash_end == std::string_view::npos) {
      throw_unreadable(line);
    }
    const std::string_view size = line.substr(0, size_end);
    std::optional<ManifestEntry> entry;
    if (size != "-") {
      entry = ManifestEntry{parse_int(size),
                            hash_from_hex(line.substr(size_end + 1, hash_end - size_end - 1))};
    }
    manifest.entries_[std::string(line.substr(hash_end + 1))] = entry;
  }
  const auto total =
      json_int(header, "present", "manifest") + json_int(header, "absent", "manifest");
  if (static_cast<std::int64_t>(manifest.entries_.size()) != total) {
    throw Error(ErrorKind::corrupt, fmt::format("the manifest holds {} of {} entries: truncated",
                                                manifest.entries_.size(), total));
  }
  return manifest;
}

}  // namespace gridmill
