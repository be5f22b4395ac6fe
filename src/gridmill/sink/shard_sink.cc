#include "gridmill/sink/shard_sink.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/sink/array_sink.h"

namespace gridmill {
namespace {

ArrayMetadata without_shards(ArrayMetadata metadata) {
  metadata.sharding.reset();
  return metadata;
}

class ShardSink final : public Sink {
 public:
  ShardSink(std::shared_ptr<Store> store, Key path, ArrayMetadata sharded,
            std::shared_ptr<Store> chunks, Key chunks_path)
      : store_(std::move(store)),
        path_(std::move(path)),
        metadata_(std::move(sharded)),
        grid_(metadata_.key_grid()),
        per_shard_(sharding_codec(metadata_).counts(metadata_.unit())),
        inside_(per_shard_, Index::filled(per_shard_.rank(), 1)),
        chunks_(std::move(chunks)),
        chunks_path_(std::move(chunks_path)),
        chunk_metadata_(without_shards(metadata_)) {}

  const ChunkGrid& units() const override { return grid_; }
  int columns() const override { return 0; }
  Box region(int, const Index& unit) const override { return grid_.box_of(unit); }
  DataType column_type(int) const override { return metadata_.type; }
  Shape buffer_shape(int, const Index&) const override { return metadata_.unit(); }
  void prepare(int, const Index&, const MutableArrayView&) const override {}
  // The one chunk that is on its way.
  std::int64_t encoded_bound() const override {
    return metadata_.codecs.max_encoded_size(metadata_.type, metadata_.chunk);
  }
  std::int64_t scratch_bound() const override { return 0; }
  void encode(const Index&, std::span<const ArrayView>, Buffer& out, CodecContext&) const override {
    out.clear();
  }
  std::optional<Key> key(const Index& unit) const override {
    return path_ / chunk_key(metadata_, unit);
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView) override {
    const Key where = path_ / chunk_key(metadata_, unit);
    const ShardIndexForm& form = metadata_.sharding->index;
    ShardTable table(form, volume(per_shard_));
    const std::vector<Found> found = find_chunks(unit, table);
    if (table.is_empty()) return KeyRecord{where.text(), std::nullopt};
    const auto writer = store_->writer(where);
    Hasher hasher;
    std::int64_t size = 0;
    const auto append = [&](ByteView bytes) {
      writer->append(bytes);
      hasher.add(bytes);
      size += static_cast<std::int64_t>(bytes.size());
    };
    if (!form.is_at_end) append(table.index());
    Buffer chunk;
    for (const Found& one : found) {
      read_chunk(one, unit, chunk);
      append(chunk);
    }
    if (form.is_at_end) append(table.index());
    (void)writer->commit();
    return KeyRecord{where.text(), ManifestEntry{size, hasher.result()}};
  }

  void finish() override {}
  std::string describe(const Index& unit) const override {
    return fmt::format("shard {}/{} {}", path_.text(), chunk_key(metadata_, unit),
                       to_string(grid_.box_of(unit)));
  }

 private:
  // A chunk that is not left out.
  struct Found {
    std::int64_t ordinal;  // in the shard
    std::int64_t bytes;
  };

  Key key_of(const Index& shard, std::int64_t ordinal) const {
    return chunks_path_ / chunk_key(chunk_metadata_, position_of(shard, ordinal));
  }

  Index position_of(const Index& shard, std::int64_t ordinal) const {
    Index position = inside_.position(ordinal);
    for (int d = 0; d < position.rank(); ++d) position[d] += shard[d] * per_shard_[d];
    return position;
  }

  // The index may have to be written first: it takes sizes alone.
  std::vector<Found> find_chunks(const Index& shard, ShardTable& table) const {
    std::vector<Found> found;
    const ChunkGrid all = metadata_.grid();
    for (std::int64_t i = 0; i < inside_.size(); ++i) {
      if (!is_in(all, position_of(shard, i))) continue;  // a shard may reach beyond the array
      const Key key = key_of(shard, i);
      const auto stored = chunks_->stat(key);
      if (!stored) throw_missing(key);
      if (stored->value_size == 0) continue;
      table.add(i, stored->value_size);
      found.push_back({i, stored->value_size});
    }
    return found;
  }

  void read_chunk(const Found& found, const Index& shard, Buffer& into) const {
    const Key key = key_of(shard, found.ordinal);
    if (!chunks_->get(key, into)) throw_missing(key);
    if (static_cast<std::int64_t>(into.size()) == found.bytes) return;
    throw Error(ErrorKind::conflict, fmt::format("{}: it had {} bytes and now has {}", key.text(),
                                                 found.bytes, into.size()));
  }

  [[noreturn]] static void throw_missing(const Key& key) {
    throw Error(
        ErrorKind::unavailable,
        fmt::format("{}: the stage before has not written it, or somebody removed it", key.text()));
  }

  static bool is_in(const ChunkGrid& grid, const Index& position) {
    for (int d = 0; d < position.rank(); ++d) {
      if (position[d] >= grid.counts()[d]) return false;
    }
    return true;
  }

  const std::shared_ptr<Store> store_;
  const Key path_;
  const ArrayMetadata metadata_;
  const ChunkGrid grid_;
  const Shape per_shard_;
  const ChunkGrid inside_;  // a shard's chunks, one by one
  const std::shared_ptr<Store> chunks_;
  const Key chunks_path_;
  const ArrayMetadata chunk_metadata_;
};

}  // namespace

std::shared_ptr<Sink> chunk_sink(std::shared_ptr<Store> store, Key path,
                                 const ArrayMetadata& sharded) {
  return array_sink(std::move(store), std::move(path), without_shards(sharded),
                    LeftOut::empty_value);
}

std::shared_ptr<Sink> shard_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata sharded,
                                 std::shared_ptr<Store> chunks, Key chunks_path) {
  return std::make_shared<ShardSink>(std::move(store), std::move(path), std::move(sharded),
                                     std::move(chunks), std::move(chunks_path));
}

}  // namespace gridmill
