#include "gridmill/sink/array_sink.h"

#include <fmt/format.h>

#include "gridmill/zarr/key_encoder.h"

namespace gridmill {
namespace {

class ArraySink final : public Sink {
 public:
  ArraySink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata, LeftOut left_out)
      : store_(std::move(store)),
        path_(std::move(path)),
        metadata_(std::move(metadata)),
        grid_(metadata_.key_grid()),
        encoder_(metadata_),
        left_out_(left_out) {}

  const ChunkGrid& units() const override { return grid_; }
  Box region(int, const Index& unit) const override { return grid_.box_of(unit); }
  DataType column_type(int) const override { return metadata_.type; }
  Shape buffer_shape(int, const Index&) const override { return metadata_.unit(); }

  void prepare(int, const Index& unit, const MutableArrayView& buffer) const override {
    if (grid_.box_of(unit).shape != metadata_.unit()) metadata_.fill.fill(buffer);
  }

  std::int64_t encoded_bound() const override { return encoder_.encoded_bound(); }
  std::int64_t scratch_bound() const override { return encoder_.scratch_bound(); }
  // Without codecs a chunk's buffer is what is stored, unless it may be left out.
  bool stores_columns() const override { return encoder_.is_plain(); }

  void encode(const Index&, std::span<const ArrayView> columns, Buffer& out,
              CodecContext& context) const override {
    encoder_.encode(columns[0], out, context);
  }

  std::optional<Key> key(const Index& unit) const override {
    return path_ / chunk_key(metadata_, unit);
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    const Key where = path_ / chunk_key(metadata_, unit);
    if (encoded.empty() && left_out_ == LeftOut::absent) {
      return KeyRecord{where.text(), std::nullopt};
    }
    store_->put(where, encoded);
    return record_of(where, encoded);
  }

  void finish() override {}

  std::string describe(const Index& unit) const override {
    return fmt::format("{} {}/{} {}", metadata_.sharding ? "shard" : "chunk", path_.text(),
                       chunk_key(metadata_, unit), to_string(grid_.box_of(unit)));
  }

 private:
  const std::shared_ptr<Store> store_;
  const Key path_;
  const ArrayMetadata metadata_;
  const ChunkGrid grid_;
  const KeyEncoder encoder_;
  const LeftOut left_out_;
};

}  // namespace

std::shared_ptr<Sink> array_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata,
                                 LeftOut left_out) {
  return std::make_shared<ArraySink>(std::move(store), std::move(path), std::move(metadata),
                                     left_out);
}

}  // namespace gridmill
