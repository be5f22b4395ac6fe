#include "gridmill/codec/narrow_codec.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "codec/chunk_samples.h"
#include "gridmill/array/half.h"
#include "gridmill/base/error.h"
#include "gridmill/codec/short_form.h"

namespace gridmill {
namespace {

constexpr std::array kFloats{"bfloat16",           "float8_e3m4",     "float8_e4m3",
                             "float8_e4m3b11fnuz", "float8_e4m3fn",   "float8_e4m3fnuz",
                             "float8_e5m2",        "float8_e5m2fnuz", "float8_e8m0fnu",
                             "float6_e2m3fn",      "float6_e3m2fn",   "float4_e2m1fn"};

NarrowType narrow(std::string_view name) { return *narrow_type_from_name(name); }

double value(std::string_view name, unsigned code) {
  return std::bit_cast<float>(float_bits_of(narrow(name), code));
}

CodecChain bytes_of(std::string_view name) {
  const NarrowType type = narrow(name);
  return CodecChain::from_v3(
      parse_json(R"([{"name":"bytes","configuration":{"endian":"little"}}])"), type.memory_type(),
      1, type);
}

// From the pages of zarr-extensions.
TEST(NarrowType, CodesMeanWhatTheirPagesSay) {
  EXPECT_EQ(value("bfloat16", 0x3f80), 1);
  EXPECT_EQ(value("bfloat16", 0xff80), -HUGE_VAL);
  EXPECT_EQ(value("bfloat16", 0x0001), std::ldexp(1.0, -133));
  EXPECT_EQ(value("float8_e4m3", 0x77), 240);
  EXPECT_EQ(value("float8_e4m3", 0x78), HUGE_VAL);
  EXPECT_EQ(value("float8_e4m3fn", 0x7e), 448);
  EXPECT_EQ(value("float8_e5m2", 0x7b), 57344);
  EXPECT_EQ(value("float8_e5m2fnuz", 0x01), std::ldexp(1.0, -17));
  EXPECT_EQ(value("float8_e8m0fnu", 0x00), std::ldexp(1.0, -127));
  EXPECT_EQ(value("float8_e8m0fnu", 0xfe), std::ldexp(1.0, 127));
  EXPECT_EQ(value("float6_e2m3fn", 0x1f), 7.5);
  EXPECT_EQ(value("float6_e3m2fn", 0x3f), -28);
  EXPECT_EQ(value("float4_e2m1fn", 0x07), 6);
  EXPECT_EQ(value("float4_e2m1fn", 0xf1), 0.5) << "bits above a code mean nothing";
  const std::pair<const char*, unsigned> nans[] = {
      {"bfloat16", 0x7fc0},       {"float8_e3m4", 0x78},     {"float8_e4m3", 0x7c},
      {"float8_e5m2", 0x7e},      {"float8_e4m3fn", 0x7f},   {"float8_e4m3b11fnuz", 0x80},
      {"float8_e4m3fnuz", 0x80},  {"float8_e5m2fnuz", 0x80}, {"float8_e8m0fnu", 0xff},
      {"complex_float16", 0x7e00}};
  for (const auto& [name, code] : nans) {
    EXPECT_TRUE(std::isnan(value(name, code))) << name;
    EXPECT_EQ(nearest_code(narrow(name), std::nan("")), code) << name;
  }
}

TEST(NarrowType, EveryCodeComesBack) {
  for (const char* name : kFloats) {
    const NarrowType type = narrow(name);
    std::set<std::uint32_t> seen;
    for (unsigned code = 0; code < 1U << type.bits; ++code) {
      const std::uint32_t bits = float_bits_of(type, code);
      EXPECT_TRUE(seen.insert(bits).second) << name << " " << code;
      if (type.bits == 16 && code % 7 != 0) continue;
      EXPECT_EQ(code_of(type, bits), code) << name;
    }
  }
  for (unsigned code = 0; code < 0x10000; ++code) {
    const NarrowType half = narrow("complex_float16");
    EXPECT_EQ(code_of(half, float_bits_of(half, code)), code);
  }
}

TEST(NarrowType, TheNearestOfTwoNeighboursIsTaken) {
  EXPECT_EQ(value("float8_e4m3fn", *nearest_code(narrow("float8_e4m3fn"), 0.3)), 0.3125);
  EXPECT_EQ(value("float4_e2m1fn", *nearest_code(narrow("float4_e2m1fn"), -5.0)), -4) << "even";
  EXPECT_EQ(value("bfloat16", *nearest_code(narrow("bfloat16"), 0.3)), 0.30078125);
  EXPECT_EQ(nearest_code(narrow("float8_e3m4"), -0.0), 0x80);
  EXPECT_EQ(nearest_code(narrow("float8_e3m4"), 0.0), 0x00);
  EXPECT_EQ(nearest_code(narrow("float8_e4m3fnuz"), -0.0), 0x00) << "it has no other zero";
  EXPECT_EQ(nearest_code(narrow("float8_e8m0fnu"), 3.0), 129) << "4, as ml_dtypes has it";
  EXPECT_EQ(nearest_code(narrow("float8_e8m0fnu"), 0.0), 0);
  const std::pair<const char*, double> outside[] = {
      {"float4_e2m1fn", 7},   {"float8_e4m3", -300},           {"bfloat16", 3.4e38},
      {"float8_e8m0fnu", -1}, {"float6_e2m3fn", std::nan("")}, {"float8_e4m3fn", HUGE_VAL}};
  for (const auto& [name, number] : outside) {
    EXPECT_EQ(nearest_code(narrow(name), number), std::nullopt) << name;
  }
}

TEST(NarrowType, IsKnownByName) {
  EXPECT_FALSE(narrow_type_from_name("float32"));
  EXPECT_FALSE(narrow_type_from_name("float16")) << "memory has it";
  EXPECT_FALSE(narrow_type_from_name("complex_int4"));
  EXPECT_EQ(narrow("complex_bfloat16").name(), "complex_bfloat16");
  EXPECT_EQ(narrow("complex_bfloat16").memory_type(), types::complex64);
  EXPECT_EQ(narrow("int2").memory_type(), types::int8);
  EXPECT_EQ(narrow("uint4").memory_type(), types::uint8);
  EXPECT_EQ(narrow("float6_e3m2fn").memory_type(), types::float32);
}

// A binary32's upper half: rounding it is rounding there.
TEST(Bfloat, RoundsHalfToEven) {
  std::mt19937 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    const float number = std::bit_cast<float>(bits);
    if (std::isnan(number)) continue;
    const std::uint32_t rounded = bits + 0x7fffU + (bits >> 16 & 1U);
    EXPECT_EQ(bfloat_from_double(number), rounded >> 16) << number;
    EXPECT_EQ(double_from_bfloat(static_cast<std::uint16_t>(bits >> 16)),
              std::bit_cast<float>(bits & 0xffff0000U));
  }
  EXPECT_EQ(bfloat_from_double(std::nan("")), 0x7fc0);
  EXPECT_EQ(bfloat_from_double(0x1.00fffffffp0), 0x3f80) << "half a place, were it a float first";
  EXPECT_EQ(bfloat_from_double(0x1.0100000001p0), 0x3f81);
  EXPECT_EQ(bfloat_from_double(1e300), 0x7f80);
}

TEST(NarrowCodec, MemoryHoldsWiderNumbers) {
  const std::vector<float> floats{1, -0.0F, 0.5F, std::numeric_limits<float>::infinity()};
  const Array in = array_of<float>(types::float32, floats);
  const CodecChain chain = bytes_of("bfloat16");
  const Buffer stored = encoded(chain, in);
  EXPECT_EQ(stored_as<std::uint16_t>(stored),
            (std::vector<std::uint16_t>{0x3f80, 0x8000, 0x3f00, 0x7f80}));
  expect_same(decoded_whole(chain, stored, in).view(), in.view());
}

TEST(NarrowCodec, IntegersAreSignExtended) {
  const Array in = array_of<std::int8_t>(types::int8, {-8, -1, 0, 7});
  const Buffer stored = encoded(bytes_of("int4"), in);
  EXPECT_EQ(stored_as<std::int8_t>(stored), (std::vector<std::int8_t>{-8, -1, 0, 7}));
  const std::array<std::byte, 4> odd{std::byte{0x18}, std::byte{0x0f}, std::byte{0xf0},
                                     std::byte{0x97}};
  expect_same(decoded_whole(bytes_of("int4"), odd, in).view(), in.view());
}

TEST(NarrowCodec, PackbitsKeepsTheCodesBits) {
  const auto packed = [](const char* name, const Array& in, const char* codec) {
    const NarrowType type = narrow(name);
    const CodecChain chain = CodecChain::from_v3(parse_json(codec), in.type(), 1, type);
    EXPECT_EQ(CodecChain::from_v3(chain.to_v3(in.type()), in.type(), 1, type), chain);
    const Buffer stored = encoded(chain, in);
    expect_same(decoded_whole(chain, stored, in).view(), in.view());
    return stored_as<std::uint8_t>(stored);
  };
  const char* plain = R"([{"name":"packbits"}])";
  EXPECT_EQ(packed("int2", array_of<std::int8_t>(types::int8, {1, -2, -1, 0, 1}), plain),
            (std::vector<std::uint8_t>{0b00111001, 0b01}));
  EXPECT_EQ(packed("uint4", array_of<std::uint8_t>(types::uint8, {1, 15, 2}), plain),
            (std::vector<std::uint8_t>{0xf1, 0x02}));
  EXPECT_EQ(packed("float4_e2m1fn", array_of<float>(types::float32, {-6, 0.5}), plain),
            (std::vector<std::uint8_t>{0x1f}));
  EXPECT_EQ(packed("float6_e2m3fn", array_of<float>(types::float32, {7.5, 0.125}), plain),
            (std::vector<std::uint8_t>{0b01011111, 0b0000}));
  const char* two = R"([{"name":"packbits","configuration":{"first_bit":0,"last_bit":1}}])";
  EXPECT_EQ(packed("int4", array_of<std::int8_t>(types::int8, {-2, 1}), two),
            (std::vector<std::uint8_t>{0b0110}));
}

TEST(NarrowCodec, NothingIsRounded) {
  const auto refused = [](const char* name, const Array& in) {
    CodecContext context;
    Buffer stored;
    try {
      bytes_of(name).encode(in.view(), stored, context);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      return error.message();
    }
    return std::string();
  };
  EXPECT_THAT(refused("bfloat16", array_of<float>(types::float32, {1.00390625F})),
              testing::HasSubstr("1.00390625 is no value of bfloat16"));
  EXPECT_THAT(refused("float8_e4m3", array_of<float>(types::float32, {0.3F})),
              testing::HasSubstr("float8_e4m3"));
  EXPECT_THAT(refused("int4", array_of<std::int8_t>(types::int8, {8})), testing::HasSubstr("int4"));
  EXPECT_THAT(refused("uint2", array_of<std::uint8_t>(types::uint8, {4})),
              testing::HasSubstr("uint2"));
}

TEST(NarrowCodec, CodecsThatMoveElementsAreAllowed) {
  const NarrowType type = narrow("float8_e5m2");
  Array in(types::float32, {2, 3});
  for (int i = 0; i < 6; ++i) in.values<float>()[i] = static_cast<float>(i) - 2;
  for (const char* codecs :
       {R"([{"name":"transpose","configuration":{"order":[1,0]}},"bytes"])",
        R"([{"name":"reshape","configuration":{"shape":[6]}},"bytes",{"name":"crc32c"}])",
        R"(["bytes",{"name":"zstd","configuration":{"level":1,"checksum":false}}])"}) {
    const CodecChain chain = parse_codec(codecs, types::float32, 2, type);
    const Buffer stored = encoded(chain, in);
    expect_same(decoded_whole(chain, stored, in).view(), in.view());
    EXPECT_EQ(CodecChain::from_v3(chain.to_v3(types::float32), types::float32, 2, type), chain);
  }
  for (const char* codecs :
       {R"([{"name":"scale_offset","configuration":{"offset":1,"scale":2}},"bytes"])",
        R"([{"name":"numcodecs.delta","configuration":{"dtype":"<f4"}},"bytes"])",
        R"([{"name":"zfp","configuration":{"mode":"reversible"}}])"}) {
    try {
      parse_codec(codecs, types::float32, 2, type);
      ADD_FAILURE() << codecs;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
      EXPECT_THAT(error.message(), testing::HasSubstr("float8_e5m2")) << codecs;
    }
  }
}

std::string cast_to(const std::string& members) {
  return R"([{"name":"cast_value","configuration":{)" + members +
         R"(}},{"name":"bytes","configuration":{"endian":"little"}}])";
}

TEST(NarrowCodec, CastValueReachesNarrowTypes) {
  const auto codes = [](const std::string& members, const std::vector<double>& numbers) {
    const CodecChain chain = parse_codec(cast_to(members), types::float64, 1);
    EXPECT_EQ(CodecChain::from_v3(chain.to_v3(types::float64), types::float64, 1), chain);
    return stored_as<std::uint8_t>(encoded(chain, array_of<double>(types::float64, numbers)));
  };
  using Codes = std::vector<std::uint8_t>;
  EXPECT_EQ(codes(R"("data_type":"int4","rounding":"towards-zero")", {-8.9, 7.9, -0.5}),
            (Codes{0xf8, 0x07, 0x00}));
  EXPECT_EQ(codes(R"("data_type":"int4","out_of_range":"wrap")", {8, -9, 21}),
            (Codes{0xf8, 0x07, 0x05}));
  EXPECT_EQ(codes(R"("data_type":"uint2","out_of_range":"clamp")", {-3, 300}), (Codes{0, 3}));
  EXPECT_EQ(codes(R"("data_type":"float4_e2m1fn","out_of_range":"clamp")", {-99, 6.1, 5, 1e300}),
            (Codes{0x0f, 0x07, 0x06, 0x07}));
  // Infinite where the type can say so, once rounded; 57344 is the largest, 65536 would be next.
  EXPECT_EQ(codes(R"("data_type":"float8_e5m2","out_of_range":"clamp")", {-1e9, 61439, 61440}),
            (Codes{0xfc, 0x7b, 0x7c}));
  EXPECT_EQ(codes(R"("data_type":"float8_e5m2","out_of_range":"clamp","rounding":"towards-zero")",
                  {-65535, 65536}),
            (Codes{0xfb, 0x7c}));
  EXPECT_EQ(codes(R"("data_type":"float8_e4m3fn")", {464}), (Codes{0x7e}));  // a tie, to even
  EXPECT_EQ(codes(R"("data_type":"float8_e4m3fnuz")", {-0.0, 240}), (Codes{0x00, 0x7f}));
  EXPECT_EQ(codes(R"("data_type":"float8_e8m0fnu","out_of_range":"clamp")", {-1, 0, 3, 1e300}),
            (Codes{0, 0, 129, 254}));
  EXPECT_EQ(codes(R"("data_type":"float8_e5m2","scalar_map":{"encode":[["NaN","0x7d"]]})",
                  {std::nan(""), HUGE_VAL}),
            (Codes{0x7d, 0x7c}));
  for (const auto& [type, number] :
       std::vector<std::pair<std::string, double>>{{"int4", 8},
                                                   {"uint2", -1},
                                                   {"bfloat16", 1e39},
                                                   {"float4_e2m1fn", std::nan("")},
                                                   {"float8_e4m3fn", -HUGE_VAL},
                                                   {"float8_e8m0fnu", 0}}) {
    EXPECT_THROW(codes(R"("data_type":")" + type + '"', {number}), Error) << type;
  }
}

TEST(NarrowCodec, CastValueTakesNarrowElements) {
  const CodecChain chain =
      parse_codec(cast_to(R"("data_type":"int16")"), types::float32, 1, narrow("bfloat16"));
  const Array in = array_of<float>(types::float32, {1, -300, 256});
  EXPECT_EQ(stored_as<std::int16_t>(encoded(chain, in)), (std::vector<std::int16_t>{1, -300, 256}));
  Buffer stored;
  for (const std::int16_t number : {257, 259, -261}) {
    stored.append(std::as_bytes(std::span(&number, 1)));
  }
  EXPECT_EQ(values_of<float>(decoded_whole(chain, stored, in)),
            (std::vector<float>{256, 260, -260}));
}

TEST(NarrowCodec, BloscShufflesCodes) {
  const Json chain = default_chain(types::float32, narrow("bfloat16")).to_v3(types::float32);
  EXPECT_EQ(chain[0]["configuration"]["endian"], "little");
  EXPECT_EQ(chain[1]["configuration"]["typesize"], 2);
  EXPECT_EQ(parse_codec("blosc", types::float32, 1, narrow("bfloat16")),
            default_chain(types::float32, narrow("bfloat16")));
}

}  // namespace
}  // namespace gridmill
