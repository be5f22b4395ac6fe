// The codecs that change values or their types: exact bytes, numcodecs' results, identity over the
// data types, damage.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "codec/chunk_samples.h"
#include "gridmill/codec/short_form.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<DataType> kReal{types::int8,    types::int16,   types::int32,  types::int64,
                                  types::uint8,   types::uint16,  types::uint32, types::uint64,
                                  types::float16, types::float32, types::float64};

Array round_trip(const CodecChain& chain, const Array& in) {
  return decoded(chain, encoded(chain, in), in.type(), in.shape(), whole_box(in.shape()));
}

TEST(Delta, StoresDifferences) {  // the example of numcodecs' documentation
  const CodecChain chain =
      filters(R"([{"id":"delta","dtype":"<i2","astype":"|i1"}])", types::int16);
  const Array in = array_of<std::int16_t>(types::int16, {100, 102, 104, 106, 104, 118});
  EXPECT_THAT(stored_as<std::int8_t>(encoded(chain, in)), ElementsAre(100, 2, 2, 2, -2, 14));
  EXPECT_EQ(values_of<std::int16_t>(round_trip(chain, in)), values_of<std::int16_t>(in));
  EXPECT_EQ(chain.summary(), "delta");
}

TEST(Delta, IntegersOfEverySizeComeBackExactly) {
  for (const DataType type : kReal) {
    if (!type.is_integer()) continue;
    const auto json = R"([{"id":"delta","dtype":")" + little_name(type) + R"("}])";
    const CodecChain chain = filters(json, type, false, 2);
    const Array in = noise(type, {37, 41});  // differences wrap
    expect_same(round_trip(chain, in).view(), in.view());
  }
}

TEST(Delta, FloatsSumInTheirOwnType) {
  // 0.1f + (0.3f - 0.1f) is not 0.3f; numpy's float32 cumsum gives the same.
  const CodecChain chain = filters(R"([{"id":"delta","dtype":"<f4"}])", types::float32);
  const Array in = array_of<float>(types::float32, {0.1F, 0.3F, -7.5F});
  const float second = 0.1F + (0.3F - 0.1F);
  const float third = second + (-7.5F - 0.3F);
  EXPECT_THAT(values_of<float>(round_trip(chain, in)), ElementsAre(0.1F, second, third));
}

