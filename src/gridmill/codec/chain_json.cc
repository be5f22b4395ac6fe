// The JSON forms of a CodecChain: Zarr v3 `codecs`, v2 `compressor`, `filters` and `order`.
#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/codec/chain.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_bad_codecs(std::string_view why) {
  throw Error(ErrorKind::corrupt, fmt::format("codecs: {}", why));
}

[[noreturn]] void throw_behind(std::string_view name) {
  throw_bad_codecs(fmt::format("{} stands behind an array -> bytes codec", name));
}

// What makes bytes of a narrow type is given its codes.
GivenArray stored_form(GivenArray given) {
  if (given.narrow) given.type = {given.narrow->stored_type()};
  return given;
}

}  // namespace

CodecChain CodecChain::from_v3(const Json& codecs, DataType type, int rank,
                               const std::optional<NarrowType>& narrow) {
  if (!codecs.is_array()) throw_bad_codecs("not a list");
  CodecChain chain;
  GivenArray given{{type}, rank, false, narrow};
  bool has_array_bytes = false;
  for (const Json& codec : codecs) {
    const std::string name = codec_name(codec);
    refuse_known_codec(name);
    if (std::optional<ArrayCodec> array_codec = array_codec_from_v3(codec, given)) {
      if (has_array_bytes) throw_behind(name);
      chain.add_to_v3(std::move(*array_codec), given);
    } else if (auto array_bytes = array_bytes_codec_from_v3(codec, stored_form(given))) {
      if (has_array_bytes) throw_behind(name);
      given = stored_form(given);
      const bool is_shard = std::holds_alternative<ShardingCodec>(*array_bytes);
      if (given.narrow && !is_shard) chain.narrow_to(*given.narrow, *array_bytes);
      chain.set_array_bytes(std::move(*array_bytes), given.type.type);
      if (chain.sharding() != nullptr) chain.check_before_shard();
      has_array_bytes = true;
    } else {
      // An unknown one is refused by its name.
      ByteCodec byte_codec = byte_codec_from_v3(codec, chain.item_size(given.type.type));
      if (!has_array_bytes) throw_bad_codecs(fmt::format("{} stands before bytes", name));
      chain.codecs_.push_back(std::move(byte_codec));
    }
  }
  if (!has_array_bytes) throw_bad_codecs("no array -> bytes codec (bytes, vlen-utf8)");
  return chain;
}

// v3's codecs see elements in memory's order. `given` becomes what the next one gets.
void CodecChain::add_to_v3(ArrayCodec codec, GivenArray& given) {
  std::visit(
      [&](const auto& one) {
        if (one.decoded_as(given.type).swaps() || one.encoded_as(given.type).swaps()) {
          throw Error(ErrorKind::unsupported,
                      fmt::format("codec {}: big-endian types have no meaning in Zarr v3, where "
                                  "`bytes` sets the byte order",
                                  one.kName));
        }
      },
      codec);
  given = given_behind(codec, given);
  add(std::move(codec));
}

void CodecChain::set_array_bytes(ArrayBytesCodec codec, DataType type) {
  std::visit([&](const auto& one) { one.check_type(type); }, codec);
  // What strings and blobs have without being asked for.
  const bool is_default =
      std::holds_alternative<VlenUtf8Codec>(codec) || std::holds_alternative<VlenBytesCodec>(codec);
  if (!is_default) array_bytes_ = std::move(codec);
}

// The codes are made right before the bytes, of which packbits keeps no more than the codes have.
// Before a shard they aren't: the chain of its chunks makes them.
void CodecChain::narrow_to(const NarrowType& narrow, ArrayBytesCodec& array_bytes) {
  check_takes_narrow(array_bytes, narrow);
  auto* packbits = std::get_if<PackBitsCodec>(&array_bytes);
  if (packbits != nullptr) packbits->code_bits = narrow.bits;
  add(NarrowCodec{narrow});
}

// What a shard leaves out is the array's fill value only if nothing before it changes values.
void CodecChain::check_before_shard() const {
  for (const ArrayCodec& codec : array_codecs_) {
    if (moves_only(codec)) continue;
    throw Error(ErrorKind::unsupported,
                fmt::format("codec {0} before a shard is not supported, because software does not "
                            "agree on what absent chunks then are: recode the data with {0} inside "
                            "sharding_indexed",
                            name_of(codec)));
  }
}

