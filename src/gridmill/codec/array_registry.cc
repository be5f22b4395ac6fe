#include "gridmill/codec/array_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

struct ArrayCodecEntry {
  std::string_view name;   // in v3
  std::string_view alias;  // another v3 name, "" if none
  std::string_view v2_id;  // "" if v2 has none
  ArrayCodec (*from_json)(const Json& configuration, const GivenArray& given);
};

// Those whose type, if they don't say it, is that of the elements.
template <class Codec>
ArrayCodec typed(const Json& configuration, const GivenArray& given) {
  return Codec::from_json(configuration, given.type);
}

constexpr auto kArrayCodecs = std::to_array<ArrayCodecEntry>({
    {"transpose", "", "",
     [](const Json& json, const GivenArray& given) -> ArrayCodec {
       return TransposeCodec::from_v3(json, given.rank);
     }},
    {"numcodecs.delta", "delta", "delta",
     [](const Json& json, const GivenArray&) -> ArrayCodec { return DeltaCodec::from_json(json); }},
    {"numcodecs.fixedscaleoffset", "fixedscaleoffset", "fixedscaleoffset",
     typed<FixedScaleOffsetCodec>},
    {"numcodecs.quantize", "quantize", "quantize", typed<QuantizeCodec>},
    {"bitround", "zarrs.bitround", "",
     [](const Json& json, const GivenArray&) -> ArrayCodec {
       return BitRoundCodec::from_json(json, false);
     }},
    {"numcodecs.bitround", "", "bitround",
     [](const Json& json, const GivenArray&) -> ArrayCodec {
       return BitRoundCodec::from_json(json, true);
     }},
    {"numcodecs.astype", "astype", "astype", typed<AsTypeCodec>},
    {"numcodecs.packbits", "", "packbits",
     [](const Json&, const GivenArray&) -> ArrayCodec { return PackBitsFilter{}; }},
    {"scale_offset", "", "",
     [](const Json& json, const GivenArray& given) -> ArrayCodec {
       return ScaleOffsetCodec::from_v3(json, given.type.type);
     }},
    {"cast_value", "", "",
     [](const Json& json, const GivenArray& given) -> ArrayCodec {
       return CastValueCodec::from_v3(json, given.type.type, given.narrow);
     }},
    {"reshape", "", "",
     [](const Json& json, const GivenArray&) -> ArrayCodec { return ReshapeCodec::from_v3(json); }},
    {"zarrs.squeeze", "squeeze", "",
     [](const Json&, const GivenArray&) -> ArrayCodec { return SqueezeCodec{}; }},
    {"", "", "categorize",
     [](const Json& json, const GivenArray&) -> ArrayCodec {
       return CategorizeCodec::from_v2(json);
     }},
});

struct ArrayBytesEntry {
  std::string_view name;   // in v3, "" if it has none
  std::string_view alias;  // another v3 name, "" if none
  std::string_view v2_id;  // of the filter, "" if v2 has none
  ArrayBytesCodec (*from_json)(const Json& configuration, const GivenArray& given);
};

template <class Codec>
ArrayBytesCodec without_members(const Json& /*configuration*/, const GivenArray& /*given*/) {
  return Codec{};
}

void refuse_fortran_order(const GivenArray& given, std::string_view codec) {
  if (!given.is_fortran_order) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("codec {} with order F is read in different ways by different software: "
                          "recode the data with order C",
                          codec));
}

// They hold logical rows, and numcodecs puts them down in memory's order: what was written with
// order F would be read back with its dimensions mixed up.
template <class Codec>
ArrayBytesCodec object_codec(const Json& object, const GivenArray& given) {
  refuse_fortran_order(given, Codec::kName);
  return Codec::from_v2(object, given.type.is_big_endian);
}

constexpr auto kArrayBytesCodecs = std::to_array<ArrayBytesEntry>({
    {"bytes", "endian", "",
     [](const Json& json, const GivenArray& given) -> ArrayBytesCodec {
       return BytesCodec::from_v3(json, given.type.type);
     }},
    {"vlen-utf8", "", "vlen-utf8", without_members<VlenUtf8Codec>},
    {"vlen-bytes", "", "vlen-bytes", without_members<VlenBytesCodec>},
    {"packbits", "", "",
     [](const Json& json, const GivenArray&) -> ArrayBytesCodec {
       return PackBitsCodec::from_json(json);
     }},
    {"zfp", "zarrs.zfp", "",
     [](const Json& json, const GivenArray&) -> ArrayBytesCodec {
       return ZfpCodec::from_v3(json);
     }},
    {"numcodecs.zfpy", "zfpy", "zfpy",
     [](const Json& json, const GivenArray& given) -> ArrayBytesCodec {
       refuse_fortran_order(given, ZfpyCodec::kName);
       if (given.type.swaps()) {
         throw Error(ErrorKind::unsupported,
                     "codec zfpy knows no byte order but the machine's: recode the data with a "
                     "little-endian dtype");
       }
       return ZfpyCodec::from_json(json);
     }},
    {"numcodecs.pcodec", "pcodec", "pcodec",
     [](const Json& json, const GivenArray& given) -> ArrayBytesCodec {
       return PcodecCodec::from_json(json, given.type);
     }},
    {"", "", "vlen-array",
     [](const Json& json, const GivenArray&) -> ArrayBytesCodec {
       return VlenArrayCodec::from_v2(json);
     }},
    {"sharding_indexed", "", "",
     [](const Json& json, const GivenArray& given) -> ArrayBytesCodec {
       const DataType type = given.narrow ? given.narrow->memory_type() : given.type.type;
       return ShardingCodec::from_v3(json, type, given.narrow);
     }},
    {"", "", "json2", object_codec<Json2Codec>},
    {"", "", "msgpack2", object_codec<Msgpack2Codec>},
});

