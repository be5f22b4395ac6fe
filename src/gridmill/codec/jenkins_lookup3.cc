#include "gridmill/codec/jenkins_lookup3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/codec/checksum_bytes.h"
#include "gridmill/codec/codec_json.h"

namespace gridmill {
namespace {

std::vector<std::uint8_t> prefix_from(const Json& configuration) {
  std::vector<std::uint8_t> prefix;
  const auto found = configuration.find("prefix");
  if (found == configuration.end() || found->is_null()) return prefix;
  const auto is_byte = [](const Json& item) {
    return item.is_number_integer() && item.get<std::int64_t>() >= 0 &&
           item.get<std::int64_t>() <= 255;
  };
  if (!found->is_array() || found->size() > JenkinsLookup3Codec::kMaxPrefix ||
      !std::all_of(found->begin(), found->end(), is_byte)) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: prefix is not a list of at most {} byte values",
                            JenkinsLookup3Codec::kName, JenkinsLookup3Codec::kMaxPrefix));
  }
  for (const Json& item : *found) prefix.push_back(item.get<std::uint8_t>());
  return prefix;
}

}  // namespace

// Bob Jenkins, lookup3.c (public domain), 2006: the structure is his, byte order fixed.
std::uint32_t jenkins_lookup3(ByteView bytes, std::uint32_t initval) noexcept {
  const auto rotated = [](std::uint32_t v, int by) { return std::rotl(v, by); };
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(bytes.size()) + initval;
  std::uint32_t b = a, c = a;
  if (bytes.empty()) return c;
  const auto add = [&](const std::byte* twelve) {
    a += load_le<std::uint32_t>(twelve);
    b += load_le<std::uint32_t>(twelve + 4);
    c += load_le<std::uint32_t>(twelve + 8);
  };
  const auto subtract = [&](std::uint32_t& x, std::uint32_t& y, std::uint32_t z, int by) {
    x -= y;
    x ^= rotated(y, by);
    y += z;
  };
  const auto finish = [&](std::uint32_t& x, std::uint32_t y, int by) {
    x ^= y;
    x -= rotated(y, by);
  };
  while (bytes.size() > 12) {
    add(bytes.data());
    subtract(a, c, b, 4);
    subtract(b, a, c, 6);
    subtract(c, b, a, 8);
    subtract(a, c, b, 16);
    subtract(b, a, c, 19);
    subtract(c, b, a, 4);
    bytes = bytes.subspan(12);
  }
  std::array<std::byte, 12> last{};
  std::copy(bytes.begin(), bytes.end(), last.begin());
  add(last.data());
  finish(c, b, 14);
  finish(a, c, 11);
  finish(b, a, 25);
  finish(c, b, 16);
  finish(a, c, 4);
  finish(b, a, 14);
  finish(c, b, 24);
  return c;
}

JenkinsLookup3Codec JenkinsLookup3Codec::from_json(const Json& configuration) {
  JenkinsLookup3Codec codec;
  codec.initval = static_cast<std::uint32_t>(
      config_int(configuration, kName, "initval", 0, 0, std::numeric_limits<std::uint32_t>::max()));
  if (configuration.is_object()) codec.prefix = prefix_from(configuration);
  return codec;
}

Json JenkinsLookup3Codec::configuration() const {
  return {{"initval", initval}, {"prefix", prefix.empty() ? Json(nullptr) : Json(prefix)}};
}

Json JenkinsLookup3Codec::to_v3() const {
  return named_codec("numcodecs.jenkins_lookup3", configuration());
}

Json JenkinsLookup3Codec::to_v2() const {
  Json json = {{"id", std::string(kName)}};
  json.update(configuration());
  return json;
}

std::uint32_t JenkinsLookup3Codec::hash_of(ByteView content) const {
  if (prefix.empty()) return jenkins_lookup3(content, initval);
  Buffer whole;
  whole.append(std::as_bytes(std::span(prefix)));
  whole.append(content);
  return jenkins_lookup3(whole, initval);
}

void JenkinsLookup3Codec::encode(ByteView raw, Buffer& out, CodecContext& /*context*/) const {
  append_checksum(raw, hash_of(raw), out);
}

ByteView JenkinsLookup3Codec::verified(ByteView stored) const {
  const ByteView content = before_checksum(kName, stored);
  check_checksum(kName, load_le<std::uint32_t>(stored.data() + content.size()), hash_of(content));
  return content;
}

}  // namespace gridmill
