// pcodec, where the build has it; where it has not, it is refused by name.
// (tests/zarr/test_pcodec.py compares it with numcodecs.)
#include "gridmill/codec/pcodec.h"

#include <gmock/gmock.h>

#include "codec/chunk_samples.h"
#include "gridmill/codec/pcodec_library.h"

namespace gridmill {
namespace {

const std::vector<DataType> kPcodecTypes{types::int16,   types::int32,   types::int64,
                                         types::uint16,  types::uint32,  types::uint64,
                                         types::float16, types::float32, types::float64};

CodecChain pcodec_chain(DataType type, const std::string& members = "",
                        bool is_big_endian = false) {
  const Json codec = parse_json(R"({"id": "pcodec")" + members + "}");
  return CodecChain::from_v2(codec, nullptr, false, type, is_big_endian, 3);
}

ErrorKind refusal(DataType type, const std::string& members, bool is_big_endian = false) {
  try {
    pcodec_chain(type, members, is_big_endian);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("pcodec"));
    return error.kind();
  }
  ADD_FAILURE() << type.name() << members;
  return ErrorKind::internal;
}

// False, and as it should be, for a build that has no pcodec.
bool is_in_build() {
  if (!pcodec_version().empty()) return true;
  EXPECT_EQ(refusal(types::float32, ""), ErrorKind::unsupported);
  return false;
}

TEST(Pcodec, EveryTypeComesBack) {
  if (!is_in_build()) return;
  for (const DataType type : kPcodecTypes) {
    for (const char* members :
         {"", R"(, "level": 0)", R"(, "level": 12, "mode_spec": "classic")",
          R"(, "delta_spec": "none")", R"(, "delta_spec": "try_lookback")",
          R"(, "delta_encoding_order": 7)", R"(, "equal_pages_up_to": 100)"}) {
      SCOPED_TRACE(type.name() + members);
      const CodecChain chain = pcodec_chain(type, members);
      for (const Array& in : {sample(type, {3, 17, 20}), noise(type, {5, 7, 11}),
                              noise(type, {1, 1, 1}), Array(type, {2, 300, 3})}) {
        expect_same(decoded_whole(chain, encoded(chain, in), in).view(), in.view());
      }
    }
  }
}

// What numcodecs 0.16.6 with pcodec 1.1.0 makes of [5, 7, 9, 11, -3, 100000].
TEST(Pcodec, WritesTheBytesOfNumcodecs) {
  if (!is_in_build()) return;
  const std::vector<unsigned char> wanted{0x70, 0x63, 0x6f, 0x21, 0x03, 0x00, 0x82, 0x01, 0x04,
                                          0x01, 0x03, 0x05, 0x00, 0x00, 0x00, 0x23, 0x00, 0x70,
                                          0xff, 0xff, 0xff, 0x1f, 0x01, 0x50, 0xc3, 0x00, 0x40,
                                          0x00, 0x6a, 0x02, 0x40, 0x65, 0x07, 0x00};
  const Array in = array_of<std::int32_t>(types::int32, {5, 7, 9, 11, -3, 100000});
  const Buffer stored = encoded(pcodec_chain(types::int32), in);
  EXPECT_EQ(stored_as<unsigned char>(stored), wanted);
}

// What is refused, and how: damage is an error that names the codec, and nothing else.
bool survives(const CodecChain& chain, ByteView stored, const Array& like) {
  try {
    decoded_whole(chain, stored, like);
    return false;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr("pcodec"));
    return true;
  }
}

TEST(Pcodec, SurvivesDamage) {
  if (!is_in_build()) return;
  std::mt19937 random(3);
  for (const char* members :
       {"", R"(, "delta_spec": "try_lookback")", R"(, "equal_pages_up_to": 90)"}) {
    const CodecChain chain = pcodec_chain(types::float32, members);
    const Array in = sample(types::float32, {2, 10, 20});
    const Buffer good = encoded(chain, in);
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_TRUE(survives(chain, good.bytes().first(size), in)) << size;
    }
    Buffer longer;
    longer.append(good);
    longer.append(good);
    EXPECT_TRUE(survives(chain, longer, in)) << "bytes behind its end";
    for (int trial = 0; trial < 3000; ++trial) {
      Buffer flipped;
      flipped.append(good);
      for (unsigned i = 0; i <= random() % 3; ++i) {
        // Where most is decided, or anywhere.
        const std::size_t range =
            trial % 2 == 0 ? std::min<std::size_t>(40, good.size()) : good.size();
        flipped.bytes()[random() % range] ^= static_cast<std::byte>(1U << (random() % 8));
      }
      (void)survives(chain, flipped, in);
    }
  }
}

