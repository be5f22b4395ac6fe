#include "gridmill/codec/registry.h"

#include <fmt/format.h>

#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

template <class Codec>
ByteCodec plain(const Json& configuration, std::int64_t /*item_size*/) {
  return Codec::from_json(configuration);
}

constexpr std::array<CodecEntry, 5> kTable{{
    {"blosc", "blosc", "numcodecs.blosc",
     [](const Json& json, std::int64_t size) -> ByteCodec {
       return BloscCodec::from_v3(json, size);
     },
     [](const Json& json, std::int64_t size) -> ByteCodec {
       return BloscCodec::from_v2(json, size);
     }},
    {"zstd", "zstd", "numcodecs.zstd", plain<ZstdCodec>, plain<ZstdCodec>},
    {"gzip", "gzip", "numcodecs.gzip", plain<GzipCodec>, plain<GzipCodec>},
    {"numcodecs.zlib", "zlib", "zlib", plain<ZlibCodec>, plain<ZlibCodec>},
    {"crc32c", "", "", plain<Crc32cCodec>, plain<Crc32cCodec>},
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

ByteCodec byte_codec_from_v3(const Json& codec, std::int64_t item_size) {
  const std::string name = codec_name(codec);
  for (const CodecEntry& entry : kTable) {
    if (entry.name == name || (!entry.alias.empty() && entry.alias == name)) {
      return entry.from_v3(codec_configuration(codec), item_size);
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
