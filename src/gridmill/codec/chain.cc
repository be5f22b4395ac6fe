// What a chain is: its codecs, the forms they make, the memory they take.
#include "gridmill/codec/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gridmill/array/array.h"
#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

// Decoder states and blocks that a context keeps.
constexpr std::int64_t kStates = std::int64_t{2} << 20;

Form encoded_form(const ArrayCodec& codec, const Form& form) {
  return std::visit(
      [&](const auto& one) {
        return Form{one.encoded_type(form.type), one.encoded_shape(form.shape)};
      },
      codec);
}

}  // namespace

void CodecChain::add(ArrayCodec codec) {
  if (const auto* next = std::get_if<TransposeCodec>(&codec)) {
    if (next->is_identity()) return;
    if (!array_codecs_.empty()) {
      if (auto* last = std::get_if<TransposeCodec>(&array_codecs_.back())) {
        *last = last->followed_by(*next);
        if (last->is_identity()) array_codecs_.pop_back();
        return;
      }
    }
  }
  array_codecs_.push_back(std::move(codec));
}

CodecChain CodecChain::narrowed(const std::optional<NarrowType>& narrow) && {
  if (narrow) add(NarrowCodec{*narrow});
  return std::move(*this);
}

CodecChain CodecChain::turning(RecordOrderCodec order) && {
  // Filters see the stored order, a transposition is done on the way to where a chunk is wanted.
  const auto first = array_codecs_.begin() + (transposition() != nullptr ? 1 : 0);
  array_codecs_.insert(first, std::move(order));
  return std::move(*this);
}

const TransposeCodec* CodecChain::transposition() const noexcept {
  return array_codecs_.empty() ? nullptr : std::get_if<TransposeCodec>(&array_codecs_.front());
}

bool CodecChain::is_plain(DataType type) const noexcept {
  return !type.is_string() && std::holds_alternative<BytesCodec>(array_bytes_) &&
         array_codecs_.size() == (transposition() != nullptr ? 1U : 0U);
}

const ArrayBytesCodec& CodecChain::array_bytes_codec(DataType encoded_type) const noexcept {
  static const ArrayBytesCodec kStrings = VlenUtf8Codec{};
  static const ArrayBytesCodec kBlobs = VlenBytesCodec{};
  const bool is_default = std::holds_alternative<BytesCodec>(array_bytes_);
  if (!encoded_type.is_string() || !is_default) return array_bytes_;
  return encoded_type == types::string ? kStrings : kBlobs;
}

std::vector<Form> CodecChain::forms(DataType type, const Shape& chunk) const {
  std::vector<Form> forms{{type, chunk}};
  for (const ArrayCodec& codec : array_codecs_) forms.push_back(encoded_form(codec, forms.back()));
  for (const Form& form : forms) byte_size(form);
  return forms;
}

DataType CodecChain::encoded_type(DataType type) const {
  for (const ArrayCodec& codec : array_codecs_) {
    type = std::visit([&](const auto& one) { return one.encoded_type(type); }, codec);
  }
  return type;
}

void CodecChain::check_form(DataType type, const Shape& chunk) const {
  const Form last = forms(type, chunk).back();
  std::visit([&](const auto& one) { one.check_type(last.type); }, array_bytes_codec(last.type));
  if (sharding() == nullptr) return;
  (void)sharding()->check_shape(last.shape);
  sharding()->codecs->check_form(last.type, sharding()->chunk);
}