TEST(Delta, RefusesDifferencesThatDoNotFit) {
  const CodecChain chain =
      filters(R"([{"id":"delta","dtype":"<i4","astype":"|i1"}])", types::int32);
  try {
    encoded(chain, array_of<std::int32_t>(types::int32, {0, 100, 300}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_THAT(error.what(), HasSubstr("200 does not fit into int8"));
  }
}

TEST(FixedScaleOffset, PacksFloats) {  // the example of numcodecs' documentation
  const CodecChain chain = filters(
      R"([{"id":"fixedscaleoffset","offset":1000,"scale":10,"dtype":"<f8","astype":"|u1"}])",
      types::float64);
  std::vector<double> values;
  for (int i = 0; i < 10; ++i) values.push_back(1000.0 + i / 9.0);
  const Array in = array_of<double>(types::float64, values);
  EXPECT_THAT(stored_as<std::uint8_t>(encoded(chain, in)),
              ElementsAre(0, 1, 2, 3, 4, 6, 7, 8, 9, 10));
  EXPECT_EQ(values_of<double>(round_trip(chain, in))[5], 1000.6);
  EXPECT_EQ(chain.v2_filters(types::float64)[0]["astype"], "|u1");
}

TEST(FixedScaleOffset, TiesGoToEvenAndWhatDoesNotFitIsRefused) {
  const CodecChain chain =
      filters(R"([{"id":"fixedscaleoffset","offset":0,"scale":1,"dtype":"<f4","astype":"<i2"}])",
              types::float32);
  EXPECT_THAT(stored_as<std::int16_t>(
                  encoded(chain, array_of<float>(types::float32, {0.5F, 1.5F, -2.5F, 32767.4F}))),
              ElementsAre(0, 2, -2, 32767));
  for (const float bad : {32768.0F, -32769.0F, std::nanf(""), HUGE_VALF}) {
    EXPECT_THROW(encoded(chain, array_of<float>(types::float32, {bad})), Error) << bad;
  }
}

TEST(FixedScaleOffset, IntegersWrapAsNumpyLetsThem) {
  const CodecChain chain =
      filters(R"([{"id":"fixedscaleoffset","offset":1,"scale":2,"dtype":"|u1","astype":"|u1"}])",
              types::uint8);
  EXPECT_THAT(stored_as<std::uint8_t>(encoded(chain, array_of<std::uint8_t>(types::uint8, {0, 1}))),
              ElementsAre(254, 0));
  EXPECT_THROW(
      filters(R"([{"id":"fixedscaleoffset","offset":1,"scale":0,"dtype":"|u1"}])", types::uint8),
      Error);
}

TEST(Quantize, KeepsDigits) {  // the example of numcodecs' documentation
  const auto quantized = [](int digits) {
    const CodecChain chain =
        filters(R"([{"id":"quantize","dtype":"<f8","digits":)" + std::to_string(digits) + "}]",
                types::float64);
    return values_of<double>(
        round_trip(chain, array_of<double>(types::float64, {0, 1 / 9.0, 2 / 9.0, 4 / 9.0, 1})));
  };
  EXPECT_THAT(quantized(1), ElementsAre(0, 0.125, 0.25, 0.4375, 1));
  EXPECT_THAT(quantized(2), ElementsAre(0, 0.109375, 0.21875, 0.4453125, 1));
}

TEST(BitRound, RoundsTheMantissaToEven) {
  const auto rounded = [](int keepbits, const std::vector<float>& values) {
    const CodecChain chain = filters(
        R"([{"id":"bitround","keepbits":)" + std::to_string(keepbits) + "}]", types::float32);
    return values_of<float>(round_trip(chain, array_of<float>(types::float32, values)));
  };
  // With 2 bits numbers from 1 on are 1, 1.25, 1.5, 1.75, 2.
  EXPECT_THAT(rounded(2, {1.1F, 1.125F, 1.375F, 1.9F, -1.4F}),
              ElementsAre(1.0F, 1.0F, 1.5F, 2.0F, -1.5F));
  EXPECT_EQ(rounded(23, {1.1F}), std::vector<float>{1.1F});
  EXPECT_EQ(rounded(3, {HUGE_VALF}), std::vector<float>{HUGE_VALF});
  // A NaN whose payload is all ones: numcodecs makes -0.0 of it.
  EXPECT_TRUE(std::isnan(rounded(3, {std::bit_cast<float>(0x7fffffffU)})[0]));
  EXPECT_THROW(filters(R"([{"id":"bitround","keepbits":24}])", types::float32), Error);
  EXPECT_THROW(filters(R"([{"id":"bitround","keepbits":3}])", types::int32), Error);
}

TEST(BitRound, IntegersKeepTheirHighestBits) {
  const Json json =
      parse_json(R"([{"name":"bitround","configuration":{"keepbits":2}},{"name":"bytes"}])");
  const CodecChain chain = CodecChain::from_v3(json, types::int8, 1);
  const Array in = array_of<std::int8_t>(types::int8, {0, 1, 3, 5, 7, 11, 127, -7, -128, 96});
  EXPECT_THAT(stored_as<std::int8_t>(encoded(chain, in)),
              ElementsAre(0, 1, 3, 4, 8, 12, 96, -8, -128, 96));
  EXPECT_EQ(chain.to_v3(types::int8), json);
}

TEST(AsType, ConvertsBothWays) {
  const CodecChain chain =
      filters(R"([{"id":"astype","encode_dtype":"<f2","decode_dtype":"<f8"}])", types::float64);
  const Array in = array_of<double>(types::float64, {1.5, -65504, 1e-8, HUGE_VAL});
  EXPECT_THAT(stored_as<std::uint16_t>(encoded(chain, in)), ElementsAre(0x3e00, 0xfbff, 0, 0x7c00));
  EXPECT_THAT(values_of<double>(round_trip(chain, in)), ElementsAre(1.5, -65504, 0, HUGE_VAL));
  EXPECT_THROW(encoded(chain, array_of<double>(types::float64, {65520})), Error);
  const CodecChain narrow =
      filters(R"([{"id":"astype","encode_dtype":"|u1","decode_dtype":"<i8"}])", types::int64);
  EXPECT_THROW(encoded(narrow, array_of<std::int64_t>(types::int64, {-1})), Error);
}

TEST(AsType, WiderTypesHoldEverything) {
  for (const DataType from : {types::int8, types::uint16, types::float16, types::float32}) {
    for (const DataType to : {types::int64, types::float64}) {
      if (from.is_floating() && to.is_integer()) continue;
      const std::string json = R"([{"id":"astype","encode_dtype":")" + little_name(to) +
                               R"(","decode_dtype":")" + little_name(from) + R"("}])";
      const Array in = sample(from, {13, 17});
      expect_same(round_trip(filters(json, from, false, 2), in).view(), in.view());
    }
  }
}

