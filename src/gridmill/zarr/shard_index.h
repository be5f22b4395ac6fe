// shard_index.h: where each chunk of a shard lies (codec/shard_table.h), of the shards of a store.
//
// Entries are checked against the shard's size before they are used. Indexes are read once and
// kept, the ones used last, up to a number of bytes.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"
#include "gridmill/zarr/open_values.h"

namespace gridmill {

struct ShardIndex {
  Version version;                // of the shard that it was read from
  std::vector<ByteRange> chunks;  // by ordinal; length < 0: absent

  std::optional<ByteRange> find(std::int64_t ordinal) const;
};

// The indexes of one store's shards, and the shards read last. Thread-safe.
class ShardIndexes {
 public:
  using Entry = std::shared_ptr<const std::optional<ShardIndex>>;  // nullopt: the shard is absent

  // Keeps at most so much, but always the index used last.
  explicit ShardIndexes(std::int64_t most_bytes = std::int64_t{32} << 20)
      : most_bytes_(most_bytes) {}

  // Reads it if it isn't kept; Error(corrupt) for a damaged one. The shard holds `chunks` chunks.
  // Who asks for one that somebody else is reading waits for it, a tenth of a second at most.
  Entry get(Store& store, const Key& key, const Sharding& sharding, std::int64_t chunks);
  std::int64_t kept_bytes() const;
  OpenValues& shards() noexcept { return shards_; }

 private:
  std::optional<ShardIndex> read(Store& store, const Key& key, const Sharding& sharding,
                                 std::int64_t chunks);
  // Says that an index is being read no more, in whatever way that ended; "": it was somebody
  // else's to say.
  class Flight {
   public:
    Flight(ShardIndexes& indexes, std::string key) : indexes_(indexes), key_(std::move(key)) {}
    ~Flight() {
      if (!key_.empty()) indexes_.land(key_);
    }
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;

   private:
    ShardIndexes& indexes_;
    const std::string key_;
  };
  void land(const std::string& key) noexcept;
  Entry kept(const std::string& key);
  void keep(const std::string& key, const Entry& entry);

  OpenValues shards_;
  const std::int64_t most_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable read_;   // one of them, well or not
  std::set<std::string> reading_;  // keys
  std::int64_t bytes_ = 0;
  std::list<std::pair<std::string, Entry>> by_use_;  // the one used last first
  std::map<std::string, std::list<std::pair<std::string, Entry>>::iterator> by_key_;
};

}  // namespace gridmill
