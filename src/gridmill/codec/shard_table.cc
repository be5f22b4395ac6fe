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

std::uint64_t in_order(std::uint64_t number, const ShardIndexForm& form) {
  return form.is_big_endian ? __builtin_bswap64(number) : number;
}

std::uint64_t number_at(const std::byte* entry, const ShardIndexForm& form) {
  return in_order(load_le<std::uint64_t>(entry), form);
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
    ranges.push_back(
        checked_entry(number_at(entry, form), number_at(entry + 8, form), shard_size, i));
  }
  return ranges;
}

// Sixteen bytes of 0xFF: there is no such chunk.
ShardTable::ShardTable(ShardIndexForm form, std::int64_t chunks)
    : entries_(static_cast<std::size_t>(kEntryBytes * chunks), std::byte{0xFF}),
      end_(form.is_at_end ? 0 : static_cast<std::uint64_t>(form.bytes(chunks))),
      form_(form) {}

void ShardTable::add(std::int64_t ordinal, std::int64_t bytes) {
  std::byte* entry = entries_.data() + ordinal * kEntryBytes;
  store_le(entry, in_order(end_, form_));
  store_le(entry + 8, in_order(static_cast<std::uint64_t>(bytes), form_));
  end_ += static_cast<std::uint64_t>(bytes);
  is_empty_ = false;
}

std::vector<std::byte> ShardTable::index() const {
  std::vector<std::byte> index = entries_;
  if (!form_.is_checked) return index;
  index.resize(entries_.size() + kIndexChecksumBytes);
  store_le(index.data() + entries_.size(), crc32c(entries_));
  return index;
}

}  // namespace gridmill
