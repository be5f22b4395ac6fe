#include "gridmill/codec/registry.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

template <class Codec>
ByteCodec plain_v3(const Json& configuration) {
  return Codec::from_json(configuration);
}

template <class Codec>
ByteCodec plain_v2(const Json& object, std::int64_t /*item_size*/) {
  return Codec::from_json(object);
}

constexpr std::array<CodecEntry, 5> kTable{{
    {"blosc", "blosc", "numcodecs.blosc",
     [](const Json& json) -> ByteCodec { return BloscCodec::from_v3(json); },
     [](const Json& json, std::int64_t size) -> ByteCodec {
       return BloscCodec::from_v2(json, size);
     }},
    {"zstd", "zstd", "numcodecs.zstd", plain_v3<ZstdCodec>, plain_v2<ZstdCodec>},
    {"gzip", "gzip", "numcodecs.gzip", plain_v3<GzipCodec>, plain_v2<GzipCodec>},
    {"numcodecs.zlib", "zlib", "zlib", plain_v3<ZlibCodec>, plain_v2<ZlibCodec>},
    {"crc32c", "", "", plain_v3<Crc32cCodec>, plain_v2<Crc32cCodec>},
}};

}  // namespace

std::span<const CodecEntry> codec_table() { return kTable; }

void throw_unknown_codec(std::string_view name) {
  std::vector<std::string> known;
  for (const CodecEntry& entry : kTable) known.emplace_back(entry.name);
  throw Error(ErrorKind::unsupported,
              fmt::format("codec \"{}\" is not supported{}; known are {}: recode the data with the "
                          "software that wrote them",
                          name, did_you_mean(name, known), join(known, ", ")));
}

ByteCodec byte_codec_from_v3(const Json& codec) {
  const std::string name =
      codec.is_string() ? codec.get<std::string>() : json_string(codec, "name", "a codec");
  const bool configured = codec.is_object() && codec.contains("configuration");
  const Json configuration = configured ? codec["configuration"] : Json(Json::object());
  for (const CodecEntry& entry : kTable) {
    if (entry.name == name || (!entry.alias.empty() && entry.alias == name)) {
      return entry.from_v3(configuration);
    }
  }
  throw_unknown_codec(name);
}

ByteCodec byte_codec_from_v2(const Json& codec, std::int64_t item_size) {
  const std::string id = json_string(codec, "id", "a v2 codec");
  for (const CodecEntry& entry : kTable) {
    if (!entry.v2_id.empty() && entry.v2_id == id) return entry.from_v2(codec, item_size);
  }
  throw_unknown_codec(id);
}

std::string_view name_of(const ByteCodec& codec) noexcept {
  return std::visit([](const auto& one) { return one.kName; }, codec);
}

}  // namespace gridmill
