// v3's own codecs of values and shapes: scale_offset, cast_value, reshape, zarrs.squeeze, zfp.
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

// Array codecs, `bytes` behind them.
CodecChain chain_of(const std::string& codecs, DataType type, int rank = 1) {
  return parse_codec(codecs, type, rank);
}

std::string cast(const std::string& members) {
  return R"([{"name":"cast_value","configuration":{)" + members + "}}]";
}

template <class To, class From>
std::vector<To> cast_to(const std::string& members, DataType type,
                        const std::vector<From>& values) {
  return stored_as<To>(encoded(chain_of(cast(members), type), array_of<From>(type, values)));
}

TEST(CastValue, RoundsAsTold) {
  const std::vector<double> values{0.5, 1.5, -0.5, -2.5, 2.4, -1.6};
  const auto rounded = [&](const std::string& mode) {
    return cast_to<std::int8_t>(R"("data_type":"int8","rounding":")" + mode + '"', types::float64,
                                values);
  };
  EXPECT_THAT(rounded("nearest-even"), ElementsAre(0, 2, 0, -2, 2, -2));
  EXPECT_THAT(rounded("towards-zero"), ElementsAre(0, 1, 0, -2, 2, -1));
  EXPECT_THAT(rounded("towards-positive"), ElementsAre(1, 2, 0, -2, 3, -1));
  EXPECT_THAT(rounded("towards-negative"), ElementsAre(0, 1, -1, -3, 2, -2));
  EXPECT_THAT(rounded("nearest-away"), ElementsAre(1, 2, -1, -3, 2, -2));
  EXPECT_THROW(rounded("upwards"), Error);
}

TEST(CastValue, FloatsRoundAsToldToo) {
  const double third = 1.0 / 3;
  const auto rounded = [&](const std::string& mode, double value) {
    return cast_to<float>(R"("data_type":"float32","rounding":")" + mode + '"', types::float64,
                          std::vector{value})[0];
  };
  const auto nearest = static_cast<float>(third);  // above 1/3
  const float below = std::nextafter(nearest, 0.0F);
  ASSERT_GT(static_cast<double>(nearest), third);
  EXPECT_EQ(rounded("nearest-even", third), nearest);
  EXPECT_EQ(rounded("towards-zero", third), below);
  EXPECT_EQ(rounded("towards-negative", third), below);
  EXPECT_EQ(rounded("towards-positive", third), nearest);
  EXPECT_EQ(rounded("towards-negative", -third), -nearest);
  EXPECT_EQ(rounded("towards-zero", -third), -below);
  EXPECT_EQ(rounded("nearest-even", -HUGE_VAL), -HUGE_VALF);
  EXPECT_THROW(rounded("nearest-even", 1e39), Error);
  const auto halves = cast_to<std::uint16_t>(
      R"("data_type":"float16","rounding":"towards-zero","out_of_range":"clamp")", types::float64,
      std::vector{65519.0, 65535.0, 1e9, -1e9, 1e-9, -1e-9, 1 + 1e-9});
  EXPECT_THAT(halves, ElementsAre(0x7bff, 0x7bff, 0x7c00, 0xfc00, 0, 0x8000, 0x3c00));
}

// "The rounding rule MUST be applied before the out_of_range transformation", and what is beyond
// the finite range "MUST be mapped to +-Infinity": 65504 is the largest half, 65536 would be next.
TEST(CastValue, FloatsAreRoundedBeforeTheyAreOutOfRange) {
  const auto half = [](const std::string& mode, double value) {
    return cast_to<std::uint16_t>(
        R"("data_type":"float16","out_of_range":"clamp","rounding":")" + mode + '"', types::float64,
        std::vector{value})[0];
  };
  EXPECT_EQ(half("nearest-even", 65519), 0x7bff);
  EXPECT_EQ(half("nearest-even", 65520), 0x7c00);
  EXPECT_EQ(half("nearest-away", -65520), 0xfc00);
  EXPECT_EQ(half("towards-zero", -65530), 0xfbff);
  EXPECT_EQ(half("towards-positive", 65505), 0x7c00);
  EXPECT_EQ(half("towards-positive", -65530), 0xfbff);
  EXPECT_EQ(half("towards-negative", -65505), 0xfc00);
  EXPECT_EQ(half("towards-zero", 65536), 0x7c00);
}

TEST(CastValue, RefusesWhatTheTextDoesNotPermit) {
  for (const char* members :
       {R"("data_type":"int8","out_of_range":"error")", R"("data_type":"int8","scalar_map":[])",
        R"("data_type":"int8","scalar_map":{"encode":{"NaN":0}})",
        R"("data_type":"int8","scalar_map":{"encoded":[]})",
        R"("data_type":"int8","scalar_map":{"encode":[["NaN"]]})",
        R"("data_type":"int8","on_nan":0)", R"("data_type":"bool")"}) {
    EXPECT_THROW(chain_of(cast(members), types::float64), Error) << members;
  }
  EXPECT_NO_THROW(chain_of(cast(R"("data_type":{"name":"int8"})"), types::float64));
}

