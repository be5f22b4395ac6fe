#include "gridmill/zarr/array_reader.h"

#include <fmt/format.h>

#include <deque>
#include <mutex>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/zarr/shard_index.h"

namespace gridmill {
namespace {

constexpr std::size_t kIndexesKept = 64;

class ZarrLeafReader : public LeafReader {
 public:
  ZarrLeafReader(std::shared_ptr<Store> store, Key array, ArrayMetadata metadata)
      : LeafReader(metadata.type, metadata.grid()),
        store_(std::move(store)),
        array_(std::move(array)),
        metadata_(std::move(metadata)) {}

  std::int64_t stored_bound() const override {
    return metadata_.codecs.max_encoded_size(type(), grid().chunk());
  }
  std::int64_t scratch_bound() const override {
    return metadata_.codecs.scratch_size(type(), grid().chunk());
  }

  bool fetch(const Index& position, Buffer& stored) const override {
    return in_context([&] { return describe(position); },
                      [&] { return fetch_chunk(position, stored); });
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    in_context(
        [&] { return describe(position); },
        [&] { metadata_.codecs.decode(stored, type(), grid().chunk(), parts, strings, context); });
  }

  void fill(std::span<const Part> parts, StringArena& strings) const override {
    const std::vector<std::byte> element = metadata_.fill.element(type(), strings);
    for (const Part& part : parts) fill_array(element.data(), part.into);
  }

  std::string describe(const Index& position) const override {
    return fmt::format("chunk {} of {}", key_of(position).text(), store_->describe());
  }

 protected:
  virtual bool fetch_chunk(const Index& position, Buffer& stored) const {
    return store_->get(key_of(position), stored).has_value();
  }
  // The key that holds the chunk: its own, or its shard's.
  virtual Key key_of(const Index& position) const {
    return array_ / chunk_key(metadata_, position);
  }

  const std::shared_ptr<Store> store_;
  const Key array_;
  const ArrayMetadata metadata_;
};

class WholeChunkReader final : public ZarrLeafReader {
 public:
  using ZarrLeafReader::ZarrLeafReader;

  std::optional<LeafLocation> locate(const Index& position) const override {
    return LeafLocation{store_->describe(), key_of(position).text(), std::nullopt};
  }
};

// Chunks inside shards.
class ShardReader final : public ZarrLeafReader {
 public:
  ShardReader(std::shared_ptr<Store> store, Key array, ArrayMetadata metadata)
      : ZarrLeafReader(std::move(store), std::move(array), std::move(metadata)),
        shards_(metadata_.key_grid()) {
    for (int d = 0; d < shards_.chunk().rank(); ++d) {
      chunks_per_shard_.push_back(shards_.chunk()[d] / metadata_.chunk[d]);
    }
  }

  std::string describe(const Index& position) const override {
    return fmt::format("chunk {} in shard {} of {}", to_string(position), key_of(position).text(),
                       store_->describe());
  }

 protected:
  bool fetch_chunk(const Index& position, Buffer& stored) const override {
    const auto index = index_of(shard_of(position));
    if (!index->has_value()) return false;
    const auto range = (*index)->find(ordinal_inside(position));
    if (!range) return false;
    const GetRequest request{{*range}, (*index)->version};
    if (store_->get(key_of(position), request, stored)) return true;
    throw Error(ErrorKind::conflict, "the shard vanished while it was read");
  }

  Key key_of(const Index& position) const override {
    return array_ / chunk_key(metadata_, shard_of(position));
  }

 private:
  using Entry = std::shared_ptr<const std::optional<ShardIndex>>;

  Index shard_of(const Index& position) const {
    Index shard;
    for (int d = 0; d < position.rank(); ++d) shard.push_back(position[d] / chunks_per_shard_[d]);
    return shard;
  }

  std::int64_t ordinal_inside(const Index& position) const {
    std::int64_t ordinal = 0;
    for (int d = 0; d < position.rank(); ++d) {
      ordinal = ordinal * chunks_per_shard_[d] + position[d] % chunks_per_shard_[d];
    }
    return ordinal;
  }

  // Two threads may read the same index at once; the first one's is kept.
  Entry index_of(const Index& shard) const {
    const std::int64_t ordinal = shards_.ordinal(shard);
    if (Entry kept = kept_index(ordinal)) return kept;
    auto read = std::make_shared<const std::optional<ShardIndex>>(
        read_shard_index(*store_, array_ / chunk_key(metadata_, shard), metadata_));
    const std::lock_guard lock(mutex_);
    kept_.emplace_back(ordinal, read);
    if (kept_.size() > kIndexesKept) kept_.pop_front();
    return read;
  }

  Entry kept_index(std::int64_t ordinal) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [shard, entry] : kept_) {
      if (shard == ordinal) return entry;
    }
    return nullptr;
  }

  ChunkGrid shards_;
  Shape chunks_per_shard_;
  mutable std::mutex mutex_;
  mutable std::deque<std::pair<std::int64_t, Entry>> kept_;  // oldest first
};

}  // namespace

std::shared_ptr<const LeafReader> zarr_leaf_reader(std::shared_ptr<Store> store, Key array_path,
                                                   ArrayMetadata metadata) {
  if (metadata.sharding) {
    return std::make_shared<ShardReader>(std::move(store), std::move(array_path),
                                         std::move(metadata));
  }
  return std::make_shared<WholeChunkReader>(std::move(store), std::move(array_path),
                                            std::move(metadata));
}

}  // namespace gridmill
