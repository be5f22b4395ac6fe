#include "gridmill/codec/shard_table.h"

#include <fmt/format.h>

#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/codec/crc32c.h"

namespace gridmill {
namespace {

constexpr std::int64_t kEntryBytes = 16;
constexpr std::int64_t kIndexChecksumBytes = 4;
constexpr std::uint64_t kAbsent = std::numeric_limits<std::uint64_t>::max();

ByteRange checked_entry(std::uint64_t offset, std::uint64_t size, std::int64_t shard_size,
                        std::int64_t ordinal) {
  if (offset == kAbsent && size == kAbsent) return {0, -1};
  const auto limit = static_cast<std::uint64_t>(shard_size);
  if (offset > limit || size > limit - offset) {
    throw Error(ErrorKind::corrupt,
                fmt::format("shard index: chunk {} lies at {} with {} bytes, the shard has {}",
                            ordinal, offset, size, shard_size));
  }
  return {static_cast<std::int64_t>(offset), static_cast<std::int64_t>(size)};
}

}  // namespace

std::int64_t ShardIndexForm::bytes(std::int64_t chunks) const noexcept {
  return kEntryBytes * chunks + (is_checked ? kIndexChecksumBytes : 0);
}

std::vector<ByteRange> shard_ranges(ByteView index, const ShardIndexForm& form,
                                    std::int64_t shard_size) {
  const ByteView entries = form.is_checked ? Crc32cCodec::verified(index) : index;
  const auto count = static_cast<std::int64_t>(entries.size()) / kEntryBytes;
  std::vector<ByteRange> ranges;
  ranges.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* entry = entries.data() + kEntryBytes * i;
    ranges.push_back(checked_entry(load_le<std::uint64_t>(entry), load_le<std::uint64_t>(entry + 8),
                                   shard_size, i));
  }
  return ranges;
}

// Sixteen bytes of 0xFF: there is no such chunk.
ShardTable::ShardTable(ShardIndexForm form, std::int64_t chunks)
    : entries_(static_cast<std::size_t>(kEntryBytes * chunks), std::byte{0xFF}),
      end_(form.is_at_end ? 0 : static_cast<std::uint64_t>(form.bytes(chunks))),
      is_checked_(form.is_checked) {}

void ShardTable::add(std::int64_t ordinal, std::int64_t bytes) {
  std::byte* entry = entries_.data() + ordinal * kEntryBytes;
  store_le(entry, end_);
  store_le(entry + 8, static_cast<std::uint64_t>(bytes));
  end_ += static_cast<std::uint64_t>(bytes);
  is_empty_ = false;
}

std::vector<std::byte> ShardTable::index() const {
  std::vector<std::byte> index = entries_;
  if (!is_checked_) return index;
  index.resize(entries_.size() + kIndexChecksumBytes);
  store_le(index.data() + entries_.size(), crc32c(entries_));
  return index;
}

}  // namespace gridmill
