#include "gridmill/sink/region_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <vector>

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
  RegionSink(std::shared_ptr<SharedStore> store, RegionOutput output,
             std::shared_ptr<MergeRoom> room)
      : store_(std::move(store)),
        room_(std::move(room)),
        path_(std::move(output.path)),
        metadata_(std::move(output.metadata)),
        box_(output.box),
        keys_(metadata_.key_grid()),
        touched_(keys_.touching(box_)),
        units_(touched_.shape, Index::filled(box_.rank(), 1)),
        encoder_(metadata_) {
    if (output.refuses_fill) refused_ = metadata_.fill.element(metadata_.type);
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
    if (!refused_.empty()) refuse_fill(unit, columns[0]);
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
    if (!is_whole(keys_, at, box_)) return merge(at, encoded);
    const Key where = *key(unit);
    const auto held = store_->lock(where, false);  // nobody merges into it meanwhile
    return store_->put(where, encoded);
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
    const std::lock_guard guard(room_->mutex);
    const Key key = path_ / chunk_key(metadata_, at);
    const auto held = store_->lock(key, true);
    const Box all = keys_.box_of(at);
    const Box ours = intersect(all, box_);
    Array unit = stored(all);
    copy_array(view_of(values, metadata_.type, ours.shape),
               unit.view().part(shifted(ours, all.begin, -1)));
    encoder_.encode(unit.view(), room_->encoded, room_->context);
    return store_->put(key, room_->encoded, Durability::synced);
  }

  void refuse_fill(const Index& unit, const ArrayView& values) const {
    const Box box = region(0, unit);
    for_each_position(whole_box(box.shape), [&](const Index& position) {
      if (std::memcmp(values.at(position), refused_.data(), refused_.size()) != 0) return;
      const Box one{position, Index::filled(position.rank(), 1)};
      const Box where = shifted(shifted(one, box.begin), box_.begin);
      throw Error(ErrorKind::corrupt,
                  fmt::format("{}: the value for {} equals the archive's _FillValue, which its "
                              "source does not declare: it would read as missing; make the archive "
                              "with another one (template --fill {}:VALUE)",
                              path_.text(), to_string(where), path_.text()));
    });
  }

  // What a key holds now, padded to a whole unit; the fill value where there is nothing.
  Array stored(const Box& box) {
    Array unit(metadata_.type, metadata_.unit());
    metadata_.fill.fill(unit.view());
    const std::shared_ptr<Store> from(store_, &store_->store());
    const auto reader = zarr_leaf_reader(from, path_, metadata_);
    for_each_position(reader->grid().touching(box), [&](const Index& position) {
      if (!reader->fetch(position, room_->fetched)) return;
      const Box leaf = reader->grid().box_of(position);
      const Part whole{whole_box(leaf.shape), unit.view().part(shifted(leaf, box.begin, -1))};
      reader->decode(position, room_->fetched, std::span(&whole, 1), unit.strings(),
                     room_->context);
    });
    return unit;
  }

  const std::shared_ptr<SharedStore> store_;
  const std::shared_ptr<MergeRoom> room_;
  const Key path_;
  const ArrayMetadata metadata_;
  const Box box_;
  const ChunkGrid keys_;
  const Box touched_;  // positions in keys_
  const ChunkGrid units_;
  const KeyEncoder encoder_;
  std::vector<std::byte> refused_;  // an element; empty: none
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

void check_region(const RegionOutput& output) {
  if (!output.metadata.type.is_string()) return;
  if (touched_keys(output.metadata, output.box).merged == 0) return;
  throw Error(
      ErrorKind::unsupported,
      fmt::format("{} holds texts, whose chunks can only be written whole: {} is not made of "
                  "whole ones, {} would be; leave it out, or make the archive with other "
                  "chunks of it (template --chunks {}:...)",
                  output.path.text(), to_string(output.box),
                  to_string(aligned_box(output.metadata, output.box)), output.path.text()));
}

std::shared_ptr<Sink> region_sink(std::shared_ptr<SharedStore> store, RegionOutput output,
                                  std::shared_ptr<MergeRoom> room) {
  check_region(output);
  return std::make_shared<RegionSink>(std::move(store), std::move(output), std::move(room));
}

}  // namespace gridmill
