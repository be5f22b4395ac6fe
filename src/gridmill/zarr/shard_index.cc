#include "gridmill/zarr/shard_index.h"

#include <fmt/format.h>

#include <limits>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

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

std::int64_t bytes_of(const std::string& key, const ShardIndexes::Entry& entry) {
  const std::size_t chunks = entry->has_value() ? (*entry)->chunks.capacity() : 0;
  return static_cast<std::int64_t>(256 + 2 * key.size() + chunks * sizeof(ByteRange));
}

}  // namespace

std::optional<ByteRange> ShardIndex::find(std::int64_t ordinal) const {
  const ByteRange range = chunks.at(static_cast<std::size_t>(ordinal));
  if (range.length < 0) return std::nullopt;
  return range;
}

std::optional<ShardIndex> read_shard_index(Store& store, const Key& key,
                                           const ArrayMetadata& metadata) {
  const Sharding& sharding = *metadata.sharding;
  std::int64_t count = 1;
  for (int d = 0; d < metadata.chunk.rank(); ++d) count *= sharding.shard[d] / metadata.chunk[d];
  const std::int64_t size = 16 * count + (sharding.is_index_checked ? 4 : 0);
  Buffer stored;
  const ByteRange range{sharding.is_index_at_end ? -size : 0, size};
  const auto got = store.get(key, {{range}, {}}, stored);
  if (!got) return std::nullopt;
  const ByteView entries =
      sharding.is_index_checked ? Crc32cCodec::verified(stored) : ByteView(stored);
  ShardIndex index{got->version, {}};
  index.chunks.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte* entry = entries.data() + 16 * i;
    index.chunks.push_back(checked_entry(load_le<std::uint64_t>(entry),
                                         load_le<std::uint64_t>(entry + 8), got->value_size, i));
  }
  return index;
}

ShardIndexes::Entry ShardIndexes::get(Store& store, const Key& key, const ArrayMetadata& metadata) {
  {
    const std::lock_guard lock(mutex_);
    if (Entry entry = kept(key.text())) return entry;
  }
  auto read =
      std::make_shared<const std::optional<ShardIndex>>(read_shard_index(store, key, metadata));
  const std::lock_guard lock(mutex_);
  if (Entry entry = kept(key.text())) return entry;
  keep(key.text(), read);
  return read;
}

ShardIndexes::Entry ShardIndexes::kept(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return by_use_.front().second;
}

void ShardIndexes::keep(const std::string& key, const Entry& entry) {
  by_use_.emplace_front(key, entry);
  by_key_[key] = by_use_.begin();
  bytes_ += bytes_of(key, entry);
  while (bytes_ > most_bytes_ && by_use_.size() > 1) {
    const auto& [oldest, index] = by_use_.back();
    bytes_ -= bytes_of(oldest, index);
    by_key_.erase(oldest);
    by_use_.pop_back();
  }
}

std::int64_t ShardIndexes::kept_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace gridmill