TEST(CastValue, TheFirstOfEqualEntriesCounts) {
  EXPECT_THAT(cast_to<std::int8_t>(
                  R"("data_type":"int8","scalar_map":{"encode":[["Infinity",3],["Infinity",4]]})",
                  types::float64, std::vector{HUGE_VAL, 1.0}),
              ElementsAre(3, 1));
}

TEST(CastValue, ClampsWrapsOrRefuses) {
  const std::vector<double> values{300, -1, 127.4, 1e300, -1e300};
  EXPECT_THAT(cast_to<std::uint8_t>(R"("data_type":"uint8","out_of_range":"clamp")", types::float64,
                                    values),
              ElementsAre(255, 0, 127, 255, 0));
  EXPECT_THAT(cast_to<std::int8_t>(R"("data_type":"int8","out_of_range":"wrap")", types::int64,
                                   std::vector<std::int64_t>{300, -129, 128, -1}),
              ElementsAre(44, 127, -128, -1));
  EXPECT_THAT(cast_to<std::uint64_t>(R"("data_type":"uint64","out_of_range":"wrap")", types::int64,
                                     std::vector<std::int64_t>{-1}),
              ElementsAre(std::numeric_limits<std::uint64_t>::max()));
  const double nan = std::nan("");
  for (const double bad : {256.0, -1.0, nan, HUGE_VAL}) {
    EXPECT_THROW(cast_to<std::uint8_t>(R"("data_type":"uint8")", types::float64, std::vector{bad}),
                 Error);
  }
  for (const char* mode : {"clamp", "wrap"}) {
    for (const double bad : {nan, HUGE_VAL, -HUGE_VAL}) {
      EXPECT_THROW(
          cast_to<std::uint8_t>(R"("data_type":"uint8","out_of_range":")" + std::string(mode) + '"',
                                types::float64, std::vector{bad}),
          Error)
          << mode << bad;
    }
  }
  EXPECT_THROW(chain_of(cast(R"("data_type":"float32","out_of_range":"wrap")"), types::float64),
               Error);
}

TEST(CastValue, MapsScalarsBothWays) {
  const CodecChain chain =
      chain_of(cast(R"("data_type":"int16","scalar_map":{"encode":[["NaN",-32768]],)"
                    R"("decode":[[-32768,"NaN"]]})"),
               types::float32);
  const Array in = array_of<float>(types::float32, {1, std::nanf(""), -7});
  const Buffer stored = encoded(chain, in);
  EXPECT_THAT(stored_as<std::int16_t>(stored), ElementsAre(1, -32768, -7));
  EXPECT_TRUE(std::isnan(values_of<float>(decoded_whole(chain, stored, in))[1]));
  EXPECT_EQ(CodecChain::from_v3(chain.to_v3(types::float32), types::float32, 1), chain);
  EXPECT_THROW(chain_of(cast(R"("data_type":"int16","scalar_map":{"encode":[["NaN",-32769]]})"),
                        types::float32),
               Error);
}

