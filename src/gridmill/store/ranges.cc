#include "gridmill/store/ranges.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"

namespace gridmill {

std::vector<ByteRange> resolve_ranges(const std::vector<ByteRange>& ranges, std::int64_t size) {
  if (ranges.empty()) return {{0, size}};
  std::vector<ByteRange> resolved = ranges;
  for (ByteRange& range : resolved) {
    const ByteRange asked = range;
    if (range.offset < 0) range.offset += size;
    if (range.offset < 0 || range.length < 0 || range.offset > size ||
        range.length > size - range.offset) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} bytes at offset {} are asked for but the value has only {}: "
                              "truncated?",
                              asked.length, asked.offset, size));
    }
  }
  return resolved;
}

std::size_t total_length(const Key& key, const std::vector<ByteRange>& ranges,
                         std::int64_t most_bytes) {
  std::int64_t total = 0;
  for (const ByteRange& range : ranges) {
    if (range.length > most_bytes - total) {
      throw Error(
          ErrorKind::corrupt,
          fmt::format("{}: {} stored bytes, more than the {} that it can have",
                      key.is_root() ? "the value" : key.text(),
                      static_cast<std::uint64_t>(total) + static_cast<std::uint64_t>(range.length),
                      most_bytes));
    }
    total += range.length;
  }
  return static_cast<std::size_t>(total);
}

void check_version(const Key& key, const std::optional<Version>& wanted, const Version& found) {
  if (wanted && *wanted != found) {
    throw Error(ErrorKind::conflict, fmt::format("{} changed while it was being read", key.text()));
  }
}

void throw_put_conflict(const Key& key) {
  throw Error(ErrorKind::conflict, fmt::format("{} exists or was changed by another", key.text()));
}

bool is_at_or_below(const Key& key, const Key& prefix) {
  if (prefix.is_root()) return true;
  const std::string& text = key.text();
  return text.starts_with(prefix.text()) &&
         (text.size() == prefix.text().size() || text[prefix.text().size()] == '/');
}

}  // namespace gridmill
