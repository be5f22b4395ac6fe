#include "gridmill/zarr/array_reader.h"

#include <fmt/format.h>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

class ZarrReader final : public LeafReader {
 public:
  ZarrReader(std::shared_ptr<Store> store, Key path, ArrayMetadata metadata)
      : LeafReader(metadata.type, metadata.grid()),
        store_(std::move(store)),
        path_(std::move(path)),
        metadata_(std::move(metadata)),
        chunk_bytes_(volume(metadata_.chunks) * metadata_.type.size) {}

  std::int64_t stored_bound() const override {
    return metadata_.codecs.max_encoded_size(chunk_bytes_);
  }
  // A whole chunk where it can't be decoded in place.
  std::int64_t scratch_bound() const override { return 2 * chunk_bytes_; }

  bool fetch(const Index& position, Buffer& stored) const override {
    return store_->get(key(position), stored).has_value();
  }

  void decode(const Index&, ByteView stored, std::span<const Part> parts, StringArena& strings,
              CodecContext& context) const override {
    metadata_.codecs.decode(stored, metadata_.type, metadata_.chunks, parts, strings, context);
  }

  void fill(std::span<const Part> parts) const override {
    StringRef text{metadata_.fill.text.data(), metadata_.fill.text.size()};
    const std::byte* element = metadata_.type.is_string() ? reinterpret_cast<std::byte*>(&text)
                                                          : metadata_.fill.element.data();
    for (const Part& part : parts) fill_array(element, part.into);
  }

  std::optional<LeafLocation> locate(const Index& position) const override {
    return LeafLocation{store_->describe(), key(position).text(), std::nullopt};
  }

  std::string describe(const Index& position) const override {
    return fmt::format("chunk {} of {}", key(position).text(), store_->describe());
  }

 private:
  Key key(const Index& position) const { return path_ / metadata_.chunk_key(position); }

  std::shared_ptr<Store> store_;
  Key path_;
  ArrayMetadata metadata_;
  std::int64_t chunk_bytes_;
};

}  // namespace

std::shared_ptr<const LeafReader> zarr_leaf_reader(std::shared_ptr<Store> store, Key path,
                                                   ArrayMetadata metadata) {
  return std::make_shared<ZarrReader>(std::move(store), std::move(path), std::move(metadata));
}

}  // namespace gridmill
