#include "gridmill/zarr/key_encoder.h"

#include "gridmill/array/copy.h"
#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

constexpr std::int64_t kEntryBytes = 16;
constexpr std::byte kAbsent{0xFF};  // sixteen of them: there is no such chunk

std::int64_t index_bytes(const ArrayMetadata& metadata) {
  return kEntryBytes * volume(chunks_per_shard(metadata)) +
         (metadata.sharding->is_index_checked ? 4 : 0);
}

}  // namespace

Shape chunks_per_shard(const ArrayMetadata& metadata) {
  Shape counts = metadata.chunk;
  for (int d = 0; d < counts.rank(); ++d) counts[d] = metadata.sharding->shard[d] / counts[d];
  return counts;
}

ShardTable::ShardTable(const ArrayMetadata& metadata)
    : entries_(static_cast<std::size_t>(kEntryBytes * volume(chunks_per_shard(metadata))), kAbsent),
      is_checked_(metadata.sharding->is_index_checked) {}

void ShardTable::add(std::int64_t ordinal, std::int64_t bytes) {
  std::byte* entry = entries_.data() + ordinal * kEntryBytes;
  store_le(entry, end_);
  store_le(entry + 8, static_cast<std::uint64_t>(bytes));
  end_ += static_cast<std::uint64_t>(bytes);
}

std::vector<std::byte> ShardTable::index() const {
  std::vector<std::byte> index = entries_;
  if (!is_checked_) return index;
  index.resize(entries_.size() + 4);
  store_le(index.data() + entries_.size(), crc32c(entries_));
  return index;
}

KeyEncoder::KeyEncoder(ArrayMetadata metadata)
    : metadata_(std::move(metadata)), fill_element_(metadata_.fill.element(metadata_.type)) {
  metadata_.codecs.check_encodable(metadata_.type, metadata_.chunk);
  if (metadata_.sharding && !metadata_.sharding->is_index_at_end) {
    throw Error(ErrorKind::unsupported, "shards are written with their index at the end only");
  }
  if (metadata_.is_rectilinear()) {
    throw Error(ErrorKind::unsupported,
                "the chunk grid \"rectilinear\" is read and not written: give a regular one");
  }
}

std::int64_t KeyEncoder::encoded_bound() const {
  const std::int64_t chunk = metadata_.codecs.max_encoded_size(metadata_.type, metadata_.chunk);
  if (!metadata_.sharding) return chunk;
  return checked_add(checked_mul(chunk, volume(chunks_per_shard(metadata_)), "a shard"),
                     index_bytes(metadata_), "a shard");
}

std::int64_t KeyEncoder::scratch_bound() const {
  const std::int64_t scratch =
      metadata_.codecs.encode_scratch_size(metadata_.type, metadata_.chunk);
  if (!metadata_.sharding) return scratch;
  return scratch + metadata_.codecs.max_encoded_size(metadata_.type, metadata_.chunk);
}

bool KeyEncoder::is_plain() const {
  return !metadata_.sharding && metadata_.codecs == CodecChain() && !metadata_.type.is_string() &&
         metadata_.fill.is_null();
}

bool KeyEncoder::is_fill(const ArrayView& chunk) const {
  if (metadata_.fill.is_null()) return false;
  if (!metadata_.type.is_string()) return all_equal(chunk, fill_element_.data());
  bool equal = true;
  for_each_position(whole_box(chunk.shape), [&](const Index& at) {
    equal = equal && load_le<StringRef>(chunk.at(at)).view() == metadata_.fill.text();
  });
  return equal;
}

void KeyEncoder::encode(const ArrayView& unit, Buffer& out, CodecContext& context) const {
  if (metadata_.sharding) return encode_shard(unit, out, context);
  if (is_fill(unit)) return out.clear();  // no codec makes an empty value of a chunk
  metadata_.codecs.encode(unit, out, context);
}

void KeyEncoder::encode_shard(const ArrayView& shard, Buffer& out, CodecContext& context) const {
  out.clear();
  ShardTable table(metadata_);
  Buffer encoded;
  const ChunkGrid chunks(metadata_.sharding->shard, metadata_.chunk);
  for (std::int64_t i = 0; i < chunks.size(); ++i) {
    const ArrayView chunk = shard.part(chunks.box_of(chunks.position(i)));
    if (is_fill(chunk)) continue;
    metadata_.codecs.encode(chunk, encoded, context);
    table.add(i, static_cast<std::int64_t>(encoded.size()));
    out.append(encoded);
  }
  if (!table.is_empty()) out.append(table.index());
}

}  // namespace gridmill
