#include "gridmill/sink/shard_sink.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/sink/array_sink.h"
#include "gridmill/zarr/key_encoder.h"

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
        per_shard_(chunks_per_shard(metadata_)),
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
    const auto writer = store_->writer(where);
    Hasher hasher;
    std::int64_t size = 0;
    const auto append = [&](ByteView bytes) {
      writer->append(bytes);
      hasher.add(bytes);
      size += static_cast<std::int64_t>(bytes.size());
    };
    ShardTable table(metadata_);
    append_chunks(unit, table, append);
    if (table.is_empty()) return KeyRecord{where.text(), std::nullopt};
    append(table.index());
    (void)writer->commit();
    return KeyRecord{where.text(), ManifestEntry{size, hasher.result()}};
  }

  void finish() override {}
  std::string describe(const Index& unit) const override {
    return fmt::format("shard {}/{} {}", path_.text(), chunk_key(metadata_, unit),
                       to_string(grid_.box_of(unit)));
  }

 private:
  template <class Append>
  void append_chunks(const Index& shard, ShardTable& table, const Append& append) const {
    const ChunkGrid inside(per_shard_, Index::filled(per_shard_.rank(), 1));
    const ChunkGrid all = metadata_.grid();
    Buffer chunk;
    for (std::int64_t i = 0; i < inside.size(); ++i) {
      Index position = inside.position(i);
      for (int d = 0; d < position.rank(); ++d) position[d] += shard[d] * per_shard_[d];
      if (!is_in(all, position)) continue;  // a shard may reach beyond the array
      const Key key = chunks_path_ / chunk_key(chunk_metadata_, position);
      if (!chunks_->get(key, chunk)) {
        throw Error(ErrorKind::unavailable,
                    fmt::format("{}: the stage before has not written it, or somebody removed it",
                                key.text()));
      }
      if (chunk.empty()) continue;
      table.add(i, static_cast<std::int64_t>(chunk.size()));
      append(chunk);
    }
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
