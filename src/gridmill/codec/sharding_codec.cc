#include "gridmill/codec/sharding_codec.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/chain.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/part_index.h"
#include "gridmill/codec/place.h"

namespace gridmill {
namespace {

Shape chunk_shape_of(const Json& configuration) {
  const Json& list = json_member(configuration, "chunk_shape", ShardingCodec::kName);
  if (!list.is_array()) {
    throw Error(ErrorKind::corrupt, "sharding_indexed: chunk_shape is not a list");
  }
  Shape shape;
  for (const Json& item : list) {
    const bool fits = item.is_number_integer() &&
                      (!item.is_number_unsigned() || item.get<std::uint64_t>() >> 63 == 0);
    if (!fits || item.get<std::int64_t>() < 1) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("sharding_indexed: chunk_shape holds {}, which is no integer from 1 "
                              "on",
                              item.dump()));
    }
    shape.push_back(item.get<std::int64_t>());
  }
  return shape;
}

bool is_index_at_end(const Json& configuration) {
  if (!configuration.contains("index_location")) return true;
  const std::string location = json_string(configuration, "index_location", ShardingCodec::kName);
  if (location != "start" && location != "end") {
    throw Error(ErrorKind::corrupt,
                fmt::format("index_location \"{}\" is neither start nor end", location));
  }
  return location == "end";
}

// The index must have a size that is known beforehand: bytes, and perhaps a checksum.
ShardIndexForm index_form_of(const Json& configuration) {
  const Json& codecs = json_member(configuration, "index_codecs", ShardingCodec::kName);
  const bool is_known = codecs.is_array() && (codecs.size() == 1 || codecs.size() == 2) &&
                        codec_name(codecs[0]) == "bytes" &&
                        (codecs.size() == 1 || codec_name(codecs[1]) == "crc32c");
  if (!is_known) {
    throw Error(ErrorKind::unsupported,
                fmt::format("shard index codecs {} are not supported", codecs.dump()));
  }
  const CodecChain order = CodecChain::from_v3(Json::array({codecs[0]}), types::uint64, 1);
  return {is_index_at_end(configuration), codecs.size() == 2, order.is_big_endian()};
}

// The index of a shard that is at hand whole.
std::vector<ByteRange> ranges_in(ByteView shard, const ShardIndexForm& form, std::int64_t chunks) {
  const auto size = static_cast<std::size_t>(form.bytes(chunks));
  if (shard.size() < size) {
    throw Error(ErrorKind::corrupt,
                fmt::format("a shard has {} bytes, its index alone needs {}", shard.size(), size));
  }
  return shard_ranges(form.is_at_end ? shard.last(size) : shard.first(size), form,
                      static_cast<std::int64_t>(shard.size()));
}

}  // namespace

bool AbsentValue::is_all_of(const ArrayView& chunk) const {
  if (!chunk.type.is_string()) return all_equal(chunk, element.data());
  bool equal = true;
  for_each_position(whole_box(chunk.shape), [&](const Index& at) {
    equal = equal && load_le<StringRef>(chunk.at(at)).view() == text;
  });
  return equal;
}

void AbsentValue::fill(DataType type, const Part& part, StringArena& strings) const {
  if (!type.is_string()) return place_value(element.data(), type, part);
  std::byte reference[sizeof(StringRef)];
  store_le(reference, strings.add(text));
  place_value(reference, type, part);
}

ShardingCodec ShardingCodec::from_v3(const Json& configuration, DataType type,
                                     const std::optional<NarrowType>& narrow) {
  ShardingCodec codec;
  codec.chunk = chunk_shape_of(configuration);
  codec.index = index_form_of(configuration);
  const Json& inner = json_member(configuration, "codecs", kName);
  codec.codecs = std::make_shared<const CodecChain>(
      CodecChain::from_v3(inner, type, codec.chunk.rank(), narrow));
  if (codec.depth() > kMaxDepth) {
    throw Error(ErrorKind::unsupported,
                fmt::format("shards nested more than {} deep are not supported", kMaxDepth));
  }
  return codec;
}

Json ShardingCodec::to_v3(DataType type) const {
  Json index_codecs = CodecChain().to_v3(types::uint64);
  if (index.is_big_endian) index_codecs[0]["configuration"]["endian"] = "big";
  if (index.is_checked) index_codecs.push_back({{"name", "crc32c"}});
  return named_codec(kName, {{"chunk_shape", std::vector<std::int64_t>(chunk.begin(), chunk.end())},
                             {"codecs", codecs->to_v3(type)},
                             {"index_codecs", index_codecs},
                             {"index_location", index.is_at_end ? "end" : "start"}});
}

Json ShardingCodec::to_v2() const {
  throw Error(ErrorKind::unsupported, "Zarr v2 has no shards; use --zarr-format 3");
}

int ShardingCodec::depth() const {
  const ShardingCodec* inner = codecs->sharding();
  return 1 + (inner == nullptr ? 0 : inner->depth());
}

void ShardingCodec::set_absent(const AbsentValue& value) {
  absent = value;
  if (codecs->sharding() == nullptr) return;
  auto inner = std::make_shared<CodecChain>(*codecs);
  inner->set_absent(value);
  codecs = std::move(inner);
}

Shape ShardingCodec::counts(const Shape& shard) const {
  Shape counts = chunk;
  for (int d = 0; d < counts.rank(); ++d) counts[d] = shard[d] / counts[d];
  return counts;
}

