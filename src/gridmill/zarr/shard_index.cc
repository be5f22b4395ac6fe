#include "gridmill/zarr/shard_index.h"

#include <chrono>

#include "gridmill/store/ranges.h"

namespace gridmill {
namespace {

// A read that hangs holds up the others no longer than this: the second attempt at a leaf reads the
// index itself.
constexpr std::chrono::milliseconds kPatience{100};

std::int64_t bytes_of(const std::string& key, const ShardIndexes::Entry& entry) {
  const std::size_t chunks = entry->has_value() ? (*entry)->chunks.capacity() : 0;
  return static_cast<std::int64_t>(256 + 2 * key.size() + chunks * sizeof(ByteRange));
}

// What is stored of the index, and whose it is.
struct StoredIndex {
  Version version;
  std::int64_t shard_size = 0;
  Buffer bytes;
};

// From its end for an index that lies there: an object store answers that in one request.
std::optional<StoredIndex> get_index(Store& store, const Key& key, std::int64_t size, bool at_end) {
  StoredIndex index;
  const auto got = store.get(key, {{{at_end ? -size : 0, size}}, {}}, index.bytes);
  if (!got) return std::nullopt;
  index.version = got->version;
  index.shard_size = got->value_size;
  return index;
}

std::optional<StoredIndex> get_index_of_open(OpenValues& shards, Store& store, const Key& key,
                                             std::int64_t size, bool at_end) {
  const auto shard = shards.get_newest(store, key);
  if (shard == nullptr) return std::nullopt;
  StoredIndex index{shard->version(), shard->size(), {}};
  const auto range = resolve_ranges({{at_end ? -size : 0, size}}, shard->size()).front();
  read_range(*shard, range, index.bytes);
  return index;
}

}  // namespace

std::optional<ByteRange> ShardIndex::find(std::int64_t ordinal) const {
  const ByteRange range = chunks.at(static_cast<std::size_t>(ordinal));
  if (range.length < 0) return std::nullopt;
  return range;
}

ShardIndexes::Entry ShardIndexes::get(Store& store, const Key& key, const Sharding& sharding,
                                      std::int64_t chunks) {
  std::unique_lock lock(mutex_);
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  bool is_first = false;
  for (;;) {
    if (Entry entry = kept(key.text())) return entry;
    is_first = reading_.insert(key.text()).second;
    if (is_first || std::chrono::steady_clock::now() >= give_up) break;
    read_.wait_until(lock, give_up);
  }
  lock.unlock();
  const Flight flight(*this, is_first ? key.text() : std::string());
  auto found =
      std::make_shared<const std::optional<ShardIndex>>(read(store, key, sharding, chunks));
  const std::lock_guard again(mutex_);  // let go before the flight says that it has landed
  if (Entry entry = kept(key.text())) return entry;
  keep(key.text(), found);
  return found;
}

void ShardIndexes::land(const std::string& key) noexcept {
  const std::lock_guard lock(mutex_);
  reading_.erase(key);
  read_.notify_all();
}

std::optional<ShardIndex> ShardIndexes::read(Store& store, const Key& key, const Sharding& sharding,
                                             std::int64_t chunks) {
  const std::int64_t size = sharding.index.bytes(chunks);
  const bool at_end = sharding.index.is_at_end;
  const auto stored = store.has_open_values() ? get_index_of_open(shards_, store, key, size, at_end)
                                              : get_index(store, key, size, at_end);
  if (!stored) return std::nullopt;
  return ShardIndex{stored->version,
                    shard_ranges(stored->bytes, sharding.index, stored->shard_size)};
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
