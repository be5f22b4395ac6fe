#include "gridmill/codec/blosc.h"

#include <blosc.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/codec/codec_json.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/zstd.h"

namespace gridmill {
namespace {

constexpr int kMaxTypesize = BLOSC_MAX_TYPESIZE;

// libblosc's choice of a block size stays below this.
constexpr std::int64_t kLargestOwnBlock = std::int64_t{4} << 20;

// How libblosc spreads its levels over zstd's: 1, 3, ..., 15, 22.
int zstd_level(int clevel) { return clevel < 9 ? 2 * clevel - 1 : 22; }

int usable_typesize(std::int64_t size) {
  return size <= kMaxTypesize ? static_cast<int>(size) : 1;  // as libblosc does
}

BloscShuffle shuffle_from_number(std::int64_t number, std::int64_t item_size) {
  if (number == -1) return item_size == 1 ? BloscShuffle::bit : BloscShuffle::byte;
  return static_cast<BloscShuffle>(number);
}

// GDAL writes what a user has asked it for, as text: NONE, BYTE, BIT, or a number.
std::int64_t v2_shuffle_number(const Json& object) {
  const auto found = object.find("shuffle");
  if (found == object.end() || !found->is_string()) {
    return config_int(object, BloscCodec::kName, "shuffle", 1, -1, 2);
  }
  const std::string text = to_lower(found->get_ref<const std::string&>());
  const std::array<std::array<std::string_view, 2>, 3> names{
      {{"none", "0"}, {"byte", "1"}, {"bit", "2"}}};
  for (std::size_t number = 0; number < names.size(); ++number) {
    if (text == names[number][0] || text == names[number][1]) {
      return static_cast<std::int64_t>(number);
    }
  }
  throw Error(ErrorKind::corrupt,
              fmt::format("blosc: shuffle \"{}\" is none of -1 to 2, NONE, BYTE and BIT", text));
}

BloscCodec common_from(const Json& configuration) {
  if (!configuration.is_object()) {
    throw Error(ErrorKind::corrupt, "blosc: the configuration is missing");
  }
  BloscCodec codec;
  codec.cname = configuration.contains("cname")
                    ? json_string(configuration, "cname", BloscCodec::kName)
                    : "lz4";
  check_blosc_cname(codec.cname);
  codec.clevel = static_cast<int>(config_int(configuration, BloscCodec::kName, "clevel", 5, 0, 9));
  codec.blocksize =
      config_int(configuration, BloscCodec::kName, "blocksize", 0, 0, BLOSC_MAX_BUFFERSIZE);
  return codec;
}

}  // namespace

std::string_view to_string(BloscShuffle shuffle) noexcept {
  switch (shuffle) {
    case BloscShuffle::none:
      return "noshuffle";
    case BloscShuffle::byte:
      return "shuffle";
    case BloscShuffle::bit:
      return "bitshuffle";
  }
  return "?";
}

BloscShuffle blosc_shuffle_from(std::string_view name) {
  std::vector<std::string> known;
  for (const auto shuffle : {BloscShuffle::none, BloscShuffle::byte, BloscShuffle::bit}) {
    if (to_string(shuffle) == name) return shuffle;
    known.emplace_back(to_string(shuffle));
  }
  throw Error(ErrorKind::corrupt, fmt::format("blosc: shuffle \"{}\" is not one of {}{}", name,
                                              join(known, ", "), did_you_mean(name, known)));
}

void check_blosc_cname(std::string_view cname) {
  const std::vector<std::string> known{"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
  if (std::find(known.begin(), known.end(), cname) != known.end()) return;
  throw Error(ErrorKind::unsupported, fmt::format("blosc: cname \"{}\" is not one of {}{}", cname,
                                                  join(known, ", "), did_you_mean(cname, known)));
}

BloscCodec BloscCodec::from_v3(const Json& configuration, std::int64_t item_size) {
  BloscCodec codec = common_from(configuration);
  const auto found = configuration.find("shuffle");
  if (found != configuration.end() && found->is_number_integer()) {  // numcodecs.blosc
    codec.shuffle = shuffle_from_number(config_int(configuration, kName, "shuffle", 1, -1, 2), 1);
  } else if (found != configuration.end()) {
    codec.shuffle = blosc_shuffle_from(json_string(configuration, "shuffle", kName));
  } else {
    codec.shuffle = BloscShuffle::none;
  }
  codec.typesize = usable_typesize(
      config_int(configuration, kName, "typesize", item_size, 1, BLOSC_MAX_BUFFERSIZE));
  return codec;
}

BloscCodec BloscCodec::from_v2(const Json& object, std::int64_t item_size) {
  BloscCodec codec = common_from(object);
  codec.shuffle = shuffle_from_number(v2_shuffle_number(object), item_size);
  codec.typesize = usable_typesize(item_size);
  return codec;
}

Json BloscCodec::to_v3() const {
  return named_codec(kName, {{"cname", cname},
                             {"clevel", clevel},
                             {"shuffle", std::string(to_string(shuffle))},
                             {"typesize", typesize},
                             {"blocksize", blocksize}});
}

Json BloscCodec::to_v2() const {
  return {{"id", std::string(kName)},
          {"cname", cname},
          {"clevel", clevel},
          {"shuffle", static_cast<int>(shuffle)},
          {"blocksize", blocksize}};
}

std::int64_t BloscCodec::largest_block(std::int64_t raw_size) const {
  return std::min(raw_size, blocksize > 0 ? blocksize : kLargestOwnBlock);
}

std::int64_t BloscCodec::encoder_size(std::int64_t raw_size) const {
  const std::int64_t block = largest_block(raw_size);
  const ZstdCodec inner{zstd_level(clevel), false};
  return 4 * block + (cname == "zstd" ? inner.encoder_size(block) : 0);
}

void BloscCodec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  const auto size = static_cast<std::int64_t>(raw.size());
  if (size > kMaxRawSize) {
    throw Error(ErrorKind::invalid,
                fmt::format("blosc: a chunk of {} bytes exceeds Blosc's limit of {}; "
                            "choose smaller chunks or another codec",
                            size, kMaxRawSize));
  }
  const bool is_split = cname != "zstd" && typesize <= 16;
  const std::int64_t request = is_split ? blocksize / typesize : blocksize;
  out.resize(static_cast<std::size_t>(max_encoded_size(size)));
  const int written = blosc_compress_ctx(
      clevel, static_cast<int>(shuffle), static_cast<std::size_t>(typesize), raw.size(), raw.data(),
      out.data(), out.size(), cname.c_str(), static_cast<std::size_t>(request), 1);
  if (written <= 0) {
    throw Error(ErrorKind::internal, fmt::format("blosc: {} could not compress {} bytes (code {})",
                                                 cname, size, written));
  }
  out.resize(static_cast<std::size_t>(written));
}

void BloscCodec::decode(ByteView stored, MutableByteView out, CodecContext& context) const {
  BloscFrame(stored).decode(out, context);
}

void BloscCodec::decode_unsized(ByteView stored, std::int64_t limit, Buffer& out,
                                CodecContext& context) const {
  const BloscFrame frame(stored);
  if (frame.nbytes() > limit) throw_too_large(kName, static_cast<std::uint64_t>(limit));
  out.resize(static_cast<std::size_t>(frame.nbytes()));
  frame.decode(out.bytes(), context);
}

}  // namespace gridmill
