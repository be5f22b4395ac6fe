// Every bytes -> bytes codec of the table: vectors that numcodecs 0.16.6 wrote, round trips, JSON,
// and damaged input.
#include <gmock/gmock.h>

#include <random>

#include "gridmill/base/error.h"
#include "gridmill/codec/registry.h"

namespace gridmill {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

struct Vector {
  const char* json;
  const char* hex;  // of what numcodecs makes of kRaw
};

constexpr const char* kRaw = "05081e0574b40563cd05d06905c08305332005243b0593d4";

const std::vector<Vector> kVectors{
    {R"({"id":"bz2","level":1})",
     "425a68313141592653590d1cb3d900000079ee024000014400080808200400080008000400400244002000229ea01"
     "a7a87942869a6001d8f71056a0d24430c2083f8bb9229c2848068e59ec8"},
    {R"({"id":"lzma"})",
     "fd377a585a000004e6d6b4460200210116000000742fe5a301001705081e0574b40563cd05d06905c083053320052"
     "43b0593d40029a1d613a7c94813000130188e1bacec1fb6f37d010000000004595a"},
    {R"({"id":"lzma","format":2,"preset":1})",
     "5d00001000ffffffffffffffff00028256183f7420c95f146b9d108185d5d1daed14df2a4b385ec67137494ffffe3"
     "e5800"},
    {R"({"id":"lzma","format":3,"filters":[{"id":3,"dist":4},{"id":33,"preset":1}]})",
     "01001705081e056face75e5951cb0638bbb39c2e60821f08e58eb000"},
    {R"({"id":"lz4","acceleration":1})",
     "18000000f00905081e0574b40563cd05d06905c08305332005243b0593d4"},
    {R"({"id":"shuffle","elementsize":4})", "0574cd05333b08b405c020051e05d08305930563690524d4"},
    {R"({"id":"base64"})", "42516765425853304257504e426442704263434442544d6742535137425a5055"},
    {R"({"id":"crc32"})", "283e97e605081e0574b40563cd05d06905c08305332005243b0593d4"},
    {R"({"id":"crc32","location":"end"})",
     "05081e0574b40563cd05d06905c08305332005243b0593d4283e97e6"},
    {R"({"id":"adler32"})", "3c07745305081e0574b40563cd05d06905c08305332005243b0593d4"},
    {R"({"id":"adler32","location":"end"})",
     "05081e0574b40563cd05d06905c08305332005243b0593d43c077453"},
    {R"({"id":"crc32c"})", "05081e0574b40563cd05d06905c08305332005243b0593d4efd6dd47"},
    {R"({"id":"crc32c","location":"start"})",
     "efd6dd4705081e0574b40563cd05d06905c08305332005243b0593d4"},
    {R"({"id":"fletcher32"})", "05081e0574b40563cd05d06905c08305332005243b0593d477ca9af8"},
    {R"({"id":"jenkins_lookup3","initval":7})",
     "05081e0574b40563cd05d06905c08305332005243b0593d451bdd7ee"},
    {R"({"id":"jenkins_lookup3","initval":0,"prefix":[97,98]})",
     "05081e0574b40563cd05d06905c08305332005243b0593d4ba1bae46"},
};

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(16 * digit(hex[i]) + digit(hex[i + 1])));
  }
  return bytes;
}

Bytes copied(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

ByteCodec codec_of(std::string_view json) { return byte_codec_from_v2(parse_json(json), 4); }

Bytes encoded(const ByteCodec& codec, ByteView raw) {
  CodecContext context;
  Buffer out;
  std::visit([&](const auto& one) { one.encode(raw, out, context); }, codec);
  return copied(out);
}

// As the chain does it when the size is known. The room ends where the content must: the sanitizers
// see a byte too many.
Bytes decoded(const ByteCodec& codec, const Bytes& stored, std::size_t size) {
  if (is_checksum(codec)) {
    const ByteView content = verified(codec, stored);
    if (content.size() != size) throw Error(ErrorKind::corrupt, "another size");
    return copied(content);
  }
  CodecContext context;
  Bytes out(size);
  decode_sized(codec, stored, out, context);
  return out;
}

Bytes decoded_unsized(const ByteCodec& codec, const Bytes& stored, std::int64_t limit) {
  if (is_checksum(codec)) return copied(verified(codec, stored));
  CodecContext context;
  Buffer out;
  decode_unsized(codec, stored, limit, out, context);
  EXPECT_LE(static_cast<std::int64_t>(out.size()), limit);
  return copied(out);
}

Bytes smooth(std::size_t size) {
  Bytes bytes(size);
  std::mt19937 random(1);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(i % 4 == 0 ? random() & 0x0f : i / 64);
  }
  return bytes;
}

