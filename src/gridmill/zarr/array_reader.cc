#include "gridmill/zarr/array_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/box_stream.h"
#include "gridmill/codec/place.h"
#include "gridmill/store/ranges.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMostMeasured = 4096;  // chunks
// Chunks that are tried for one that is there and tells the size of its blocks.
constexpr std::int64_t kMostProbed = 16;
// More than any header of a frame.
constexpr std::int64_t kProbeBytes = 64;
// An uncoded chunk of a store that keeps values is fetched whole, not in pieces, up to this size.
constexpr std::int64_t kMostKeptWhole = std::int64_t{16} << 20;

// Where a chunk that is there lies.
struct Stored {
  Key key;
  Version version;
  ByteRange range;
};

// An uncoded chunk, read box by box; one that is absent gives its fill value.
class ChunkStream final : public BoxStream {
 public:
  // Of a chunk of such a shape. `find` says where it lies, and `describe` which it is. What they
  // refer to must outlive this.
  ChunkStream(const ArrayMetadata& metadata, const Shape& chunk, Store& store,
              std::function<std::optional<Stored>()> find, std::function<std::string()> describe,
              std::vector<Part> parts)
      : BoxStream(chunk, run_shape(chunk, metadata.type.size, kStreamBytes), std::move(parts),
                  metadata.codecs.is_big_endian()),
        metadata_(metadata),
        chunk_(chunk),
        store_(store),
        find_(std::move(find)),
        describe_(std::move(describe)) {}

  // The largest piece of any chunk.
  static std::int64_t piece_bytes(const ArrayMetadata& metadata) {
    const std::int64_t element = metadata.type.size;
    const std::int64_t chunk = volume(metadata.chunk) * element;
    // A small chunk may be read in larger pieces than the largest one.
    if (metadata.is_rectilinear()) return std::min(chunk, std::max(kStreamBytes, element));
    return volume(run_shape(metadata.chunk, element, kStreamBytes)) * element;
  }

 private:
  void read_box(const Box& box, Buffer& into) override {
    in_context(describe_, [&] {
      if (!is_found_) find();
      const std::int64_t size = volume(box.shape) * metadata_.type.size;
      if (stored_) return get(box, size, into);
      into.resize(static_cast<std::size_t>(size));
      fill_array(fill_.data(), view_of(into.bytes(), metadata_.type, box.shape));
    });
  }

  ArrayView view(ByteView piece, const Box& box) const override {
    return view_of(piece, metadata_.type, box.shape);
  }

  void find() {
    stored_ = find_();
    const std::int64_t wanted = volume(chunk_) * metadata_.type.size;
    if (stored_ && stored_->range.length != wanted) {
      throw Error(ErrorKind::corrupt, fmt::format("{} bytes are stored and {} belong to a chunk",
                                                  stored_->range.length, wanted));
    }
    if (!stored_) fill_ = stored_fill();
    is_found_ = true;
  }

  // In the stored order of bytes, which is turned when it is placed.
  std::vector<std::byte> stored_fill() const {
    std::vector<std::byte> fill = metadata_.fill.element(metadata_.type);
    const std::int32_t unit = metadata_.type.swap_unit();
    if (metadata_.codecs.is_big_endian()) copy_swapped(fill.data(), fill.data(), fill.size(), unit);
    return fill;
  }

  // A box is one run of the chunk.
  void get(const Box& box, std::int64_t size, Buffer& into) {
    const Index strides = c_strides(chunk_, metadata_.type.size);
    std::int64_t offset = stored_->range.offset;
    for (int d = 0; d < box.rank(); ++d) offset += box.begin[d] * strides[d];
    if (!store_.has_open_values()) {
      if (store_.get(stored_->key, {{{offset, size}}, stored_->version, size}, into)) return;
      throw Error(ErrorKind::conflict, "it vanished while it was read");
    }
    if (value_ == nullptr) value_ = open_version(store_, stored_->key, stored_->version);
    try {
      read_range(*value_, {offset, size}, into);
    } catch (...) {
      value_ = nullptr;  // the next attempt opens it anew
      throw;
    }
  }

