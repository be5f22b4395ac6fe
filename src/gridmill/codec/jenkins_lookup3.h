// jenkins_lookup3.h: the `jenkins_lookup3` codec of numcodecs: v2 {"id": "jenkins_lookup3",
// "initval": 0, "prefix": null}, v3 {"name": "numcodecs.jenkins_lookup3"} with the same members.
//
// The content, then Bob Jenkins' hash of it as four little-endian bytes. `prefix` is hashed before
// the content and not stored: a list of byte values, as the array that numcodecs makes of it would
// be written.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/codec/context.h"

namespace gridmill {

// lookup3's "hashlittle", as HDF5's metadata have it (with initial value 0).
std::uint32_t jenkins_lookup3(ByteView bytes, std::uint32_t initval = 0) noexcept;

struct JenkinsLookup3Codec {
  static constexpr std::string_view kName = "jenkins_lookup3";
  static constexpr std::size_t kMaxPrefix = 4096;
  std::uint32_t initval = 0;
  std::vector<std::uint8_t> prefix;

  static JenkinsLookup3Codec from_json(const Json& configuration);
  Json to_v3() const;
  Json to_v2() const;

  std::int64_t max_encoded_size(std::int64_t raw_size) const { return raw_size + 4; }
  // The prefix stands before the bytes that are hashed: a copy, if there is one.
  std::int64_t encoder_size(std::int64_t raw_size) const { return prefix.empty() ? 0 : raw_size; }
  void encode(ByteView raw, Buffer& out, CodecContext& context) const;
  // The content, a part of `stored`; Error(corrupt) if the checksum is another.
  ByteView verified(ByteView stored) const;
  friend bool operator==(const JenkinsLookup3Codec&, const JenkinsLookup3Codec&) = default;

 private:
  std::uint32_t hash_of(ByteView content) const;
  Json configuration() const;
};

}  // namespace gridmill