Bytes noise(std::size_t size) {
  Bytes bytes(size);
  std::mt19937 random(2);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

class EveryByteCodec : public testing::TestWithParam<Vector> {
 protected:
  const ByteCodec codec_ = codec_of(GetParam().json);
};
INSTANTIATE_TEST_SUITE_P(Codecs, EveryByteCodec, testing::ValuesIn(kVectors),
                         [](const auto& codec) { return std::to_string(codec.index); });

TEST_P(EveryByteCodec, ReadsWhatNumcodecsWrote) {
  const Bytes raw = from_hex(kRaw);
  const Bytes stored = from_hex(GetParam().hex);
  EXPECT_EQ(decoded(codec_, stored, raw.size()), raw);
  EXPECT_EQ(decoded_unsized(codec_, stored, 1000), raw);
  // Where there is no choice, ours are the same bytes.
  if (!std::holds_alternative<LzmaCodec>(codec_)) {
    EXPECT_EQ(encoded(codec_, raw), stored);
  }
}

TEST_P(EveryByteCodec, RoundTrips) {
  for (const std::size_t size : {0, 4, 8, 1000, 65536, 200'004}) {
    for (const Bytes& raw : {smooth(size), noise(size)}) {
      const Bytes stored = encoded(codec_, raw);
      const std::int64_t bound = std::visit(
          [&](const auto& one) { return one.max_encoded_size(static_cast<std::int64_t>(size)); },
          codec_);
      EXPECT_LE(static_cast<std::int64_t>(stored.size()), bound) << size;
      EXPECT_EQ(decoded(codec_, stored, size), raw) << size;
      EXPECT_EQ(decoded_unsized(codec_, stored, static_cast<std::int64_t>(size)), raw) << size;
    }
  }
}

TEST_P(EveryByteCodec, KeepsItsJson) {
  const Json v2 = std::visit([](const auto& one) { return one.to_v2(); }, codec_);
  EXPECT_EQ(byte_codec_from_v2(v2, 4), codec_) << v2;
  const Json v3 = std::visit([](const auto& one) { return one.to_v3(); }, codec_);
  EXPECT_EQ(byte_codec_from_v3(v3, 4), codec_) << v3;
  // numcodecs' name, whatever the codec is called here.
  Json configuration = v2;
  configuration.erase("id");
  const std::string name = "numcodecs." + std::string(name_of(codec_));
  EXPECT_EQ(byte_codec_from_v3({{"name", name}, {"configuration", configuration}}, 4), codec_);
}

// Whatever the damage: Error(corrupt) or, where nothing checks the content, some content; never a
// crash, never more than was asked for.
TEST_P(EveryByteCodec, SurvivesDamage) {
  const Bytes raw = smooth(4000);
  const Bytes good = encoded(codec_, raw);
  const auto is_refused = [&](const Bytes& stored, std::size_t size) {
    int refused = 0;
    for (const bool sized : {true, false}) {
      try {
        const Bytes out = sized ? decoded(codec_, stored, size)
                                : decoded_unsized(codec_, stored, static_cast<std::int64_t>(size));
        refused += out.size() == size ? 0 : 1;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
        ++refused;
      }
    }
    return refused == 2;
  };
  ASSERT_FALSE(is_refused(good, raw.size()));
  EXPECT_TRUE(is_refused(good, raw.size() - 4));
  EXPECT_TRUE(is_refused(good, raw.size() + 4));
  for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 199) {
    EXPECT_TRUE(is_refused(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)),
                           raw.size()))
        << "cut to " << size;
  }
  for (const std::size_t more : {1, 2, 4, 100}) {
    Bytes longer = good;
    longer.resize(good.size() + more, std::byte{'x'});
    EXPECT_TRUE(is_refused(longer, raw.size())) << more;
  }
  std::mt19937 random(5);
  int refused = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Bytes flipped = good;
    const std::size_t range = trial % 2 == 0 ? std::min<std::size_t>(64, good.size()) : good.size();
    flipped[random() % range] ^= static_cast<std::byte>(1U << (random() % 8));
    refused += is_refused(flipped, raw.size()) ? 1 : 0;
  }
  if (is_checksum(codec_)) {
    EXPECT_EQ(refused, 400);
  }
  for (int trial = 0; trial < 100; ++trial) {
    static_cast<void>(is_refused(noise(1 + random() % 300), 64));
  }
}