  const ArrayMetadata& metadata_;
  const Shape chunk_;
  Store& store_;
  const std::function<std::optional<Stored>()> find_;
  const std::function<std::string()> describe_;
  bool is_found_ = false;
  std::optional<Stored> stored_;
  std::shared_ptr<const ValueReader> value_;
  std::vector<std::byte> fill_;
};

class ZarrLeafReader : public LeafReader {
 public:
  ZarrLeafReader(std::shared_ptr<Store> store, Key array, ArrayMetadata metadata)
      : LeafReader(metadata.type, metadata.grid()),
        store_(std::move(store)),
        array_(std::move(array)),
        metadata_(std::move(metadata)),
        is_streamed_(metadata_.codecs.is_uncoded(metadata_.type) && !is_kept_whole(metadata_)) {}

  std::int64_t stream_bytes() const override {
    return is_streamed_ ? ChunkStream::piece_bytes(metadata_) : 0;
  }
  std::unique_ptr<LeafStream> stream(const Index& position,
                                     std::vector<Part> parts) const override {
    return std::make_unique<ChunkStream>(
        metadata_, chunk_shape(position), *store_,
        [this, position] { return find_stored(position); },
        [this, position] { return describe(position); }, std::move(parts));
  }

  std::int64_t stored_bound() const override {
    const std::int64_t bound = metadata_.codecs.max_encoded_size(type(), grid().chunk());
    std::call_once(measured_once_, [&] { measured_ = largest_stored().value_or(bound); });
    return std::min(bound, measured_);
  }
  std::int64_t scratch_bound() const override {
    return metadata_.codecs.decode_scratch_size(type(), grid().chunk());
  }

  std::int64_t piece_bytes() const override {
    if (is_streamed_) return stream_bytes();
    if (!metadata_.codecs.has_pieces(type())) return 0;
    std::call_once(probed_once_, [&] { piece_ = probed_piece(); });
    return piece_;
  }

  bool fetch(const Index& position, Buffer& stored) const override {
    return in_context([&] { return describe(position); },
                      [&] { return fetch_chunk(position, stored); });
  }

  bool fetches_parts() const override {
    const CodecChain& codecs = metadata_.codecs;
    if (store_->keeps_values()) return !is_streamed_ && piece_bytes() > 0;
    return codecs.is_only_sharding() || (!is_streamed_ && codecs.has_pieces(type()));
  }
  bool fetch_parts(const Index& position, std::span<const Part> parts,
                   Buffer& stored) const override {
    return in_context([&] { return describe(position); },
                      [&] {
                        const auto fetched = fetch_pieces(position, parts, stored);
                        return fetched ? *fetched : fetch_chunk(position, stored);
                      });
  }

  void decode(const Index& position, ByteView stored, std::span<const Part> parts,
              StringArena& strings, CodecContext& context) const override {
    in_context([&] { return describe(position); },
               [&] {
                 metadata_.codecs.decode(stored, type(), chunk_shape(position), parts, strings,
                                         context);
               });
  }

  void fill(std::span<const Part> parts, StringArena& strings) const override {
    const std::vector<std::byte> element = metadata_.fill.element(type(), strings);
    for (const Part& part : parts) place_value(element.data(), type(), part);
  }

  std::string describe(const Index& position) const override {
    return fmt::format("chunk {} of {}", key_of(position).text(), store_->describe());
  }