struct Refused {
  std::string_view name;
  std::string_view why;
};

constexpr auto kRefused = std::to_array<Refused>({
    {"pickle",
     "runs whatever program its bytes hold, so that it is never decoded: recode the data with the "
     "software that wrote them (as vlen-utf8 or with a fixed data type)"},
});

template <class Entry>
bool has_v3_name(const Entry& entry, std::string_view name) {
  return !name.empty() && (entry.name == name || entry.alias == name);
}

// The entry that `matches`, or none.
template <class Table, class Matches>
auto find_entry(const Table& table, Matches&& matches) {
  const auto found = std::find_if(table.begin(), table.end(), matches);
  return found == table.end() ? nullptr : &*found;
}

[[noreturn]] void throw_not_narrow(std::string_view codec, const NarrowType& narrow) {
  throw Error(ErrorKind::unsupported,
              fmt::format("codec {} of {} is not supported: bytes, packbits, transpose, reshape, "
                          "squeeze and cast_value are, and what compresses bytes",
                          codec, narrow.name()));
}

// Memory holds wider numbers, whose arithmetic is another.
bool takes_narrow(const ArrayCodec& codec) {
  return std::holds_alternative<TransposeCodec>(codec) ||
         std::holds_alternative<ReshapeCodec>(codec) ||
         std::holds_alternative<SqueezeCodec>(codec) ||
         std::holds_alternative<CastValueCodec>(codec);
}

}  // namespace

GivenArray given_behind(const ArrayCodec& codec, const GivenArray& given) {
  if (given.narrow && !takes_narrow(codec)) throw_not_narrow(name_of(codec), *given.narrow);
  GivenArray behind = given;
  std::visit(
      [&](const auto& one) {
        behind.type = {one.encoded_type(given.type.type), one.encoded_as(given.type).is_big_endian};
        if (given.rank) behind.rank = one.encoded_rank(*given.rank);
      },
      codec);
  const auto* cast = std::get_if<CastValueCodec>(&codec);
  if (cast != nullptr) behind.narrow = cast->narrow_encoded;
  return behind;
}

void check_takes_narrow(const ArrayBytesCodec& codec, const NarrowType& narrow) {
  const bool takes =
      std::holds_alternative<BytesCodec>(codec) || std::holds_alternative<PackBitsCodec>(codec);
  if (!takes) throw_not_narrow(name_of(codec), narrow);
}

std::optional<ArrayCodec> array_codec_from_v3(const Json& codec, const GivenArray& given) {
  const std::string name = codec_name(codec);
  const auto* entry = find_entry(kArrayCodecs, [&](auto& one) { return has_v3_name(one, name); });
  if (entry == nullptr) return std::nullopt;
  return entry->from_json(codec_configuration(codec), given);
}

std::optional<ArrayCodec> array_codec_from_v2(const Json& codec, const GivenArray& given) {
  const std::string id = json_string(codec, "id", "a v2 codec");
  const auto* entry =
      find_entry(kArrayCodecs, [&](auto& one) { return !id.empty() && one.v2_id == id; });
  if (entry == nullptr) return std::nullopt;
  return entry->from_json(codec, given);
}

std::optional<ArrayBytesCodec> array_bytes_codec_from_v3(const Json& codec,
                                                         const GivenArray& given) {
  const std::string name = codec_name(codec);
  const auto* entry =
      find_entry(kArrayBytesCodecs, [&](auto& one) { return has_v3_name(one, name); });
  if (entry == nullptr) return std::nullopt;
  return entry->from_json(codec_configuration(codec), given);
}

std::optional<ArrayBytesCodec> array_bytes_codec_from_v2(const Json& codec,
                                                         const GivenArray& given) {
  const std::string id = json_string(codec, "id", "a v2 codec");
  const auto* entry =
      find_entry(kArrayBytesCodecs, [&](auto& one) { return !id.empty() && one.v2_id == id; });
  if (entry == nullptr) return std::nullopt;
  return entry->from_json(codec, given);
}

std::vector<std::string> array_codec_names() {
  std::vector<std::string> names;
  for (const ArrayCodecEntry& entry : kArrayCodecs) {
    names.emplace_back(entry.name.empty() ? entry.v2_id : entry.name);
  }
  for (const ArrayBytesEntry& entry : kArrayBytesCodecs) {
    names.emplace_back(entry.name.empty() ? entry.v2_id : entry.name);
  }
  return names;
}

void refuse_known_codec(std::string_view name) {
  for (const Refused& refused : kRefused) {
    if (refused.name != name) continue;
    throw Error(ErrorKind::unsupported, fmt::format("codec {} {}", name, refused.why));
  }
}

bool is_implied(const ArrayCodec& codec) noexcept {
  return std::holds_alternative<NarrowCodec>(codec) ||
         std::holds_alternative<RecordOrderCodec>(codec);
}

bool moves_only(const ArrayCodec& codec) noexcept {
  return std::holds_alternative<TransposeCodec>(codec) ||
         std::holds_alternative<ReshapeCodec>(codec) || std::holds_alternative<SqueezeCodec>(codec);
}

std::string_view name_of(const ArrayCodec& codec) noexcept {
  return std::visit([](const auto& one) { return one.kName; }, codec);
}

std::string_view name_of(const ArrayBytesCodec& codec) noexcept {
  return std::visit([](const auto& one) { return one.kName; }, codec);
}

}  // namespace gridmill