TEST(CastValue, EveryPairOfTypesKeepsSmallNumbers) {
  for (const DataType from : {types::int8, types::uint64, types::float16, types::float64}) {
    for (const DataType to : {types::int8, types::int32, types::uint16, types::int64,
                              types::float16, types::float32, types::float64}) {
      const CodecChain small = chain_of(cast(R"("data_type":")" + to.name() + '"'), from);
      Array in(from, {100});
      const CodecChain maker = chain_of(cast(R"("data_type":"int8")"), from);
      std::vector<std::int8_t> numbers(100);
      for (int i = 0; i < 100; ++i)
        numbers[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(i);
      in = decoded_whole(maker, std::as_bytes(std::span(numbers)), in);
      expect_same(decoded_whole(small, encoded(small, in), in).view(), in.view());
    }
  }
}

TEST(ScaleOffset, ComputesInTheElementsType) {
  const CodecChain chain = chain_of(
      R"([{"name":"scale_offset","configuration":{"offset":5,"scale":0.1}}])", types::float32);
  const Array in = array_of<float>(types::float32, {5, 15, -5.5F});
  EXPECT_THAT(stored_as<float>(encoded(chain, in)), ElementsAre(0, 10 * 0.1F, (-5.5F - 5) * 0.1F));
  EXPECT_EQ(values_of<float>(decoded_whole(chain, encoded(chain, in), in))[0], 5);
  const CodecChain integers = chain_of(
      R"([{"name":"scale_offset","configuration":{"offset":-10,"scale":3}}])", types::int8);
  const Array small = array_of<std::int8_t>(types::int8, {-10, 0, 32});
  EXPECT_THAT(stored_as<std::int8_t>(encoded(integers, small)), ElementsAre(0, 30, 126));
  expect_same(decoded_whole(integers, encoded(integers, small), small).view(), small.view());
  EXPECT_THROW(encoded(integers, array_of<std::int8_t>(types::int8, {33})), Error);
  EXPECT_THROW(decoded_whole(integers, as_bytes("\1\1\1"), small), Error);
  EXPECT_THROW(chain_of(R"([{"name":"scale_offset","configuration":{"scale":0}}])", types::int8),
               Error);
}

TEST(ScaleOffset, PacksBeforeACast) {  // fixedscaleoffset, as the specification spells it
  const CodecChain chain = chain_of(
      R"([{"name":"scale_offset","configuration":{"offset":1000,"scale":10}},
          {"name":"cast_value","configuration":{"data_type":"uint8"}},"zstd"])",
      types::float64);
  const CodecChain filter = chain_of(
      R"([{"id":"fixedscaleoffset","offset":1000,"scale":10,"dtype":"<f8","astype":"|u1"},
          {"id":"zstd"}])",
      types::float64);
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(1000 + i / 9.0);
  const Array in = array_of<double>(types::float64, values);
  EXPECT_EQ(as_text(encoded(chain, in)), as_text(encoded(filter, in)));
  expect_same(decoded_whole(chain, encoded(chain, in), in).view(),
              decoded_whole(filter, encoded(filter, in), in).view());
}

TEST(Reshape, FollowsTheRules) {
  const auto shape = [](const std::string& list, const Shape& chunk) {
    const CodecChain chain = CodecChain::from_v3(
        parse_json(R"([{"name":"reshape","configuration":{"shape":)" + list + R"(}},"bytes"])"),
        types::int8, chunk.rank());
    chain.check_form(types::int8, chunk);
    return chain;
  };
  EXPECT_NO_THROW(shape("[[0,1],[2],3]", {100, 50, 64, 3}));
  EXPECT_NO_THROW(shape("[-1]", {2, 3}));
  EXPECT_NO_THROW(shape("[-1,2]", {3, 4}));
  EXPECT_NO_THROW(shape("[[0],[],[1]]", {3, 4}));
  EXPECT_NO_THROW(shape("[]", {1}));
  for (const char* bad :
       {"[5]", "[-1,-1]", "[-1,7]", "[[1],[0]]", "[[1,0]]", "[[0],4,[1]]", "[0]", "[[2]]",
        "[4611686018427387903,4611686018427387903]", "[\"a\"]", "3", "[3,[1]]]", "[4,[0]]"}) {
    EXPECT_THROW(shape(bad, {3, 4}), Error) << bad;
  }
}

TEST(Reshape, ElementsKeepTheirOrder) {
  const CodecChain chain = chain_of(
      R"([{"name":"reshape","configuration":{"shape":[[0,1],-1]}},
          {"name":"transpose","configuration":{"order":[1,0]}},"zarrs.squeeze"])",
      types::int16, 4);
  const Array in = sample(types::int16, {2, 3, 1, 4});
  const Buffer stored = encoded(chain, in);
  const auto values = stored_as<std::int16_t>(stored);
  for (int row = 0; row < 6; ++row) {
    for (int column = 0; column < 4; ++column) {
      EXPECT_EQ(values[static_cast<std::size_t>(column * 6 + row)],
                in.values<std::int16_t>()[row * 4 + column]);
    }
  }
  const Box box{{1, 0, 0, 1}, {1, 2, 1, 3}};
  expect_same(decoded(chain, stored, types::int16, in.shape(), box).view(), in.view().part(box));
  EXPECT_EQ(CodecChain::from_v3(chain.to_v3(types::int16), types::int16, 4), chain);
}

Array waves(DataType type, const Shape& shape) {
  Array array(type, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    const double value = 1000 * std::sin(0.01 * static_cast<double>(i));
    if (type == types::float32) array.values<float>()[i] = static_cast<float>(value);
    if (type == types::float64) array.values<double>()[i] = value;
    if (type == types::int32) array.values<std::int32_t>()[i] = static_cast<std::int32_t>(value);
    if (type == types::int64) array.values<std::int64_t>()[i] = static_cast<std::int64_t>(value);
  }
  return array;
}