 protected:
  virtual bool fetch_chunk(const Index& position, Buffer& stored) const {
    return store_->get(key_of(position), {{}, {}, most_stored()}, stored).has_value();
  }
  virtual std::optional<Stored> find_stored(const Index& position) const = 0;
  // Null: the chunk is not a value that the store has nearby.
  virtual std::unique_ptr<NearbyValue> nearby(const Index& /*position*/) const { return nullptr; }
  // The largest stored chunk there is, where looking is cheap: credit for what chunks could be at
  // worst would be two or three times too much.
  std::optional<std::int64_t> largest_stored() const {
    if (metadata_.sharding || grid().size() > kMostMeasured || type().is_string()) {
      return std::nullopt;
    }
    if (store_->keeps_values()) return largest_nearby();  // the rest lies far away
    std::int64_t largest = 0;
    store_->list(array_, [&](const ListEntry& entry) { largest = std::max(largest, entry.size); });
    return largest;
  }
  // nullopt: not all chunks lie nearby.
  std::optional<std::int64_t> largest_nearby() const {
    std::int64_t largest = 0;
    for (std::int64_t i = 0; i < grid().size(); ++i) {
      const auto size = store_->nearby_size(key_of(grid().position(i)));
      if (!size) return std::nullopt;
      largest = std::max(largest, *size);
    }
    return largest;
  }
  bool is_kept_whole(const ArrayMetadata& metadata) const {
    return store_->keeps_values() && volume(metadata.chunk) * metadata.type.size <= kMostKeptWhole;
  }
  std::int64_t most_stored() const { return metadata_.codecs.stored_limit(type(), grid().chunk()); }
  // As it is stored: whole at the array's edge, too.
  Shape chunk_shape(const Index& position) const { return grid().full_box_of(position).shape; }
  // The key that holds the chunk: its own, or its shard's.
  virtual Key key_of(const Index& position) const {
    return array_ / chunk_key(metadata_, position);
  }

  const std::shared_ptr<Store> store_;
  const Key array_;
  const ArrayMetadata metadata_;
  const bool is_streamed_;

 private:
  // Bytes of a stored chunk, some ranges at a time, or all (no ranges). False: they can't be had
  // so.
  struct StoredBytes {
    std::int64_t size = 0;
    std::function<bool(const std::vector<ByteRange>&, Buffer&)> read;
  };

  // nullopt: of a store that keeps values, one that isn't nearby. Its size is -1 where it is
  // absent.
  std::optional<StoredBytes> stored_bytes(const Index& position) const {
    if (store_->keeps_values()) {
      const std::shared_ptr<NearbyValue> value = nearby(position);
      if (value == nullptr) return std::nullopt;
      return StoredBytes{value->size(),
                         [value](const std::vector<ByteRange>& ranges, Buffer& into) {
                           return value->read(ranges, into);
                         }};
    }
    const std::optional<Stored> found = find_stored(position);
    if (!found) return StoredBytes{-1, {}};
    return StoredBytes{
        found->range.length, [this, stored = *found](std::vector<ByteRange> ranges, Buffer& into) {
          for (ByteRange& range : ranges) range.offset += stored.range.offset;
          return store_->get(stored.key, {std::move(ranges), stored.version}, into).has_value();
        }};
  }

  // The head says where the blocks lie; head and blocks make a frame that holds what is wanted.
  // nullopt: the chunk must be fetched whole.
  std::optional<bool> fetch_pieces(const Index& position, std::span<const Part> parts,
                                   Buffer& stored) const {
    if (metadata_.codecs.is_only_sharding()) return fetch_inner_chunks(position, parts, stored);
    const std::int64_t piece = is_streamed_ ? 0 : piece_bytes();  // that is a stream's
    if (piece == 0) return std::nullopt;
    const std::vector<bool> wanted =
        metadata_.codecs.touched_blocks(type(), chunk_shape(position), parts, piece);
    if (std::find(wanted.begin(), wanted.end(), false) == wanted.end()) return std::nullopt;
    const auto bytes = stored_bytes(position);
    if (!bytes) return std::nullopt;
    if (bytes->size < 0) return false;
    if (bytes->size > most_stored()) return std::nullopt;  // fetching it whole complains
    const auto blocks = static_cast<std::int64_t>(wanted.size());
    std::vector<ByteRange> frame{{0, std::min(BloscHead::size_of(blocks), bytes->size)}};
    if (!bytes->read(frame, stored)) return std::nullopt;  // gone: so says the whole
    const BloscHead head(stored, bytes->size);
    if (!head.has_pieces() || head.blocksize() != piece || head.block_count() != blocks) {
      return bytes->read({}, stored) ? std::optional(true) : std::nullopt;
    }
    const auto ranges = head.ranges(wanted);
    for (const auto& range : ranges) add_range(frame, {range.offset, range.length});
    (void)total_length(key_of(position), frame, most_stored());  // blocks may lie one in the other
    if (!bytes->read(frame, stored)) return std::nullopt;
    BloscHead::complete(stored.bytes(), wanted, ranges);
    return true;
  }

