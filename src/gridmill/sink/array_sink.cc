#include "gridmill/sink/array_sink.h"

#include <fmt/format.h>

#include "gridmill/array/copy.h"

namespace gridmill {
namespace {

class ArraySink final : public Sink {
 public:
  ArraySink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata)
      : store_(std::move(store)),
        path_(std::move(path)),
        metadata_(std::move(metadata)),
        grid_(metadata_.grid()),
        fill_element_(metadata_.fill.element(metadata_.type)) {}

  const ChunkGrid& units() const override { return grid_; }
  Box region(int, const Index& unit) const override { return grid_.box_of(unit); }
  DataType column_type(int) const override { return metadata_.type; }
  Shape buffer_shape(int, const Index&) const override { return metadata_.chunk; }

  void prepare(int, const Index& unit, const MutableArrayView& buffer) const override {
    if (grid_.box_of(unit).shape != metadata_.chunk) metadata_.fill.fill(buffer);
  }

  std::int64_t encoded_bound() const override {
    return metadata_.codecs.max_encoded_size(metadata_.type, metadata_.chunk);
  }
  std::int64_t scratch_bound() const override {
    return metadata_.codecs.encode_scratch_size(metadata_.type, metadata_.chunk);
  }

  // Without codecs a chunk's buffer is what is stored, unless it may be left out.
  bool stores_columns() const override {
    return metadata_.codecs == CodecChain() && !metadata_.type.is_string() &&
           metadata_.fill.is_null();
  }

  void encode(const Index&, std::span<const ArrayView> columns, Buffer& out,
              CodecContext& context) const override {
    if (is_fill(columns[0])) {
      out.clear();  // no codec makes an empty value of a chunk
      return;
    }
    metadata_.codecs.encode(columns[0], out, context);
  }

  std::optional<Key> key(const Index& unit) const override {
    return path_ / chunk_key(metadata_, unit);
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    const Key where = path_ / chunk_key(metadata_, unit);
    if (encoded.empty()) return KeyRecord{where.text(), std::nullopt};
    store_->put(where, encoded);
    return record_of(where, encoded);
  }

  void finish() override {}

  std::string describe(const Index& unit) const override {
    return fmt::format("chunk {}/{} {}", path_.text(), chunk_key(metadata_, unit),
                       to_string(grid_.box_of(unit)));
  }

 private:
  bool is_fill(const ArrayView& chunk) const {
    if (metadata_.fill.is_null()) return false;
    if (!metadata_.type.is_string()) return all_equal(chunk, fill_element_.data());
    bool equal = true;
    for_each_position(whole_box(chunk.shape), [&](const Index& at) {
      equal = equal && load_le<StringRef>(chunk.at(at)).view() == metadata_.fill.text();
    });
    return equal;
  }

  std::shared_ptr<Store> store_;
  Key path_;
  ArrayMetadata metadata_;
  ChunkGrid grid_;
  std::vector<std::byte> fill_element_;
};

}  // namespace

std::shared_ptr<Sink> array_sink(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata) {
  metadata.codecs.check_encodable(metadata.type, metadata.chunk);
  return std::make_shared<ArraySink>(std::move(store), std::move(path), std::move(metadata));
}

}  // namespace gridmill
