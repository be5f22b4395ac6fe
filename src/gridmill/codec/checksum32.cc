#include "gridmill/codec/checksum32.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include "gridmill/base/error.h"
#include "gridmill/codec/checksum_bytes.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/crc32c.h"

namespace gridmill {

std::uint32_t checksum_of(Checksum kind, ByteView bytes) noexcept {
  switch (kind) {
    case Checksum::crc32:
      return libdeflate_crc32(0, bytes.data(), bytes.size());
    case Checksum::adler32:
      return libdeflate_adler32(1, bytes.data(), bytes.size());
    case Checksum::crc32c:
      return crc32c(bytes);
  }
  return 0;
}

template <Checksum kKind>
Checksum32Codec<kKind> Checksum32Codec<kKind>::from_json(const Json& configuration) {
  Checksum32Codec codec;
  if (!configuration.is_object() || !configuration.contains("location") ||
      configuration["location"].is_null()) {
    return codec;
  }
  const std::string name = json_string(configuration, "location", kName);
  if (name != "start" && name != "end") {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: location \"{}\" is not start or end", kName, name));
  }
  codec.location = name == "start" ? ChecksumLocation::start : ChecksumLocation::end;
  return codec;
}

template <Checksum kKind>
Json Checksum32Codec<kKind>::to_v3() const {
  return named_codec(fmt::format("numcodecs.{}", kName),
                     {{"location", location == ChecksumLocation::start ? "start" : "end"}});
}

template <Checksum kKind>
Json Checksum32Codec<kKind>::to_v2() const {
  return {{"id", std::string(kName)},
          {"location", location == ChecksumLocation::start ? "start" : "end"}};
}

template <Checksum kKind>
void Checksum32Codec<kKind>::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  const std::uint32_t checksum = checksum_of(kKind, raw);
  if (location == ChecksumLocation::end) {
    append_checksum(raw, checksum, out);
  } else {
    prepend_checksum(raw, checksum, out);
  }
}

template <Checksum kKind>
ByteView Checksum32Codec<kKind>::verified(ByteView stored) const {
  const bool is_first = location == ChecksumLocation::start;
  ByteView content = before_checksum(kName, stored);
  const std::byte* checksum = is_first ? stored.data() : stored.data() + content.size();
  if (is_first) content = stored.last(content.size());
  check_checksum(kName, load_le<std::uint32_t>(checksum), checksum_of(kKind, content));
  return content;
}

template struct Checksum32Codec<Checksum::crc32>;
template struct Checksum32Codec<Checksum::adler32>;
template struct Checksum32Codec<Checksum::crc32c>;

}  // namespace gridmill
