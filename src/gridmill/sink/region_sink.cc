#include "gridmill/sink/region_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/zarr/array_reader.h"
#include "gridmill/zarr/key_encoder.h"

namespace gridmill {
namespace {

bool is_whole(const ChunkGrid& keys, const Index& key, const Box& box) {
  return contains(box, keys.box_of(key));
}

class RegionSink final : public Sink {
 public:
  RegionSink(std::shared_ptr<SharedStore> store, Key path, ArrayMetadata metadata, const Box& box)
      : store_(std::move(store)),
        path_(std::move(path)),
        metadata_(std::move(metadata)),
        box_(box),
        keys_(metadata_.key_grid()),
        touched_(keys_.touching(box)),
        units_(touched_.shape, Index::filled(box.rank(), 1)),
        encoder_(metadata_) {
    if (metadata_.type.is_string() && touched_keys(metadata_, box).merged > 0) {
      throw Error(
          ErrorKind::unsupported,
          fmt::format("{} holds texts, whose chunks can only be written whole: {} is not "
                      "made of whole ones, {} would be",
                      path_.text(), to_string(box), to_string(aligned_box(metadata_, box))));
    }
  }

  const ChunkGrid& units() const override { return units_; }
  DataType column_type(int) const override { return metadata_.type; }
  Box region(int, const Index& unit) const override {
    return shifted(intersect(keys_.box_of(key_of(unit)), box_), box_.begin, -1);
  }
  Shape buffer_shape(int column, const Index& unit) const override {
    return is_whole(keys_, key_of(unit), box_) ? metadata_.unit() : region(column, unit).shape;
  }
  void prepare(int, const Index& unit, const MutableArrayView& buffer) const override {
    const Index at = key_of(unit);
    if (is_whole(keys_, at, box_) && keys_.box_of(at).shape != metadata_.unit()) {
      metadata_.fill.fill(buffer);
    }
  }

  std::int64_t encoded_bound() const override {
    return std::max(encoder_.encoded_bound(), unit_bytes());
  }
  // Of a merge: the unit as it is and as it becomes, and what that is stored as, twice.
  std::int64_t scratch_bound() const override {
    return encoder_.scratch_bound() + 2 * unit_bytes() + 2 * encoder_.encoded_bound();
  }

  void encode(const Index& unit, std::span<const ArrayView> columns, Buffer& out,
              CodecContext& context) const override {
    if (is_whole(keys_, key_of(unit), box_)) return encoder_.encode(columns[0], out, context);
    const ArrayView& part = columns[0];  // as it is, for merge()
    out.resize(static_cast<std::size_t>(part.byte_size()));
    copy_array(part, view_of(out.bytes(), part.type, part.shape));
  }

  std::optional<Key> key(const Index& unit) const override {
    return path_ / chunk_key(metadata_, key_of(unit));
  }

  std::optional<KeyRecord> store(const Index& unit, ByteView encoded) override {
    const Index at = key_of(unit);
    if (is_whole(keys_, at, box_)) return store_->put(*key(unit), encoded, KeyOwner::us);
    return merge(at, encoded);
  }

  void finish() override {}

  std::string describe(const Index& unit) const override {
    const Index at = key_of(unit);
    return fmt::format("{} {}/{} {}", metadata_.sharding ? "shard" : "chunk", path_.text(),
                       chunk_key(metadata_, at), to_string(intersect(keys_.box_of(at), box_)));
  }

 private:
  Index key_of(const Index& unit) const {
    Index position = unit;
    for (int d = 0; d < position.rank(); ++d) position[d] += touched_.begin[d];
    return position;
  }

  std::int64_t unit_bytes() const { return volume(metadata_.unit()) * metadata_.type.size; }

  KeyRecord merge(const Index& at, ByteView values) {
    const std::lock_guard guard(merging_);
    const Key key = path_ / chunk_key(metadata_, at);
    const auto held = store_->lock(key);
    const Box all = keys_.box_of(at);
    const Box ours = intersect(all, box_);
    Array unit = stored(all);
    copy_array(view_of(values, metadata_.type, ours.shape),
               unit.view().part(shifted(ours, all.begin, -1)));
    encoder_.encode(unit.view(), encoded_, context_);
    return store_->put(key, encoded_, KeyOwner::shared);
  }

  // What a key holds now, padded to a whole unit; the fill value where there is nothing.
  Array stored(const Box& box) {
    Array unit(metadata_.type, metadata_.unit());
    metadata_.fill.fill(unit.view());
    const std::shared_ptr<Store> from(store_, &store_->store());
    const auto reader = zarr_leaf_reader(from, path_, metadata_);
    for_each_position(reader->grid().touching(box), [&](const Index& position) {
      if (!reader->fetch(position, fetched_)) return;
      const Box leaf = reader->grid().box_of(position);
      const Part whole{whole_box(leaf.shape), unit.view().part(shifted(leaf, box.begin, -1))};
      reader->decode(position, fetched_, std::span(&whole, 1), unit.strings(), context_);
    });
    return unit;
  }

  const std::shared_ptr<SharedStore> store_;
  const Key path_;
  const ArrayMetadata metadata_;
  const Box box_;
  const ChunkGrid keys_;
  const Box touched_;  // positions in keys_
  const ChunkGrid units_;
  const KeyEncoder encoder_;
  std::mutex merging_;  // holds what follows
  CodecContext context_;
  Buffer fetched_;
  Buffer encoded_;
};

}  // namespace

TouchedKeys touched_keys(const ArrayMetadata& metadata, const Box& box) {
  const ChunkGrid keys = metadata.key_grid();
  // Whole along a dimension in all but its first and last position, at most.
  std::int64_t whole = 1;
  const Box touched = keys.touching(box);
  for (int d = 0; d < box.rank(); ++d) {
    const std::int64_t unit = metadata.unit()[d];
    const std::int64_t first = (box.begin[d] + unit - 1) / unit;
    const bool reaches_end = box.end(d) == metadata.shape[d];
    const std::int64_t last = reaches_end ? touched.end(d) : box.end(d) / unit;
    whole *= std::max<std::int64_t>(0, last - first);
  }
  const std::int64_t all = volume(touched.shape);
  return {all, all - whole};
}

Box aligned_box(const ArrayMetadata& metadata, const Box& box) {
  Box aligned = box;
  for (int d = 0; d < box.rank(); ++d) {
    const std::int64_t unit = metadata.unit()[d];
    aligned.begin[d] = box.begin[d] / unit * unit;
    const std::int64_t end = (box.end(d) + unit - 1) / unit * unit;
    aligned.shape[d] = std::min(end, metadata.shape[d]) - aligned.begin[d];
  }
  return aligned;
}

std::shared_ptr<Sink> region_sink(std::shared_ptr<SharedStore> store, Key path,
                                  ArrayMetadata metadata, const Box& box) {
  return std::make_shared<RegionSink>(std::move(store), std::move(path), std::move(metadata), box);
}

}  // namespace gridmill