TEST(PackBits, NumcodecsFilter) {  // the example of numcodecs' documentation
  const CodecChain chain = filters(R"([{"id":"packbits"}])", types::boolean);
  EXPECT_THAT(
      stored_as<std::uint8_t>(encoded(chain, array_of<std::uint8_t>(types::boolean, {1, 0, 0, 1}))),
      ElementsAre(4, 144));
  for (const std::int64_t size : {0, 1, 7, 8, 9, 1000}) {
    Array in(types::boolean, {size});
    for (std::int64_t i = 0; i < size; ++i) in.values<std::uint8_t>()[i] = i % 3 == 0;
    expect_same(round_trip(chain, in).view(), in.view());
  }
}

TEST(PackBits, CodecCountsBitsFromTheLowest) {
  const auto chain = [](const char* configuration, DataType type) {
    return CodecChain::from_v3(
        parse_json(std::string(R"([{"name":"packbits","configuration":)") + configuration + "}]"),
        type, 1);
  };
  const Array flags = array_of<std::uint8_t>(types::boolean, {1, 0, 0, 1, 1, 1, 1, 1, 1, 0});
  EXPECT_THAT(stored_as<std::uint8_t>(encoded(chain("{}", types::boolean), flags)),
              ElementsAre(0xf9, 0x01));
  EXPECT_THAT(stored_as<std::uint8_t>(
                  encoded(chain(R"({"padding_encoding":"first_byte"})", types::boolean), flags)),
              ElementsAre(6, 0xf9, 0x01));
  EXPECT_THAT(stored_as<std::uint8_t>(
                  encoded(chain(R"({"padding_encoding":"last_byte"})", types::boolean), flags)),
              ElementsAre(0xf9, 0x01, 6));
  // Three bits of each, sign extended: -1 is 111, 2 is 010, -4 is 100.
  const CodecChain three = chain(R"({"last_bit":2})", types::int16);
  const Array numbers = array_of<std::int16_t>(types::int16, {-1, 2, -4, 3});
  EXPECT_THAT(stored_as<std::uint8_t>(encoded(three, numbers)), ElementsAre(0x17, 0x07));
  EXPECT_EQ(values_of<std::int16_t>(round_trip(three, numbers)), values_of<std::int16_t>(numbers));
  EXPECT_THROW(chain(R"({"first_bit":3,"last_bit":2})", types::int16), Error);
  EXPECT_THROW(chain(R"({"last_bit":16})", types::int16), Error);
  EXPECT_THROW(chain(R"({"last_bit":1})", types::boolean), Error);
}

TEST(PackBits, EveryTypeComesBack) {
  for (const DataType type : {types::int8, types::uint16, types::float32, types::float64,
                              types::int64, types::complex64, types::complex128, types::boolean}) {
    const CodecChain chain = CodecChain::from_v3(
        parse_json(R"([{"name":"packbits","configuration":{"padding_encoding":"last_byte"}}])"),
        type, 2);
    Array in = noise(type, {5, 7});
    if (type == types::boolean) {
      for (int i = 0; i < 35; ++i) in.values<std::uint8_t>()[i] %= 2;
    }
    expect_same(round_trip(chain, in).view(), in.view());
  }
}

// v2's filters see what the one before left: other types, other byte orders, rows of bytes.
TEST(V2Filters, SeeBytesInTheirOwnOrder) {
  const char* big = R"([{"id":"delta","dtype":">i2","astype":">i4"}])";
  const CodecChain chain = filters(big, types::int16, true);
  const Array in = array_of<std::int16_t>(types::int16, {258, 260});
  EXPECT_THAT(stored_as<std::uint8_t>(encoded(chain, in)), ElementsAre(0, 0, 1, 2, 0, 0, 0, 2));
  expect_same(round_trip(chain, in).view(), in.view());
  EXPECT_TRUE(chain.is_big_endian());
  EXPECT_EQ(chain.v2_filters(types::int16), parse_json(big));
  // The array is big-endian, the filter is not: it sees 0x0201 and 0x0401.
  const CodecChain mixed = filters(R"([{"id":"delta","dtype":"<i2"}])", types::int16, true);
  EXPECT_THAT(stored_as<std::uint8_t>(encoded(mixed, in)), ElementsAre(1, 2, 0, 2));
  expect_same(round_trip(mixed, in).view(), in.view());
  EXPECT_TRUE(mixed.is_big_endian());
}