TEST(ByteCodecs, RefuseBadConfigurationsByName) {
  for (const char* json :
       {R"({"id":"bz2","level":0})", R"({"id":"bz2","level":10})",
        R"({"id":"crc32","location":"middle"})", R"({"id":"lzma","format":3})",
        R"({"id":"lzma","format":4})", R"({"id":"lzma","format":2,"check":4})",
        R"({"id":"lzma","preset":12})", R"({"id":"lzma","preset":1,"filters":[{"id":33}]})",
        R"({"id":"lzma","filters":[]})", R"({"id":"lzma","filters":[{"id":99}]})",
        R"({"id":"lzma","filters":[{"id":3}]})", R"({"id":"lzma","filters":[{"id":33,"lc":9}]})",
        R"({"id":"lzma","check":3})",
        R"({"id":"lzma","format":3,"filters":[{"id":33,"dict_size":1610612736}]})",
        R"({"id":"shuffle","elementsize":-1})", R"({"id":"shuffle","elementsize":0})",
        R"({"id":"jenkins_lookup3","initval":-1})", R"({"id":"jenkins_lookup3","prefix":"ab"})",
        R"({"id":"lz4","acceleration":"fast"})"}) {
    const Json config = parse_json(json);
    try {
      static_cast<void>(byte_codec_from_v2(config, 4));
      ADD_FAILURE() << json;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(config["id"].get<std::string>())) << json;
      EXPECT_THAT((std::vector{ErrorKind::corrupt, ErrorKind::unsupported}),
                  testing::Contains(error.kind()));
    }
  }
}

TEST(ByteCodecs, SeveralStreamsAreOneValue) {
  for (const char* json : {R"({"id":"bz2"})", R"({"id":"lzma"})"}) {
    const ByteCodec codec = codec_of(json);
    const Bytes raw = smooth(1000);
    Bytes both = raw;
    both.insert(both.end(), raw.begin(), raw.end());
    Bytes stored = encoded(codec, raw);
    const Bytes again = stored;
    stored.insert(stored.end(), again.begin(), again.end());
    EXPECT_EQ(decoded(codec, stored, both.size()), both) << json;
    EXPECT_EQ(decoded_unsized(codec, stored, 2000), both) << json;
    EXPECT_THROW(decoded_unsized(codec, stored, 1999), Error) << json;
  }
}

// 4 GiB of dictionary in the head of a .lzma of 30 bytes.
TEST(ByteCodecs, LzmaTakesNoMoreMemoryThanItMay) {
  const ByteCodec codec = codec_of(R"({"id":"lzma","format":2})");
  Bytes stored = encoded(codec, smooth(1000));
  for (std::size_t i = 1; i <= 4; ++i) stored[i] = std::byte{0xff};
  try {
    decoded(codec, stored, 1000);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(), HasSubstr("memory"));
  }
}

TEST(ByteCodecs, Lz4ClaimsNoMoreThanItCanHold) {
  const ByteCodec codec = codec_of(R"({"id":"lz4"})");
  Bytes stored = encoded(codec, smooth(100));
  store_le(stored.data(), std::int32_t{1} << 30);
  EXPECT_THROW(decoded_unsized(codec, stored, std::int64_t{1} << 31), Error);
}

TEST(ByteCodecs, ShuffleTakesWholeElements) {
  const ByteCodec codec = codec_of(R"({"id":"shuffle","elementsize":8})");
  EXPECT_THROW(encoded(codec, smooth(12)), Error);
  EXPECT_THROW(decoded(codec, smooth(12), 12), Error);
  const Bytes raw = smooth(7 * 3 * 4096);
  for (const int size : {1, 2, 3, 7, 16, 4096}) {
    const ByteCodec other = ShuffleCodec{size};
    EXPECT_EQ(decoded(other, encoded(other, raw), raw.size()), raw) << size;
  }
}

TEST(ByteCodecs, Crc32cAtTheEndIsZarrsOwn) {
  for (const char* name : {"crc32c", "numcodecs.crc32c"}) {
    EXPECT_EQ(byte_codec_from_v3({{"name", name}}, 4), ByteCodec(Crc32cCodec{}));
  }
  EXPECT_EQ(codec_of(R"({"id":"crc32c"})"), ByteCodec(Crc32cCodec{}));
}

}  // namespace
}  // namespace gridmill