  // Of a shard inside a shard the chunks that are wanted, as a smaller shard.
  std::optional<bool> fetch_inner_chunks(const Index& position, std::span<const Part> parts,
                                         Buffer& stored) const {
    if (store_->keeps_values()) return std::nullopt;
    const ShardingCodec& codec = *metadata_.codecs.sharding();
    const std::vector<bool> wanted = codec.touched_chunks(chunk_shape(position), parts);
    if (std::find(wanted.begin(), wanted.end(), false) == wanted.end()) return std::nullopt;
    const auto found = find_stored(position);
    if (!found) return false;
    const auto [at, size] = found->range;
    const auto chunks = static_cast<std::int64_t>(wanted.size());
    const std::int64_t index_size = codec.index.bytes(chunks);
    if (size > most_stored() || size < index_size) return std::nullopt;  // the whole complains
    Buffer index;
    const std::int64_t index_at = codec.index.is_at_end ? at + size - index_size : at;
    GetRequest request{{{index_at, index_size}}, found->version, most_stored()};
    if (!store_->get(found->key, request, index)) return std::nullopt;
    const std::vector<ByteRange> ranges = shard_ranges(index, codec.index, size);
    ShardTable table(codec.index, chunks);
    request.ranges.clear();
    for (std::int64_t i = 0; i < chunks; ++i) {
      const auto& [begin, length] = ranges[static_cast<std::size_t>(i)];
      if (!wanted[static_cast<std::size_t>(i)] || length < 0) continue;
      table.add(i, length);
      add_range(request.ranges, {at + begin, length});
    }
    Buffer content;
    if (!table.is_empty() && !store_->get(found->key, request, content)) return std::nullopt;
    stored.clear();
    if (!codec.index.is_at_end) stored.append(table.index());
    stored.append(content);
    if (codec.index.is_at_end) stored.append(table.index());
    return true;
  }

  static void add_range(std::vector<ByteRange>& ranges, ByteRange more) {
    if (!ranges.empty() && ranges.back().offset + ranges.back().length == more.offset) {
      ranges.back().length += more.length;
    } else {
      ranges.push_back(more);
    }
  }

  // Metadata may leave the size of blocks to the encoder, so that only a chunk knows it. Of a store
  // that keeps values one that lies nearby: if none of the first ones does, all are fetched whole.
  std::int64_t probed_piece() const {
    Buffer begin;
    for (std::int64_t i = 0; i < std::min(grid().size(), kMostProbed); ++i) {
      const auto bytes = stored_bytes(grid().position(i));
      if (!bytes || bytes->size < 0) continue;
      if (!bytes->read({{0, std::min(bytes->size, kProbeBytes)}}, begin)) continue;
      try {
        return BloscHead(begin, static_cast<std::int64_t>(begin.size())).blocksize();
      } catch (const Error&) {
        break;  // whoever decodes it will say what is wrong
      }
    }
    if (store_->keeps_values()) return 0;
    return std::get<BloscCodec>(metadata_.codecs.byte_codecs().front()).blocksize;
  }

  mutable std::once_flag measured_once_;
  mutable std::int64_t measured_ = 0;
  mutable std::once_flag probed_once_;
  mutable std::int64_t piece_ = 0;
};

class WholeChunkReader final : public ZarrLeafReader {
 public:
  using ZarrLeafReader::ZarrLeafReader;

