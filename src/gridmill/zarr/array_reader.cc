#include "gridmill/zarr/array_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMostMeasured = 4096;  // chunks

class ZarrLeafReader : public LeafReader {
 public:
  ZarrLeafReader(std::shared_ptr<Store> store, Key array, ArrayMetadata metadata)
      : LeafReader(metadata.type, metadata.grid()),
        store_(std::move(store)),
        array_(std::move(array)),
        metadata_(std::move(metadata)) {}

  std::int64_t stored_bound() const override {
    const std::int64_t bound = metadata_.codecs.max_encoded_size(type(), grid().chunk());
    std::call_once(measured_once_, [&] { measured_ = largest_stored().value_or(bound); });
    return std::min(bound, measured_);
  }
  std::int64_t scratch_bound() const override {
    return metadata_.codecs.decode_scratch_size(type(), grid().chunk());
  }

  std::int64_t piece_bytes() const override {
    const auto& codecs = metadata_.codecs.byte_codecs();
    if (codecs.empty() || metadata_.codecs.is_fortran_order()) return 0;
    const auto* blosc = std::get_if<BloscCodec>(&codecs.front());
    return blosc == nullptr ? 0 : blosc->blocksize;
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
    return store_->get(key_of(position), {{}, {}, most_stored()}, stored).has_value();
  }
  // The largest stored chunk there is, where looking is cheap: credit for what chunks could be at
  // worst would be two or three times too much.
  std::optional<std::int64_t> largest_stored() const {
    if (metadata_.sharding || grid().size() > kMostMeasured || type().is_string()) {
      return std::nullopt;
    }
    std::int64_t largest = 0;
    store_->list(array_, [&](const ListEntry& entry) { largest = std::max(largest, entry.size); });
    return largest;
  }
  std::int64_t most_stored() const { return metadata_.codecs.stored_limit(type(), grid().chunk()); }
  // The key that holds the chunk: its own, or its shard's.
  virtual Key key_of(const Index& position) const {
    return array_ / chunk_key(metadata_, position);
  }

  const std::shared_ptr<Store> store_;
  const Key array_;
  const ArrayMetadata metadata_;

 private:
  mutable std::once_flag measured_once_;
  mutable std::int64_t measured_ = 0;
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
  ShardReader(std::shared_ptr<Store> store, Key array, ArrayMetadata metadata,
              std::shared_ptr<ShardIndexes> indexes)
      : ZarrLeafReader(std::move(store), std::move(array), std::move(metadata)),
        shards_(metadata_.key_grid()),
        indexes_(indexes ? std::move(indexes) : std::make_shared<ShardIndexes>()) {
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
    const auto index = indexes_->get(*store_, key_of(position), metadata_);
    if (!index->has_value()) return false;
    const auto range = (*index)->find(ordinal_inside(position));
    if (!range) return false;
    const GetRequest request{{*range}, (*index)->version, most_stored()};
    if (store_->get(key_of(position), request, stored)) return true;
    throw Error(ErrorKind::conflict, "the shard vanished while it was read");
  }

  Key key_of(const Index& position) const override {
    return array_ / chunk_key(metadata_, shard_of(position));
  }

 private:
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

  const ChunkGrid shards_;
  Shape chunks_per_shard_;
  const std::shared_ptr<ShardIndexes> indexes_;
};

Shape at_least_one(const Shape& shape) {
  Shape extents;
  for (const std::int64_t extent : shape) extents.push_back(std::max<std::int64_t>(1, extent));
  return extents;
}

// One leaf, whatever the size: nothing of it is ever read.
class RefusingReader final : public LeafReader {
 public:
  RefusingReader(std::string description, const Shape& shape, std::string reason)
      : LeafReader(types::bytes(1), ChunkGrid(shape, at_least_one(shape))),
        description_(std::move(description)),
        reason_(std::move(reason)) {}

  std::int64_t stored_bound() const override { return 0; }
  std::int64_t scratch_bound() const override { return 0; }
  bool fetch(const Index&, Buffer&) const override { refuse(); }
  void decode(const Index&, ByteView, std::span<const Part>, StringArena&,
              CodecContext&) const override {
    refuse();
  }
  void fill(std::span<const Part>, StringArena&) const override { refuse(); }
  std::string describe(const Index&) const override { return description_; }

 private:
  [[noreturn]] void refuse() const {
    throw Error(ErrorKind::unsupported, fmt::format("{}: {}", description_, reason_));
  }

  std::string description_;
  std::string reason_;
};

}  // namespace

std::shared_ptr<const LeafReader> zarr_leaf_reader(std::shared_ptr<Store> store, Key array_path,
                                                   ArrayMetadata metadata,
                                                   std::shared_ptr<ShardIndexes> indexes) {
  if (metadata.sharding) {
    return std::make_shared<ShardReader>(std::move(store), std::move(array_path),
                                         std::move(metadata), std::move(indexes));
  }
  return std::make_shared<WholeChunkReader>(std::move(store), std::move(array_path),
                                            std::move(metadata));
}

std::shared_ptr<const LeafReader> refusing_array_reader(const Store& store, const Key& array_path,
                                                        const Shape& shape, std::string reason) {
  return std::make_shared<RefusingReader>(
      fmt::format("array {} of {}", array_path.text(), store.describe()), shape, std::move(reason));
}

}  // namespace gridmill