TEST(V2Filters, OtherElementSizesAndObjects) {
  const CodecChain halves = filters(R"([{"id":"delta","dtype":"<u2"}])", types::uint32);
  const Array in = array_of<std::uint32_t>(types::uint32, {0x00030001, 0x00040004});
  EXPECT_THAT(stored_as<std::uint16_t>(encoded(halves, in)), ElementsAre(1, 2, 1, 0));
  expect_same(round_trip(halves, in).view(), in.view());
  EXPECT_EQ(halves.v2_filters(types::uint32)[0]["dtype"], "<u2");
  EXPECT_THROW(halves.to_v3(types::uint32), Error);
  EXPECT_THROW(
      filters(R"([{"id":"delta","dtype":"<u2"},{"id":"bitround","keepbits":2}])", types::uint32),
      Error);

  const CodecChain strings =
      CodecChain::from_v2(parse_json(R"({"id":"zstd","level":1})"),
                          parse_json(R"([{"id":"vlen-utf8"},{"id":"delta","dtype":"|u1"}])"), false,
                          types::string, false, 1);
  Array texts(types::string, {2});
  texts.values<StringRef>()[0] = texts.strings().add("abc");
  texts.values<StringRef>()[1] = texts.strings().add("");
  Array out = round_trip(strings, texts);
  EXPECT_EQ(out.values<StringRef>()[0].view(), "abc");
  EXPECT_EQ(out.values<StringRef>()[1].view(), "");
  EXPECT_EQ(strings.v2_filters(types::string)[0]["id"], "vlen-utf8");
  EXPECT_EQ(strings.v2_filters(types::string)[1]["id"], "delta");
  EXPECT_EQ(strings.v2_compressor()["id"], "zstd");
}

TEST(V3Chains, RefuseWhatTheirPlaceForbids) {
  const auto kind_of = [](const char* json, DataType type) {
    try {
      CodecChain::from_v3(parse_json(json), type, 2);
      return ErrorKind::internal;
    } catch (const Error& error) {
      return error.kind();
    }
  };
  const char* size = R"([{"name":"numcodecs.delta","configuration":{"dtype":"<i2"}},"bytes"])";
  EXPECT_EQ(kind_of(size, types::int32), ErrorKind::unsupported);
  const char* order = R"([{"name":"numcodecs.delta","configuration":{"dtype":">i2"}},"bytes"])";
  EXPECT_EQ(kind_of(order, types::int16), ErrorKind::unsupported);
  const char* behind = R"(["bytes",{"name":"numcodecs.delta","configuration":{"dtype":"|i1"}}])";
  EXPECT_EQ(kind_of(behind, types::int8), ErrorKind::corrupt);
  const char* endian = R"([{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f4"}},
                          "bytes"])";
  EXPECT_EQ(kind_of(endian, types::int8), ErrorKind::corrupt);
  const char* two = R"(["bytes","packbits"])";
  EXPECT_EQ(kind_of(two, types::int8), ErrorKind::corrupt);
}

TEST(V3Chains, ChunksThatGrowBeyondTheLimitAreRefused) {
  const CodecChain chain = CodecChain::from_v3(
      parse_json(R"([{"name":"numcodecs.astype","configuration":{"encode_dtype":"<f8"}},
                    {"name":"bytes","configuration":{"endian":"little"}}])"),
      types::int8, 1);
  EXPECT_NO_THROW(chain.check_form(types::int8, {1 << 28}));
  EXPECT_THROW(chain.check_form(types::int8, {(1 << 28) + 1}), Error);
}

