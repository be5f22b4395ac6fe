// Texts and other objects as bytes: json2, msgpack2, vlen-bytes, categorize.
#include <gmock/gmock.h>

#include <random>

#include "codec/chunk_samples.h"

namespace gridmill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Array texts_of(const std::vector<std::string_view>& texts, const Shape& shape,
               DataType type = types::string) {
  Array array(type, shape);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    array.values<StringRef>()[i] = array.strings().add(texts[i]);
  }
  return array;
}

std::vector<std::string> texts_in(const Array& array) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < array.size(); ++i) {
    texts.emplace_back(array.values<StringRef>()[i].view());
  }
  return texts;
}

constexpr const char* kJson2 = R"([{"id":"json2","encoding":"utf-8","ensure_ascii":true}])";
constexpr const char* kMsgpack2 = R"([{"id":"msgpack2","raw":false}])";

TEST(Json2, ReadsWhatNumcodecsWrites) {  // the bytes are numcodecs 0.16's
  const CodecChain chain = filters(kJson2, types::string);
  const Array like = texts_of({"", "", ""}, {3});
  EXPECT_THAT(texts_in(decoded_whole(chain, as_bytes(R"(["a","\u00e9","","|O",[3]])"), like)),
              ElementsAre("a", "é", ""));
  const CodecChain floats = filters(kJson2, types::float32, false, 2);
  const Array numbers = decoded(
      floats, as_bytes("[[0.0,0.10000000149011612,NaN],[Infinity,-1e-3,0.5],\"<f4\",[2,3]]"),
      types::float32, {2, 3}, whole_box({2, 3}));
  EXPECT_EQ(numbers.values<float>()[1], 0.1F);
  EXPECT_TRUE(std::isnan(numbers.values<float>()[2]));
  EXPECT_EQ(numbers.values<float>()[3], HUGE_VALF);
  EXPECT_EQ(numbers.values<float>()[4], -1e-3F);
}

TEST(Msgpack2, ReadsWhatNumcodecsWrites) {
  const Array like = texts_of({"", "", ""}, {3});
  const std::string_view message(
      "\x95\xa1"
      "a\xa2\xc3\xa9\xa0\xa2|O\x91\x03");
  EXPECT_THAT(texts_in(decoded_whole(filters(kMsgpack2, types::string), as_bytes(message), like)),
              ElementsAre("a", "é", ""));
}

TEST(ObjectCodecs, EveryTypeComesBack) {
  for (const char* json : {kJson2, kMsgpack2}) {
    for (const DataType type :
         {types::int8, types::int64, types::uint64, types::uint16, types::float64}) {
      const CodecChain chain = filters(json, type, false, 2);
      Array in = noise(type, {7, 9});
      if (type.is_floating()) in.values<double>()[3] = 1e300;
      for (int i = 0; type.is_floating() && i < 63; ++i) {
        if (!std::isfinite(in.values<double>()[i])) in.values<double>()[i] = i;
      }
      const Buffer stored = encoded(chain, in);
      EXPECT_LE(static_cast<std::int64_t>(stored.size()), chain.max_encoded_size(type, {7, 9}));
      expect_same(decoded_whole(chain, stored, in).view(), in.view());
    }
    const CodecChain fixed = filters(json, types::unicode(3));
    Array in(types::unicode(3), {2});
    std::memset(in.values<char>(), 0, 24);
    in.values<std::uint32_t>()[0] = 0x65e5;
    in.values<std::uint32_t>()[3] = 0x1f600;
    in.values<std::uint32_t>()[5] = 'x';
    in.values<std::uint32_t>()[4] = 'y';
    expect_same(decoded_whole(fixed, encoded(fixed, in), in).view(), in.view());
    const CodecChain flags = filters(json, types::boolean);
    Array bits(types::boolean, {2});
    bits.values<std::uint8_t>()[0] = 0;
    bits.values<std::uint8_t>()[1] = 1;
    expect_same(decoded_whole(flags, encoded(flags, bits), bits).view(), bits.view());
    EXPECT_THROW(filters(json, types::complex64), Error);
  }
}