// What a codec shuffles unless it is told otherwise.
std::int64_t CodecChain::item_size(DataType encoded_type) const noexcept {
  const bool is_bytes = std::holds_alternative<BytesCodec>(array_bytes_);
  return codecs_.empty() && is_bytes && !encoded_type.is_string() ? encoded_type.size : 1;
}

namespace {

// The elements as bytes, which later filters see as rows of their own types.
FlatCodec flat_from(ArrayCodec codec, const NumpyType& given) {
  return std::visit(
      [&](const auto& one) {
        FlatCodec flat{one, one.decoded_as(given), one.encoded_as(given)};
        one.encoded_type(flat.decoded_type.type);  // refuses what it can't take
        return flat;
      },
      codec);
}

// True if a filter sees the elements as what they are. Other bits of the same size will do, if no
// byte order comes between.
bool sees_elements(const ArrayCodec& codec, const NumpyType& given) {
  const NumpyType seen = std::visit([&](const auto& one) { return one.decoded_as(given); }, codec);
  if (seen == given) return true;
  return !seen.swaps() && !given.swaps() && seen.type.size == given.type.size &&
         !given.type.is_string();
}

}  // namespace

CodecChain CodecChain::from_v2(const Json& compressor, const Json& filters, bool is_fortran_order,
                               DataType type, bool is_big_endian, int rank,
                               const std::optional<NarrowType>& narrow) {
  CodecChain chain;
  if (is_fortran_order && rank > 1) chain.add(TransposeCodec::reversed(rank));
  GivenArray given{
      {type, is_big_endian && type.swap_unit() > 1}, rank, chain.transposition() != nullptr};
  if (narrow) {  // filters see its codes
    chain.add(NarrowCodec{*narrow});
    given.type = {narrow->stored_type()};
  }
  chain.is_dtype_big_endian_ = given.type.is_big_endian;
  std::vector<Json> stages;
  if (!filters.is_null()) stages.insert(stages.end(), filters.begin(), filters.end());
  if (!compressor.is_null()) stages.push_back(compressor);
  bool is_array = true;  // until a codec makes bytes
  for (const Json& stage : stages) is_array = chain.add_v2(stage, is_array, given);
  if (is_array) chain.end_array_v2(given.type);
  return chain;
}

// Returns whether there still is an array behind it.
bool CodecChain::add_v2(const Json& stage, bool is_array, GivenArray& given) {
  refuse_known_codec(json_string(stage, "id", "a v2 codec"));
  if (std::optional<ArrayCodec> codec = array_codec_from_v2(stage, given)) {
    if (is_array && !sees_elements(*codec, given.type)) {
      end_array_v2(given.type);
      is_array = false;
    }
    if (!is_array) {
      codecs_.push_back(flat_from(std::move(*codec), {types::uint8}));
      return false;
    }
    given = given_behind(*codec, given);
    add(std::move(*codec));
    return true;
  }
  if (is_array) {
    if (auto array_bytes = array_bytes_codec_from_v2(stage, given)) {
      set_array_bytes(std::move(*array_bytes), given.type.type);
      return false;
    }
    end_array_v2(given.type);
  }
  codecs_.push_back(byte_codec_from_v2(stage, item_size(given.type.type)));
  return false;
}

void CodecChain::end_array_v2(const NumpyType& type) {
  if (type.type.is_string()) {
    throw Error(ErrorKind::unsupported,
                "dtype |O without a filter that makes bytes of objects (vlen-utf8) is not "
                "supported: recode the data");
  }
  if (type.swaps()) array_bytes_ = BytesCodec{true};
}

bool CodecChain::is_big_endian() const noexcept {
  if (sharding() != nullptr) return sharding()->codecs->is_big_endian();
  const bool has_others = array_codecs_.size() > (transposition() != nullptr ? 1U : 0U);
  const auto* bytes = std::get_if<BytesCodec>(&array_bytes_);
  return has_others || bytes == nullptr ? is_dtype_big_endian_ : bytes->is_big_endian;
}

Json CodecChain::to_v3(DataType type) const {
  Json codecs = Json::array();
  for (const ArrayCodec& codec : array_codecs_) {
    if (is_implied(codec)) continue;
    codecs.push_back(std::visit([](const auto& one) { return one.to_v3(); }, codec));
  }
  const DataType encoded = encoded_type(type);
  codecs.push_back(
      std::visit([&](const auto& one) { return one.to_v3(encoded); }, array_bytes_codec(encoded)));
  for (const ByteCodec& codec : codecs_) {
    codecs.push_back(std::visit([](const auto& one) { return one.to_v3(); }, codec));
  }
  return codecs;
}