void CodecChain::check_fill(const ArrayView& element) const {
  if (sharding() != nullptr) return sharding()->codecs->check_fill(element);
  const auto is_cast = [](const ArrayCodec& codec) {
    return std::holds_alternative<CastValueCodec>(codec);
  };
  const auto end = std::find_if(array_codecs_.rbegin(), array_codecs_.rend(), is_cast).base();
  ArrayView given = element;
  std::vector<Array> kept;
  for (auto codec = array_codecs_.begin(); codec != end; ++codec) {
    if (moves_only(*codec)) continue;
    const Form form = encoded_form(*codec, {given.type, given.shape});
    Array& encoded = kept.emplace_back(form.type, form.shape);
    std::visit([&](const auto& one) { one.encode(given, encoded.view()); }, *codec);
    if (is_cast(*codec)) {
      Array back(given.type, given.shape);
      std::get<CastValueCodec>(*codec).decode(encoded.view(), back.view(), back.strings());
    }
    given = std::as_const(encoded).view();
  }
}

const ShardingCodec* CodecChain::sharding() const noexcept {
  return std::get_if<ShardingCodec>(&array_bytes_);
}

bool CodecChain::is_scattered_shard() const noexcept {
  return sharding() != nullptr && array_codecs_.size() == (transposition() != nullptr ? 1U : 0U);
}

bool CodecChain::is_only_sharding() const noexcept {
  return sharding() != nullptr && array_codecs_.empty() && codecs_.empty();
}

void CodecChain::set_absent(const AbsentValue& value) {
  if (auto* shards = std::get_if<ShardingCodec>(&array_bytes_)) shards->set_absent(value);
}

std::int64_t CodecChain::chunks_of_shard(const Shape& chunk) const {
  Shape shard = chunk;
  for (const ArrayCodec& codec : array_codecs_) {
    shard = std::visit([&](const auto& one) { return one.encoded_shape(shard); }, codec);
  }
  return sharding()->check_shape(shard);
}

Index CodecChain::transposed_strides(const Shape& chunk, std::int64_t element_size) const {
  const TransposeCodec* first = transposition();
  return first == nullptr ? c_strides(chunk, element_size) : first->strides(chunk, element_size);
}

bool CodecChain::swaps(DataType type) const noexcept {
  const auto* bytes = std::get_if<BytesCodec>(&array_bytes_);
  return bytes != nullptr && bytes->swaps(type);
}

bool CodecChain::is_bounded(DataType type, const Shape& chunk) const {
  if (is_plain(type)) return true;
  if (sharding() != nullptr) return sharding()->is_bounded(type);
  const Form last = forms(type, chunk).back();
  return std::visit([&](const auto& one) { return one.encoded_size(last).has_value(); },
                    array_bytes_codec(last.type));
}

std::int64_t CodecChain::max_content_size(DataType type, const Shape& chunk) const {
  if (is_plain(type)) return checked_mul(volume(chunk), type.size, "a chunk's size");
  const Form last = forms(type, chunk).back();
  return std::visit([&](const auto& one) { return one.max_encoded_size(last); },
                    array_bytes_codec(last.type));
}

std::int64_t CodecChain::max_encoded_size(DataType type, const Shape& chunk) const {
  std::int64_t size = max_content_size(type, chunk);
  for (const ByteCodec& codec : codecs_) {
    size = std::visit([&](const auto& one) { return one.max_encoded_size(size); }, codec);
  }
  return size;
}

std::int64_t CodecChain::stored_limit(DataType type, const Shape& chunk) const {
  if (!is_bounded(type, chunk)) return kMaxChunkBytes;  // there is no telling how long they are
  return 2 * max_encoded_size(type, chunk) + 65536;
}

std::int64_t CodecChain::scratch_of_forms(DataType type, const Shape& chunk) const {
  if (is_plain(type)) return checked_mul(volume(chunk), type.size, "a chunk's size");
  const std::vector<Form> all = forms(type, chunk);
  std::int64_t largest = max_content_size(type, chunk);
  for (const Form& form : all) largest = std::max(largest, byte_size(form));
  const std::int64_t own = std::visit([&](const auto& one) { return one.scratch_size(all.back()); },
                                      array_bytes_codec(all.back().type));
  return (array_codecs_.empty() ? 1 : 2) * largest + own;
}