  std::optional<LeafLocation> locate(const Index& position) const override {
    return LeafLocation{store_->describe(), key_of(position).text(), std::nullopt};
  }

 protected:
  std::optional<Stored> find_stored(const Index& position) const override {
    const Key key = key_of(position);
    const auto found = store_->stat(key);
    if (!found) return std::nullopt;
    return Stored{key, found->version, {0, found->value_size}};
  }
  std::unique_ptr<NearbyValue> nearby(const Index& position) const override {
    return store_->nearby(key_of(position));
  }
};

// Chunks inside shards.
class ShardReader final : public ZarrLeafReader {
 public:
  ShardReader(std::shared_ptr<Store> store, Key array, ArrayMetadata metadata,
              std::shared_ptr<ShardIndexes> indexes)
      : ZarrLeafReader(std::move(store), std::move(array), std::move(metadata)),
        shards_(metadata_.key_grid()),
        indexes_(indexes ? std::move(indexes) : std::make_shared<ShardIndexes>()) {}

  std::string describe(const Index& position) const override {
    return fmt::format("chunk {} in shard {} of {}", to_string(position), key_of(position).text(),
                       store_->describe());
  }

 protected:
  bool fetch_chunk(const Index& position, Buffer& stored) const override {
    const auto found = find_stored(position);
    if (!found) return false;
    if (!store_->has_open_values()) {
      const GetRequest request{{found->range}, found->version, most_stored()};
      if (store_->get(found->key, request, stored)) return true;
      throw Error(ErrorKind::conflict, "the shard vanished while it was read");
    }
    (void)total_length(found->key, {found->range}, most_stored());
    OpenValues& shards = indexes_->shards();
    const auto shard = shards.get(*store_, found->key, found->version);
    try {
      read_range(*shard, found->range, stored);
    } catch (...) {
      shards.forget(found->key);
      throw;
    }
    return true;
  }

  std::optional<Stored> find_stored(const Index& position) const override {
    const Key key = key_of(position);
    const Place place = place_of(position);
    const auto index = indexes_->get(*store_, key, *metadata_.sharding, place.chunks);
    if (!index->has_value()) return std::nullopt;
    const auto range = (*index)->find(place.ordinal);
    if (!range) return std::nullopt;
    return Stored{key, (*index)->version, *range};
  }

  Key key_of(const Index& position) const override {
    return array_ / chunk_key(metadata_, shard_of(position));
  }

 private:
  // Where a chunk is found in its shard's index.
  struct Place {
    std::int64_t chunks = 1;  // of the shard
    std::int64_t ordinal = 0;
  };

  Index shard_of(const Index& position) const {
    return shards_.touching(grid().box_of(position)).begin;
  }

  Place place_of(const Index& position) const {
    const Box shard = shards_.full_box_of(shard_of(position));
    Place place;
    for (int d = 0; d < position.rank(); ++d) {
      const std::int64_t chunk = metadata_.chunk[d], count = shard.shape[d] / chunk;
      place.chunks *= count;
      place.ordinal = place.ordinal * count + (position[d] - shard.begin[d] / chunk);
    }
    return place;
  }

  const ChunkGrid shards_;
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
  RefusingReader(std::string description, const Shape& shape, ErrorKind kind, std::string reason)
      : LeafReader(types::bytes(1), ChunkGrid(shape, at_least_one(shape))),
        description_(std::move(description)),
        kind_(kind),
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
    throw Error(kind_, fmt::format("{}: {}", description_, reason_));
  }

  std::string description_;
  ErrorKind kind_;
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
                                                        const Shape& shape, ErrorKind kind,
                                                        std::string reason) {
  return std::make_shared<RefusingReader>(
      array_path.is_root() ? fmt::format("the array of {}", store.describe())
                           : fmt::format("array {} of {}", array_path.text(), store.describe()),
      shape, kind, std::move(reason));
}

}  // namespace gridmill