namespace {

// What stands under `compressor`; other codecs are filters, wherever they stand.
bool is_compressor(const ByteCodec& codec) { return !std::holds_alternative<FlatCodec>(codec); }
bool is_compressor(const ArrayBytesCodec& codec) {
  return std::holds_alternative<ZfpyCodec>(codec) || std::holds_alternative<PcodecCodec>(codec);
}

Json v2_of(const ByteCodec& codec) {
  return std::visit([](const auto& one) { return one.to_v2(); }, codec);
}

}  // namespace

Json CodecChain::v2_compressor() const {
  if (codecs_.empty() && is_compressor(array_bytes_)) {
    return std::visit([](const auto& one) { return one.to_v2(); }, array_bytes_);
  }
  if (codecs_.empty() || !is_compressor(codecs_.back())) return nullptr;
  return v2_of(codecs_.back());
}

Json CodecChain::v2_filters(DataType type) const {
  Json filters = Json::array();
  NumpyType now{type, is_dtype_big_endian_};
  for (std::size_t i = transposition() != nullptr ? 1 : 0; i < array_codecs_.size(); ++i) {
    if (!is_implied(array_codecs_[i])) {
      filters.push_back(std::visit([](const auto& one) { return one.to_v2(); }, array_codecs_[i]));
    }
    now = std::visit([&](const auto& one) { return one.encoded_as(now); }, array_codecs_[i]);
  }
  const ArrayBytesCodec& array_bytes = array_bytes_codec(now.type);
  if (const auto* bytes = std::get_if<BytesCodec>(&array_bytes)) {
    if (!filters.empty() && bytes->swaps(now.type) != now.swaps()) {
      throw Error(ErrorKind::unsupported,
                  "Zarr v2 has no place for a byte order behind filters; use --zarr-format 3");
    }
  } else if (!codecs_.empty() || !is_compressor(array_bytes)) {
    filters.push_back(std::visit([](const auto& one) { return one.to_v2(); }, array_bytes));
  }
  for (std::size_t i = 0; i < codecs_.size(); ++i) {
    if (i + 1 < codecs_.size() || !is_compressor(codecs_[i])) filters.push_back(v2_of(codecs_[i]));
  }
  if (filters.empty()) return nullptr;
  return filters;
}

bool CodecChain::is_fortran_order() const {
  const TransposeCodec* first = transposition();
  if (first == nullptr) return false;
  if (*first == TransposeCodec::reversed(first->order.rank())) return true;
  throw Error(ErrorKind::unsupported,
              fmt::format("Zarr v2 knows orders C and F, not the transposition {}; use "
                          "--zarr-format 3 or leave it out",
                          to_string(first->order)));
}

std::string CodecChain::summary() const {
  std::string text;
  for (const ArrayCodec& codec : array_codecs_) {
    if (std::holds_alternative<TransposeCodec>(codec)) continue;
    if (is_implied(codec)) continue;
    if (!text.empty()) text += " + ";
    text += name_of(codec);
  }
  const bool is_usual = std::holds_alternative<BytesCodec>(array_bytes_);
  if (!is_usual) text += (text.empty() ? "" : " + ") + std::string(name_of(array_bytes_));
  if (sharding() != nullptr) {
    text += fmt::format(" {} ({})", to_string(sharding()->chunk), sharding()->codecs->summary());
  }
  for (const ByteCodec& codec : codecs_) {
    if (!text.empty()) text += " + ";
    if (const auto* flat = std::get_if<FlatCodec>(&codec)) {
      text += name_of(flat->codec);
      continue;
    }
    text += name_of(codec);
    if (const auto* blosc = std::get_if<BloscCodec>(&codec)) {
      text += fmt::format(" {} {} {}", blosc->cname, blosc->clevel, to_string(blosc->shuffle));
    }
    if (const auto* zstd = std::get_if<ZstdCodec>(&codec)) text += fmt::format(" {}", zstd->level);
    if (const auto* gzip = std::get_if<GzipCodec>(&codec)) text += fmt::format(" {}", gzip->level);
    if (const auto* zlib = std::get_if<ZlibCodec>(&codec)) text += fmt::format(" {}", zlib->level);
  }
  return text.empty() ? "uncompressed" : text;
}

}  // namespace gridmill