TEST(Pcodec, HoldsExactlyTheChunk) {
  if (!is_in_build()) return;
  const CodecChain chain = pcodec_chain(types::int16);
  const Buffer stored = encoded(chain, sample(types::int16, {2, 3, 5}));
  EXPECT_TRUE(survives(chain, stored, Array(types::int16, {2, 3, 4})));
  EXPECT_TRUE(survives(chain, stored, Array(types::int16, {2, 3, 6})));
  EXPECT_TRUE(survives(pcodec_chain(types::uint16), stored, Array(types::uint16, {2, 3, 5})));
}

// A chunk of six numbers in the stream that WritesTheBytesOfNumcodecs has, with such a head.
std::string claiming(std::string_view count, std::string_view head) {
  using namespace std::string_view_literals;
  std::string stream("pco!\x03\x00\x82\x01\x04\x01\x03"sv);
  return stream.append(count).append(head).append(200, '\0');
}

// Memory is reserved for what a chunk's head claims: it is looked at before.
TEST(Pcodec, ClaimsAreLookedAtFirst) {
  using namespace std::string_view_literals;
  if (!is_in_build()) return;
  const Array like(types::int32, {1, 1, 6});
  const auto claims = [&](const std::string& stream) {
    try {
      decoded_whole(pcodec_chain(types::int32), as_bytes(stream), like);
    } catch (const Error& error) {
      return std::string(error.what()).find("claims") != std::string::npos;
    }
    return false;
  };
  EXPECT_TRUE(claims(claiming("\xff\xff\xff"sv, "\x00"sv))) << "2^24 numbers";
  EXPECT_TRUE(claims(claiming("\x05\x00\x00"sv, "\x04\x00\x00\x10"sv))) << "2^24 words";
  EXPECT_TRUE(claims(claiming("\x05\x00\x00"sv, "\x20\x17"sv))) << "2^24 numbers back";
  EXPECT_FALSE(claims(claiming("\x05\x00\x00"sv, "\x20\x03"sv))) << "16 numbers back";
}

TEST(Pcodec, RefusesByName) {
  if (!is_in_build()) return;
  for (const DataType type :
       {types::int8, types::uint8, types::boolean, types::complex64, types::string}) {
    EXPECT_EQ(refusal(type, ""), ErrorKind::unsupported) << type.name();
  }
  EXPECT_EQ(refusal(types::float32, "", true), ErrorKind::unsupported);
  EXPECT_EQ(refusal(types::float32, R"(, "mode_spec": "try_dict")"), ErrorKind::unsupported);
  EXPECT_EQ(refusal(types::float32, R"(, "delta_spec": 3)"), ErrorKind::unsupported);
  for (const char* members :
       {R"(, "level": 13)", R"(, "level": -1)", R"(, "level": "8")", R"(, "equal_pages_up_to": 0)",
        R"(, "delta_encoding_order": 8)", R"(, "delta_spec": "try_consecutive")",
        R"(, "delta_spec": "none", "delta_encoding_order": 1)"}) {
    EXPECT_EQ(refusal(types::float32, members), ErrorKind::corrupt) << members;
  }
}

TEST(Pcodec, StandsUnderCompressorInV2) {
  if (!is_in_build()) return;
  const CodecChain chain = pcodec_chain(types::float64, R"(, "level": 4)");
  const Json object = chain.v2_compressor();
  EXPECT_EQ(object["id"], "pcodec");
  EXPECT_EQ(object["level"], 4);
  EXPECT_TRUE(chain.v2_filters(types::float64).is_null());
  EXPECT_EQ(CodecChain::from_v2(object, nullptr, false, types::float64, false, 3), chain);
  EXPECT_EQ(CodecChain::from_v3(chain.to_v3(types::float64), types::float64, 3), chain);
}

}  // namespace
}  // namespace gridmill
