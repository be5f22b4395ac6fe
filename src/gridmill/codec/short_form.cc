#include "gridmill/codec/short_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/text.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

using Parts = std::vector<std::string>;

[[noreturn]] void throw_invalid(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::invalid, fmt::format("codec \"{}\": {}", text, why));
}

void check_count(std::string_view text, const Parts& parts, std::size_t most) {
  if (parts.size() > most) throw_invalid(text, fmt::format("more than {} parts", most));
}

int level_of(std::string_view text, const Parts& parts, std::size_t at, int otherwise, int low,
             int high) {
  if (parts.size() <= at || parts[at].empty()) return otherwise;
  const std::int64_t level = parse_int(parts[at]);
  if (level < low || level > high) {
    throw_invalid(text, fmt::format("level {} is not between {} and {}", level, low, high));
  }
  return static_cast<int>(level);
}

// What a codec says about its own names, here as the user's mistake.
template <class Look>
auto looked_up(std::string_view text, Look&& look) {
  try {
    return look();
  } catch (const Error& error) {
    throw_invalid(text, error.message());
  }
}

BloscCodec blosc_of(std::string_view text, const Parts& parts, DataType type) {
  check_count(text, parts, 5);
  BloscCodec blosc;
  blosc.typesize = type.is_string() || type.size > 255 ? 1 : type.size;
  blosc.blocksize = std::int64_t{512} << 10;
  if (parts.size() > 1 && !parts[1].empty()) blosc.cname = parts[1];
  looked_up(text, [&] { check_blosc_cname(blosc.cname); });
  blosc.clevel = level_of(text, parts, 2, 1, 0, 9);
  if (parts.size() > 3 && !parts[3].empty()) {
    blosc.shuffle = looked_up(text, [&] { return blosc_shuffle_from(parts[3]); });
  }
  if (parts.size() > 4 && !parts[4].empty()) blosc.blocksize = parse_size(parts[4]);
  if (blosc.blocksize > BloscCodec::kMaxRawSize) throw_invalid(text, "the block size is too large");
  return blosc;
}

ZstdCodec zstd_of(std::string_view text, const Parts& parts) {
  check_count(text, parts, 3);
  ZstdCodec zstd;
  zstd.level = level_of(text, parts, 1, 3, -131072, 22);
  if (parts.size() > 2) {
    if (parts[2] != "checksum") throw_invalid(text, "the third part can only be \"checksum\"");
    zstd.checksum = true;
  }
  return zstd;
}

// Filters and compressor in one list. Strings that no filter makes bytes of are vlen-utf8.
CodecChain from_v2_list(Json codecs, DataType type, int rank,
                        const std::optional<NarrowType>& narrow) {
  if (type.is_string() && !array_bytes_codec_from_v2(codecs[0], {{type}, rank}) &&
      !array_codec_from_v2(codecs[0], {{type}, rank})) {
    codecs.insert(codecs.begin(), VlenUtf8Codec{}.to_v2());
  }
  return CodecChain::from_v2(nullptr, codecs, false, type, false, rank, narrow);
}

// `bytes` may be left out: it is put behind the array -> array codecs.
Json with_array_bytes(Json codecs, DataType type, int rank,
                      const std::optional<NarrowType>& narrow) {
  GivenArray given{{type}, rank, false, narrow};
  auto at = codecs.begin();
  for (; at != codecs.end(); ++at) {
    if (codec_name(*at) == ShardingCodec::kName) return codecs;
    if (array_bytes_codec_from_v3(*at, {{types::uint8}, rank})) return codecs;
    const std::optional<ArrayCodec> codec = array_codec_from_v3(*at, given);
    if (!codec) break;
    given = given_behind(*codec, given);
  }
  codecs.insert(at, CodecChain().to_v3(given.type.type)[0]);
  return codecs;
}

CodecChain from_json_text(std::string_view text, DataType type, int rank,
                          const std::optional<NarrowType>& narrow) {
  const Json json = parse_json(text);
  Json codecs = json.is_array() ? json : Json(Json::array({json}));
  const auto is_v2 = [](const Json& codec) { return codec.is_object() && codec.contains("id"); };
  if (!codecs.empty() && std::all_of(codecs.begin(), codecs.end(), is_v2)) {
    return from_v2_list(std::move(codecs), type, rank, narrow);
  }
  codecs = with_array_bytes(std::move(codecs), type, rank, narrow);
  return CodecChain::from_v3(codecs, type, rank, narrow);
}

CodecChain from_short_form(std::string_view text, DataType type) {
  const Parts parts = split(text, ':');
  const std::string& name = parts[0];
  if (name == "none" || name == "uncompressed") {
    check_count(text, parts, 1);
    return {};
  }
  if (name == "blosc") return CodecChain({blosc_of(text, parts, type)});
  if (name == "zstd") return CodecChain({zstd_of(text, parts)});
  const Parts levelled{"gzip", "zlib", "bz2", "lz4", "lzma"};
  if (std::find(levelled.begin(), levelled.end(), name) != levelled.end()) {
    check_count(text, parts, 2);
  }
  if (name == "gzip") return CodecChain({GzipCodec{level_of(text, parts, 1, 5, 0, 9)}});
  if (name == "zlib") return CodecChain({ZlibCodec{level_of(text, parts, 1, 1, 0, 9)}});
  if (name == "bz2") return CodecChain({Bz2Codec{level_of(text, parts, 1, 1, 1, 9)}});
  if (name == "lz4") return CodecChain({Lz4Codec{level_of(text, parts, 1, 1, 1, 65537)}});
  if (name == "lzma") {
    LzmaCodec lzma;
    lzma.preset = level_of(text, parts, 1, 6, 0, 9);
    return CodecChain({lzma});
  }
  const Parts known{"blosc", "zstd", "gzip", "zlib", "bz2", "lz4", "lzma", "none"};
  throw_invalid(text,
                fmt::format("\"{}\" is not one of {}{}; forms are blosc:zstd:1:shuffle:512KiB, "
                            "zstd:3, gzip:5, none, or Zarr codec JSON",
                            name, join(known, ", "), did_you_mean(name, known)));
}

}  // namespace

CodecChain parse_codec(std::string_view full_text, DataType type, int rank,
                       const std::optional<NarrowType>& narrow) {
  const std::string_view text = trim(full_text);
  if (!text.starts_with('{') && !text.starts_with('[')) {
    return from_short_form(text, narrow ? narrow->stored_type() : type).narrowed(narrow);
  }
  try {
    return from_json_text(text, type, rank, narrow);
  } catch (const Error& error) {
    // Here the JSON is the request, not data.
    const bool unsupported = error.kind() == ErrorKind::unsupported;
    throw Error(unsupported ? ErrorKind::unsupported : ErrorKind::invalid,
                fmt::format("codec {}: {}", text, error.what()));
  }
}

}  // namespace gridmill