TEST(Zfp, ReversibleGivesEveryBitBack) {
  for (const char* codec : {R"([{"name":"zfp","configuration":{"mode":"reversible"}}])",
                            R"([{"name":"numcodecs.zfpy","configuration":{"mode":4}}])"}) {
    for (const DataType type : {types::int32, types::int64, types::float32, types::float64}) {
      for (const Shape& shape :
           {Shape{}, Shape{1}, Shape{17}, Shape{9, 21}, Shape{5, 6, 7}, Shape{3, 4, 5, 6}}) {
        const CodecChain chain = chain_of(codec, type, shape.rank());
        const Array in = waves(type, shape);
        expect_same(decoded_whole(chain, encoded(chain, in), in).view(), in.view());
      }
    }
  }
}

TEST(Zfp, SmallTypesTravelAsWiderOnes) {
  const char* codec = R"([{"name":"zfp","configuration":{"mode":"reversible"}}])";
  for (const DataType type :
       {types::int8, types::uint8, types::int16, types::uint16, types::float16}) {
    const CodecChain chain = chain_of(codec, type, 2);
    const Array in = sample(type, {20, 30});
    expect_same(decoded_whole(chain, encoded(chain, in), in).view(), in.view());
  }
  EXPECT_THROW(chain_of(codec, types::uint32), Error);
  EXPECT_THROW(chain_of(codec, types::complex64), Error);
}

TEST(Zfp, KeepsItsTolerance) {
  const Array in = waves(types::float32, {40, 50});
  for (const char* codec :
       {R"([{"name":"zfp","configuration":{"mode":"fixed_accuracy","tolerance":0.5}}])",
        R"([{"name":"numcodecs.zfpy","configuration":{"mode":4,"tolerance":0.5}}])"}) {
    const CodecChain chain = chain_of(codec, types::float32, 2);
    const Buffer stored = encoded(chain, in);
    EXPECT_LT(stored.size(), 4000U);
    const Array out = decoded_whole(chain, stored, in);
    for (int i = 0; i < 2000; ++i) {
      EXPECT_NEAR(out.values<float>()[i], in.values<float>()[i], 0.5);
    }
  }
}

const std::vector<std::string> kZfp{
    R"([{"name":"zfp","configuration":{"mode":"reversible"}}])",
    R"([{"name":"zfp","configuration":{"mode":"fixed_accuracy","tolerance":0.01}}])",
    R"([{"name":"zfp","configuration":{"mode":"fixed_rate","rate":9.5}}])",
    R"([{"name":"zfp","configuration":{"mode":"fixed_precision","precision":12}}])",
    R"([{"name":"zfp","configuration":{"mode":"expert","minbits":1,"maxbits":500,"maxprec":20,"minexp":-10}}])",
    R"([{"id":"zfpy","mode":2,"rate":8.0}])",
    R"([{"id":"zfpy","mode":3,"precision":14}])",
    R"([{"id":"zfpy","mode":4,"tolerance":0.01}])"};

TEST(Zfp, SurvivesDamage) {
  std::mt19937 random(5);
  const Array in = waves(types::float32, {30, 21});
  for (const std::string& codec : kZfp) {
    const CodecChain chain = chain_of(codec, types::float32, 2);
    const Buffer good = encoded(chain, in);
    decoded_whole(chain, good, in);
    // The last word may be padding, which other libraries leave out.
    for (std::size_t size = 0; size + 8 <= good.size(); size += 1 + good.size() / 53) {
      EXPECT_THROW(decoded_whole(chain, good.bytes().first(size), in), Error) << codec << size;
    }
    Buffer longer;
    longer.append(good);
    longer.append(as_bytes("12345678"));
    EXPECT_THROW(decoded_whole(chain, longer, in), Error) << codec;
    for (int trial = 0; trial < 300; ++trial) {
      Buffer flipped;
      flipped.append(good);
      const std::size_t range =
          trial % 2 == 0 ? std::min<std::size_t>(24, good.size()) : good.size();
      flipped.bytes()[random() % range] ^= static_cast<std::byte>(1U << (random() % 8));
      try {
        decoded_whole(chain, flipped, in);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      }
    }
  }
}

TEST(Zfp, KeepsItsJson) {
  for (const std::string& codec : kZfp) {
    const CodecChain chain = chain_of(codec, types::float32, 2);
    EXPECT_EQ(CodecChain::from_v3(chain.to_v3(types::float32), types::float32, 2), chain) << codec;
  }
  const CodecChain five =
      chain_of(R"([{"name":"zfp","configuration":{"mode":"reversible"}}])", types::float32, 5);
  try {
    five.check_encodable(types::float32, {2, 2, 2, 2, 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("zarrs.squeeze"));
  }
  EXPECT_THROW(CodecChain::from_v2(parse_json(R"({"id":"zfpy","mode":4,"tolerance":0.1})"), nullptr,
                                   true, types::float32, false, 2),
               Error);
}

}  // namespace
}  // namespace gridmill
