#include "gridmill/codec/registry.h"

#include <fmt/format.h>

#include <array>
#include <concepts>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/array_registry.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

template <class Codec>
ByteCodec plain(const Json& configuration, std::int64_t /*item_size*/) {
  return Codec::from_json(configuration);
}

template <class Codec>
ByteCodec sized(const Json& configuration, std::int64_t item_size) {
  return Codec::from_json(configuration, item_size);
}

// At the end of the content it is v3's own codec.
ByteCodec any_crc32c(const Json& configuration, std::int64_t /*item_size*/) {
  const auto codec = LocatedCrc32cCodec::from_json(configuration);
  if (codec.location == ChecksumLocation::end) return Crc32cCodec{};
  return codec;
}

constexpr auto kTable = std::to_array<CodecEntry>({
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
    {"crc32c", "crc32c", "numcodecs.crc32c", any_crc32c, any_crc32c},
    {"numcodecs.bz2", "bz2", "bz2", plain<Bz2Codec>, plain<Bz2Codec>},
    {"numcodecs.lzma", "lzma", "lzma", plain<LzmaCodec>, plain<LzmaCodec>},
    {"numcodecs.lz4", "lz4", "lz4", plain<Lz4Codec>, plain<Lz4Codec>},
    {"numcodecs.shuffle", "shuffle", "shuffle", sized<ShuffleCodec>, sized<ShuffleCodec>},
    {"numcodecs.base64", "base64", "base64", plain<Base64Codec>, plain<Base64Codec>},
    {"numcodecs.crc32", "crc32", "crc32", plain<Crc32Codec>, plain<Crc32Codec>},
    {"numcodecs.adler32", "adler32", "adler32", plain<Adler32Codec>, plain<Adler32Codec>},
    {"numcodecs.fletcher32", "fletcher32", "fletcher32", plain<Fletcher32Codec>,
     plain<Fletcher32Codec>},
    {"numcodecs.jenkins_lookup3", "jenkins_lookup3", "jenkins_lookup3", plain<JenkinsLookup3Codec>,
     plain<JenkinsLookup3Codec>},
});

template <class Codec>
constexpr bool kIsChecksum = requires(const Codec& codec, ByteView bytes) {
  { codec.verified(bytes) } -> std::same_as<ByteView>;
};

[[noreturn]] void throw_misused(const ByteCodec& codec) {
  throw Error(ErrorKind::internal,
              fmt::format("codec {} is asked for what it isn't", name_of(codec)));
}

}  // namespace

std::span<const CodecEntry> codec_table() { return kTable; }

void throw_unknown_codec(std::string_view name) {
  std::vector<std::string> known;
  for (const CodecEntry& entry : kTable) known.emplace_back(entry.name);
  for (std::string& other : array_codec_names()) known.push_back(std::move(other));
  const bool is_of_other_format = std::find(known.begin(), known.end(), name) != known.end();
  if (is_of_other_format) {
    throw Error(ErrorKind::unsupported,
                fmt::format("codec \"{}\" is not one of this Zarr format: it is written as "
                            "{{\"id\": \"{}\"}}, in Zarr v2",
                            name, name));
  }
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

bool is_checksum(const ByteCodec& codec) noexcept {
  return std::visit([](const auto& one) { return kIsChecksum<std::decay_t<decltype(one)>>; },
                    codec);
}

ByteView verified(const ByteCodec& codec, ByteView stored) {
  return std::visit(
      [&](const auto& one) -> ByteView {
        if constexpr (kIsChecksum<std::decay_t<decltype(one)>>) return one.verified(stored);
        throw_misused(codec);
      },
      codec);
}

void decode_sized(const ByteCodec& codec, ByteView stored, MutableByteView out,
                  CodecContext& context) {
  std::visit(
      [&](const auto& one) {
        if constexpr (!kIsChecksum<std::decay_t<decltype(one)>>) {
          one.decode(stored, out, context);
        } else {
          throw_misused(codec);
        }
      },
      codec);
}

void decode_unsized(const ByteCodec& codec, ByteView stored, std::int64_t limit, Buffer& out,
                    CodecContext& context) {
  std::visit(
      [&](const auto& one) {
        if constexpr (!kIsChecksum<std::decay_t<decltype(one)>>) {
          one.decode_unsized(stored, limit, out, context);
        } else {
          throw_misused(codec);
        }
      },
      codec);
}

std::int64_t decoder_size(const ByteCodec& codec) {
  return std::visit(
      [](const auto& one) -> std::int64_t {
        if constexpr (requires { one.decoder_size(); }) return one.decoder_size();
        return 0;
      },
      codec);
}

}  // namespace gridmill