std::int64_t ShardingCodec::check_shape(const Shape& shard) const {
  if (shard.rank() != chunk.rank()) {
    throw Error(ErrorKind::corrupt, fmt::format("shards {} and their chunks {} differ in rank",
                                                to_string(shard), to_string(chunk)));
  }
  for (int d = 0; d < shard.rank(); ++d) {
    if (shard[d] % chunk[d] != 0) {
      throw Error(ErrorKind::corrupt, fmt::format("chunks {} do not divide shards {}",
                                                  to_string(chunk), to_string(shard)));
    }
  }
  const std::int64_t inside = codecs->sharding() == nullptr ? 1 : codecs->chunks_of_shard(chunk);
  const std::int64_t chunks = checked_mul(volume(counts(shard)), inside, "a shard");
  if (chunks > kMaxChunks) {
    throw Error(ErrorKind::unsupported,
                fmt::format("shards of {} chunks are not supported", chunks));
  }
  return chunks;
}

bool ShardingCodec::is_bounded(DataType type) const { return codecs->is_bounded(type, chunk); }

std::vector<bool> ShardingCodec::touched_chunks(const Shape& shard,
                                                std::span<const Part> parts) const {
  const ChunkGrid chunks(shard, chunk);
  std::vector<bool> touched(static_cast<std::size_t>(chunks.size()), false);
  for (const Part& part : parts) {
    for_each_position(chunks.touching(part.box), [&](const Index& position) {
      touched[static_cast<std::size_t>(chunks.ordinal(position))] = true;
    });
  }
  return touched;
}

std::int64_t ShardingCodec::max_encoded_size(const Form& form) const {
  const std::int64_t chunks = volume(counts(form.shape));
  const std::int64_t content =
      checked_mul(codecs->max_encoded_size(form.type, chunk), chunks, "a shard's size");
  return checked_add(content, index.bytes(chunks), "a shard's size");
}

std::int64_t ShardingCodec::scratch_size(const Form& form) const {
  const std::int64_t chunks = volume(counts(form.shape));
  return std::max(codecs->decode_scratch_size(form.type, chunk),
                  codecs->encode_scratch_size(form.type, chunk) +
                      codecs->max_encoded_size(form.type, chunk)) +
         2 * index.bytes(chunks);
}

void ShardingCodec::encode(const ArrayView& shard, Buffer& out) const {
  CodecContext context;  // the caller's holds what is being encoded
  (void)encode(shard, out, context);
}

bool ShardingCodec::encode(const ArrayView& shard, Buffer& out, CodecContext& context) const {
  const ChunkGrid chunks(shard.shape, chunk);
  ShardTable table(index, chunks.size());
  out.clear();
  if (!index.is_at_end) out.append(table.index());  // its place
  Buffer encoded;
  for (std::int64_t i = 0; i < chunks.size(); ++i) {
    const ArrayView part = shard.part(chunks.box_of(chunks.position(i)));
    if (absent && absent->is_all_of(part)) continue;
    codecs->encode(part, encoded, context);
    table.add(i, static_cast<std::int64_t>(encoded.size()));
    out.append(encoded);
  }
  const std::vector<std::byte> entries = table.index();
  if (index.is_at_end) {
    out.append(entries);
  } else {
    std::copy(entries.begin(), entries.end(), out.data());
  }
  return !table.is_empty();
}

void ShardingCodec::decode(ByteView stored, const MutableArrayView& shard,
                           StringArena& strings) const {
  const Part whole{whole_box(shard.shape), shard};
  decode_parts(stored, {shard.type, shard.shape}, {&whole, 1}, strings);
}

void ShardingCodec::decode_parts(ByteView stored, const Form& form, std::span<const Part> parts,
                                 StringArena& strings) const {
  (void)check_shape(form.shape);  // shards of a rectilinear grid differ
  const ChunkGrid chunks(form.shape, chunk);
  const std::vector<ByteRange> ranges = ranges_in(stored, index, chunks.size());
  CodecContext context;  // `stored` may lie in the caller's
  PartIndex index_of_parts(parts, form.shape.rank());
  std::vector<Part> wanted;
  for (std::int64_t i = 0; i < chunks.size(); ++i) {
    const Index position = chunks.position(i);
    const Box box = chunks.box_of(position);
    wanted.clear();
    index_of_parts.for_each_meeting(
        box, [&](std::size_t part) { wanted.push_back(part_within(parts[part], box)); });
    if (wanted.empty()) continue;
    const auto [offset, length] = ranges[static_cast<std::size_t>(i)];
    in_context([&] { return fmt::format("chunk {} inside the shard", to_string(position)); },
               [&, begin = offset, size = length] {
                 if (size >= 0) {
                   const ByteView encoded = stored.subspan(static_cast<std::size_t>(begin),
                                                           static_cast<std::size_t>(size));
                   return codecs->decode(encoded, form.type, chunk, wanted, strings, context);
                 }
                 if (!absent)
                   throw Error(ErrorKind::corrupt, "it is left out, and there is no fill value");
                 for (const Part& part : wanted) absent->fill(form.type, part, strings);
               });
  }
}

bool operator==(const ShardingCodec& a, const ShardingCodec& b) {
  return a.chunk == b.chunk && a.index == b.index && a.absent == b.absent && *a.codecs == *b.codecs;
}

}  // namespace gridmill