const std::vector<std::pair<const char*, DataType>> kChains{
    {R"([{"id":"delta","dtype":"<i4","astype":"<i8"},{"id":"zstd","level":1}])", types::int32},
    {R"([{"id":"fixedscaleoffset","offset":0.5,"scale":2,"dtype":"<f4","astype":"<f8"}])",
     types::float32},
    {R"([{"id":"quantize","digits":3,"dtype":"<f4"},{"id":"gzip","level":1}])", types::float32},
    {R"([{"id":"bitround","keepbits":7},{"id":"blosc","cname":"lz4","clevel":5,"shuffle":1}])",
     types::float32},
    {R"([{"id":"astype","encode_dtype":"<i8","decode_dtype":"<i4"},{"id":"zlib","level":1}])",
     types::int32},
    {R"([{"id":"packbits"},{"id":"zstd","level":1}])", types::boolean},
    {R"([{"id":"zlib","level":1},{"id":"delta","dtype":"|u1"},{"id":"zstd","level":1}])",
     types::int32},
    {R"([{"name":"packbits","configuration":{"padding_encoding":"first_byte"}},"zstd"])",
     types::uint32},
    {R"([{"name":"transpose","configuration":{"order":[1,0]}},
         {"name":"numcodecs.delta","configuration":{"dtype":"<i4"}},
         {"name":"transpose","configuration":{"order":"F"}},"zstd","crc32c"])",
     types::int32},
    {R"([{"name":"scale_offset","configuration":{"offset":5,"scale":2}},
         {"name":"cast_value","configuration":{"data_type":"float64"}},"zstd"])",
     types::float32},
    {R"([{"name":"reshape","configuration":{"shape":[1,[0,1]]}},"zarrs.squeeze","gzip"])",
     types::int32}};

Array chunk_for(DataType type) {
  Array in = sample(type, {30, 21});
  for (int i = 0; type == types::boolean && i < 630; ++i) in.values<std::uint8_t>()[i] = i % 5 == 0;
  return in;
}

class ArrayChain : public testing::TestWithParam<std::pair<const char*, DataType>> {};
INSTANTIATE_TEST_SUITE_P(Chains, ArrayChain, testing::ValuesIn(kChains),
                         [](const auto& chain) { return std::to_string(chain.index); });

TEST_P(ArrayChain, PartsEqualTheWhole) {
  const auto [json, type] = GetParam();
  const CodecChain chain = parse_codec(json, type, 2);
  const Array in = chunk_for(type);
  const Buffer stored = encoded(chain, in);
  const Array whole = decoded(chain, stored, type, {30, 21}, whole_box({30, 21}));
  for (const Box& box : {Box{{0, 0}, {1, 21}}, Box{{7, 3}, {5, 5}}, Box{{29, 20}, {1, 1}}}) {
    expect_same(decoded(chain, stored, type, {30, 21}, box).view(), whole.view().part(box));
  }
  EXPECT_GE(chain.decode_scratch_size(type, {30, 21}), whole.view().byte_size());
}

TEST_P(ArrayChain, SurvivesDamage) {
  const auto& [json, given_type] = GetParam();
  const DataType type = given_type;  // lambdas take no structured binding
  const CodecChain chain = parse_codec(json, type, 2);
  const Array in = chunk_for(type);
  const Buffer good = encoded(chain, in);
  const auto is_refused = [&](ByteView stored) {
    try {
      decoded(chain, stored, type, {30, 21}, whole_box({30, 21}));
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      return true;
    }
  };
  ASSERT_FALSE(is_refused(good));
  for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 97) {
    EXPECT_TRUE(is_refused(good.bytes().first(size))) << "cut to " << size;
  }
  Buffer longer;
  longer.append(good);
  longer.append(as_bytes("x"));
  EXPECT_TRUE(is_refused(longer));
  std::mt19937 random(5);
  for (int trial = 0; trial < 200; ++trial) {
    Buffer flipped;
    flipped.append(good);
    const std::size_t range = trial % 2 == 0 ? std::min<std::size_t>(64, good.size()) : good.size();
    flipped.bytes()[random() % range] ^= static_cast<std::byte>(1U << (random() % 8));
    is_refused(flipped);
  }
}

TEST_P(ArrayChain, KeepsItsJson) {
  const auto [json, type] = GetParam();
  const CodecChain chain = parse_codec(json, type, 2);
  const bool is_v2 = std::string_view(json).find("\"id\"") != std::string_view::npos;
  if (!is_v2) {
    EXPECT_EQ(CodecChain::from_v3(chain.to_v3(type), type, 2), chain) << chain.to_v3(type);
    return;
  }
  const CodecChain again =
      CodecChain::from_v2(chain.v2_compressor(), chain.v2_filters(type), false, type, false, 2);
  EXPECT_EQ(again, chain) << chain.v2_filters(type);
}

}  // namespace
}  // namespace gridmill