// As numcodecs 0.16 writes a list of these, which no array of ours can have.
TEST(ObjectCodecs, OtherObjectsAreReadAsJson) {
  const Array like = texts_of({"", "", "", "", "", ""}, {6});
  const std::string_view message(
      "\x98\xa1x\xc0\x92\x01\x92\x02\xa1y\x81\xa1"
      "a\xc3\xcb?\xf8\x00\x00\x00\x00\x00\x00\xd1\xff\x00\xa2|O\x91\x06",
      31);
  const auto wanted = ElementsAre("x", "", R"([1,[2,"y"]])", R"({"a":true})", "1.5", "-256");
  EXPECT_THAT(texts_in(decoded_whole(filters(kMsgpack2, types::string), as_bytes(message), like)),
              wanted);
  EXPECT_THAT(
      texts_in(decoded_whole(
          filters(kJson2, types::string),
          as_bytes(R"(["x", null, [1, [2, "y"]], {"a": true}, 1.5, -256, "|O", [6]])"), like)),
      wanted);
  const Array rows = texts_of({"", ""}, {2, 1});
  EXPECT_THAT(texts_in(decoded_whole(
                  filters(kJson2, types::string, false, 2),
                  as_bytes(R"([[[1,2]],[123456789012345678901234567890],"|O",[2,1]])"), rows)),
              ElementsAre("[1,2]", "123456789012345678901234567890"));
  for (const std::string_view bytes : {std::string_view("\x93\xc4\x01x\xa2|O\x91\x01", 9),
                                       std::string_view("\x93\x91\xc4\x01x\xa2|O\x91\x01", 10)}) {
    try {
      decoded_whole(filters(kMsgpack2, types::string), as_bytes(bytes), texts_of({""}, {1}));
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
    }
  }
}

// Each name is looked for among few of the others.
TEST(ObjectCodecs, MappingsOfVeryManyNames) {
  constexpr int kNames = 100'000;
  std::string json = "{", packed("\xdf\x00\x01\x86\xa0", 5);
  for (int i = 0; i < kNames; ++i) {
    const std::string name = std::to_string(100'000 + i * 7919LL % 100'003);
    json += (i > 0 ? ",\"" : "\"") + name + "\":1";
    packed += static_cast<char>(0xa0 + name.size()) + name + '\x01';
  }
  json += "}";
  const Array like = texts_of({""}, {1});
  const std::string_view end(R"(,"|O",[1]])");
  EXPECT_EQ(texts_in(decoded_whole(filters(kJson2, types::string),
                                   as_bytes("[" + json + std::string(end)), like)),
            std::vector<std::string>(1, json));
  EXPECT_EQ(texts_in(decoded_whole(filters(kMsgpack2, types::string),
                                   as_bytes("\x93" + packed + "\xa2|O\x91\x01"), like)),
            std::vector<std::string>(1, json));
  packed.replace(packed.size() - 7, 6, packed.substr(6, 6));  // the last name is the first one
  try {
    decoded_whole(filters(kMsgpack2, types::string), as_bytes("\x93" + packed + "\xa2|O\x91\x01"),
                  like);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("a name twice"));
  }
}

TEST(ObjectCodecs, CrowdedElementsAreRefused) {
  const Array like = texts_of({""}, {1});
  std::string json = "[[1";
  std::string packed("\x93\xdd\x00\x10\x00\x00", 6);
  for (int i = 1; i < 1 << 20; ++i) json += ",1";
  packed += std::string(1 << 20, '\x01') + "\xa2|O\x91\x01";
  for (const auto& [codec, text] :
       {std::pair(kJson2, json + R"(],"|O",[1]])"), std::pair(kMsgpack2, packed)}) {
    try {
      decoded_whole(filters(codec, types::string), as_bytes(text), like);
      ADD_FAILURE() << codec;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported) << error.what();
    }
  }
}

TEST(ObjectCodecs, RefuseOrderFAndDamage) {
  for (const char* json : {kJson2, kMsgpack2}) {
    EXPECT_THROW(CodecChain::from_v2(nullptr, parse_json(json), true, types::string, false, 2),
                 Error);
  }
  const Array like = texts_of({""}, {1});
  for (const char* text :
       {R"([["a"],"|O",[2]])", R"(["a","|O",[2]])", R"([["a","|O",[1]])", R"(["a","|O",[[1]]])",
        R"(["a","<f4",[1]])", R"({"a":1})", R"(["a"])",
        R"(["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p"])"}) {
    EXPECT_THROW(decoded_whole(filters(kJson2, types::string), as_bytes(text), like), Error)
        << text;
  }
}