std::int64_t CodecChain::decode_scratch_size(DataType type, const Shape& chunk) const {
  const std::int64_t encoded = max_encoded_size(type, chunk);
  std::int64_t states = kStates;
  for (const ByteCodec& codec : codecs_) states += decoder_size(codec);
  if (has_pieces(type)) {  // a block before its shuffle is undone, and after
    return 2 * std::get<BloscCodec>(codecs_[0]).largest_block(encoded) + kStates;
  }
  const auto sizing = std::count_if(codecs_.begin(), codecs_.end(),
                                    [](const ByteCodec& codec) { return !is_checksum(codec); });
  if (is_scattered_shard()) {  // what is around it, once or twice, then chunk by chunk
    return sharding()->scratch_size(forms(type, chunk).back()) +
           std::min<std::int64_t>(sizing, 2) * max_content_size(type, chunk) + states;
  }
  return scratch_of_forms(type, chunk) + (sizing > 1 ? 2 * encoded : 0) + states;
}

std::int64_t CodecChain::encode_scratch_size(DataType type, const Shape& chunk) const {
  std::int64_t size = max_content_size(type, chunk);
  std::int64_t states = 0;
  for (const ByteCodec& codec : codecs_) {
    std::visit(
        [&](const auto& one) {
          states += one.encoder_size(size);
          size = one.max_encoded_size(size);
        },
        codec);
  }
  return std::max(scratch_of_forms(type, chunk), max_content_size(type, chunk)) +
         (codecs_.size() > 1 ? 2 * size : 0) + states + kStates;
}

void CodecChain::check_encodable(DataType type, const Shape& chunk) const {
  check_form(type, chunk);
  std::int64_t size = max_content_size(type, chunk);
  for (const ByteCodec& codec : codecs_) {
    if (std::holds_alternative<BloscCodec>(codec) && size > BloscCodec::kMaxRawSize) {
      throw Error(ErrorKind::invalid,
                  fmt::format("a chunk {} of {} has {} bytes, more than the {} that Blosc takes: "
                              "choose smaller --chunks or another --codec",
                              to_string(chunk), type.name(), size, BloscCodec::kMaxRawSize));
    }
    size = std::visit([&](const auto& one) { return one.max_encoded_size(size); }, codec);
  }
}

bool CodecChain::holds_objects() const noexcept {
  return std::holds_alternative<Json2Codec>(array_bytes_) ||
         std::holds_alternative<Msgpack2Codec>(array_bytes_);
}

bool CodecChain::is_uncoded(DataType type) const noexcept {
  return is_plain(type) && array_codecs_.empty() && codecs_.empty();
}

bool CodecChain::has_pieces(DataType type) const {
  return is_plain(type) && codecs_.size() == 1 && transposition() == nullptr &&
         std::holds_alternative<BloscCodec>(codecs_[0]);
}

namespace {

CodecChain zstd_in_blosc(DataType type, const std::optional<NarrowType>& narrow, int clevel,
                         std::int64_t blocksize) {
  if (type.is_string()) return CodecChain({ZstdCodec{}});
  const std::int32_t size = narrow ? narrow->stored_type().size : type.size;
  BloscCodec blosc;
  blosc.clevel = clevel;
  blosc.typesize = size <= 255 ? size : 1;
  blosc.blocksize = blocksize;
  return CodecChain({blosc}).narrowed(narrow);
}

}  // namespace

CodecChain default_chain(DataType type, const std::optional<NarrowType>& narrow) {
  return zstd_in_blosc(type, narrow, 1, std::int64_t{512} << 10);
}

CodecChain series_chain(DataType type, const std::optional<NarrowType>& narrow) {
  return zstd_in_blosc(type, narrow, 2, std::int64_t{256} << 10);
}

CodecChain quick_chain(DataType type) {
  if (type.is_string()) return {};
  BloscCodec blosc;
  blosc.cname = "lz4";
  blosc.typesize = type.size <= 255 ? type.size : 1;
  return CodecChain({blosc});
}

}  // namespace gridmill