TEST(ObjectCodecs, SurviveDamage) {
  std::mt19937 random(5);
  const std::vector<std::string_view> texts{"a", "", "日本語", "x\"y", "z", "w"};
  const std::vector<std::string_view> rows{"[1,2]", "[]", "[-7]", "[3,4,5]", "[]", "[0]"};
  const char* labels =
      R"([{"id":"categorize","labels":["a","日本語","x\"y","z","w"],"dtype":"|O","astype":"|u1"}])";
  for (const auto& [json, content] :
       {std::pair(kJson2, texts), std::pair(kMsgpack2, texts), std::pair(labels, texts),
        std::pair(R"([{"id":"vlen-utf8"}])", texts), std::pair(R"([{"id":"vlen-bytes"}])", texts),
        std::pair(R"([{"id":"vlen-array","dtype":"<i2"}])", rows)}) {
    const bool is_bytes = std::string_view(json).find("vlen-bytes") != std::string_view::npos;
    const DataType type = is_bytes ? types::blob : types::string;
    const CodecChain chain = filters(json, type, false, 2);
    const Array in = texts_of(content, {2, 3}, type);
    const Buffer good = encoded(chain, in);
    EXPECT_EQ(texts_in(decoded_whole(chain, good, in)), texts_in(in));
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_THROW(decoded_whole(chain, good.bytes().first(size), in), Error) << json << size;
    }
    Buffer longer;
    longer.append(good);
    longer.append(as_bytes("x"));
    EXPECT_THROW(decoded_whole(chain, longer, in), Error) << json;
    for (int trial = 0; trial < 300; ++trial) {
      Buffer flipped;
      flipped.append(good);
      flipped.bytes()[random() % good.size()] ^= static_cast<std::byte>(1U << (random() % 8));
      try {
        decoded_whole(chain, flipped, in);
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), ErrorKind::internal) << error.what();
      }
    }
  }
}

// Lists of many small values would take sixteen times their size and more.
TEST(ObjectCodecs, MoreValuesThanTheChunkStopTheParser) {
  const Array like = texts_of({"a"}, {1});
  std::string json = "[";
  for (int i = 0; i < 100000; ++i) json += "1,";
  json += "1]";
  const auto message = [&](const char* codec, std::string_view stored) {
    try {
      decoded_whole(filters(codec, types::string), as_bytes(stored), like);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message(kJson2, json), HasSubstr("more values than the chunk"));
  std::string packed("\xdd\x7f\xff\xff\xff", 5);  // a list of 2^31 - 1
  packed += std::string(100000, '\x01');
  EXPECT_THAT(message(kMsgpack2, packed), HasSubstr("more values than the chunk"));
  EXPECT_THAT(message(kMsgpack2, std::string(100000, '\x91')), HasSubstr("too deep"));
}

TEST(Categorize, NumbersLabels) {  // the example of numcodecs' documentation
  const char* json =
      R"([{"id":"categorize","labels":["female","male"],"dtype":"|O","astype":"|u1"}])";
  const CodecChain chain = filters(json, types::string);
  const Array in = texts_of({"male", "female", "female", "male", ""}, {5});
  const Buffer stored = encoded(chain, in);
  EXPECT_EQ(as_text(stored), std::string_view("\2\1\1\2\0", 5));
  EXPECT_EQ(texts_in(decoded_whole(chain, stored, in)), texts_in(in));
  EXPECT_EQ(chain.v2_filters(types::string), parse_json(json));
  EXPECT_THROW(encoded(chain, texts_of({"unexpected"}, {1})), Error);
  EXPECT_THROW(decoded_whole(chain, as_bytes("\2\1\3\2\1"), in), Error);
  EXPECT_THROW(
      filters(R"([{"id":"categorize","labels":["abc"],"dtype":"<U2"}])", types::unicode(2)), Error);
}

TEST(Categorize, FixedTextsToo) {
  const CodecChain chain = filters(
      R"([{"id":"categorize","labels":["é","日本"],"dtype":"<U2","astype":"<i4"},
          {"id":"delta","dtype":"<i4"}])",
      types::unicode(2));
  Array in(types::unicode(2), {3});
  const std::array<std::uint32_t, 6> points{0x65e5, 0x672c, 0xe9, 0, 0, 0};
  std::copy(points.begin(), points.end(), in.values<std::uint32_t>());
  expect_same(decoded_whole(chain, encoded(chain, in), in).view(), in.view());
}

}  // namespace
}  // namespace gridmill
