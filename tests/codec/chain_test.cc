// Round trips through every codec, parts against the whole, and damaged input.
#include "gridmill/codec/chain.h"

#include <gmock/gmock.h>
#include <zstd.h>

#include <random>

#include "codec/chunk_samples.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/codec/short_form.h"
#include "gridmill/codec/states.h"

namespace gridmill {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kForms{
    "none",
    "zstd:3",
    "zstd:3:checksum",
    "gzip:5",
    "zlib:1",
    "gzip:0",
    "blosc",
    "blosc:zstd:3:noshuffle:4KiB",
    "blosc:zstd:1:bitshuffle:4KiB",
    "blosc:lz4:5:shuffle:4KiB",
    "blosc:lz4hc:5:shuffle:4KiB",
    "blosc:lz4:1:noshuffle:4KiB",
    "blosc:lz4:5:bitshuffle:4KiB",
    "blosc:blosclz:5:shuffle:4KiB",
    "blosc:snappy:5:shuffle:4KiB",
    "blosc:zlib:5:shuffle:4KiB",
    "blosc:zstd:1:shuffle:4KiB",
    "blosc:zstd:0:shuffle:4KiB",
    R"([{"name":"bytes","configuration":{"endian":"big"}},{"name":"zstd"},{"name":"crc32c"}])",
    R"([{"name":"bytes","configuration":{"endian":"little"}},{"name":"crc32c"}])",
    R"([{"name":"bytes","configuration":{"endian":"little"}},{"name":"crc32c"},{"name":"gzip","configuration":{"level":1}}])",
    R"([{"name":"bytes","configuration":{"endian":"big"}},{"name":"zstd"},{"name":"gzip","configuration":{"level":1}}])"};

class EveryCodec : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, testing::ValuesIn(kForms),
                         [](const auto& form) { return std::to_string(form.index); });

TEST_P(EveryCodec, RoundTripsEveryElementSize) {
  CodecContext context;
  for (const DataType type :
       {types::int8, types::int16, types::float32, types::float64, types::complex128,
        types::bytes(3), types::unicode(5), types::boolean, types::bytes(300)}) {
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{7, 13}, Shape{20, 30, 11}, Shape{0, 3}}) {
      const CodecChain chain = parse_codec(GetParam(), type, shape.rank());
      for (const Array& in : {sample(type, shape), noise(type, shape)}) {
        Buffer stored;
        chain.encode(in.view(), stored, context);
        EXPECT_LE(static_cast<std::int64_t>(stored.size()), chain.max_encoded_size(type, shape));
        if (in.size() == 0) continue;
        const Array out = decoded(chain, stored, type, shape, whole_box(shape));
        expect_same(out.view(), in.view());
      }
    }
  }
}

TEST_P(EveryCodec, KeepsItsJson) {
  const CodecChain chain = parse_codec(GetParam(), types::float32, 2);
  const Json json = chain.to_v3(types::float32);
  EXPECT_EQ(CodecChain::from_v3(json, types::float32, 2), chain) << json;
}

TEST_P(EveryCodec, PartsEqualTheWhole) {
  const Shape shape{17, 29, 23};
  for (const DataType type : {types::int16, types::float32, types::complex128, types::bytes(3)}) {
    const CodecChain chain = parse_codec(GetParam(), type, 3);
    const Array in = sample(type, shape);
    CodecContext context;
    Buffer stored;
    chain.encode(in.view(), stored, context);
    std::mt19937 random(3);
    for (int trial = 0; trial < 12; ++trial) {
      Box box{Index::filled(3, 0), Index::filled(3, 0)};
      for (int d = 0; d < 3; ++d) {
        box.begin[d] = static_cast<std::int64_t>(random()) % shape[d];
        box.shape[d] = 1 + static_cast<std::int64_t>(random()) % (shape[d] - box.begin[d]);
      }
      const Array out = decoded(chain, stored, type, shape, box);
      expect_same(out.view(), in.view().part(box));
    }
  }
}

// Chunks that are decoded a piece at a time, and written past the caches.
TEST_P(EveryCodec, PartsOfALargeChunkEqualTheWhole) {
  const Shape shape{30, 96, 128};
  for (const DataType type : {types::float32, types::bytes(3)}) {
    const CodecChain chain = parse_codec(GetParam(), type, 3);
    const Array in = sample(type, shape);
    CodecContext context;
    Buffer stored;
    chain.encode(in.view(), stored, context);
    for (const Box& box :
         {whole_box(shape), Box{{0, 3, 64}, {30, 90, 64}}, Box{{7, 95, 127}, {1, 1, 1}}}) {
      for (const Stores stores : {Stores::cached, Stores::past_the_caches}) {
        const Array out = decoded(chain, stored, type, shape, box, stores);
        expect_same(out.view(), in.view().part(box));
      }
    }
  }
}

// Whatever the damage: an Error or, where nothing checks the content, some content; never a crash
// (the sanitizers watch) and never more than the chunk.
TEST_P(EveryCodec, SurvivesDamage) {
  const Shape shape{40, 50};
  const CodecChain chain = parse_codec(GetParam(), types::float32, 2);
  CodecContext context;
  Buffer good;
  chain.encode(sample(types::float32, shape).view(), good, context);
  const auto is_refused = [&](ByteView stored) {
    try {
      decoded(chain, stored, types::float32, shape, whole_box(shape));
      decoded(chain, stored, types::float32, shape, Box{{3, 4}, {1, 1}});
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
      return true;
    }
  };
  ASSERT_FALSE(is_refused(good));
  for (std::size_t size = 0; size < good.size(); size += 1 + good.size() / 97) {
    Buffer cut;
    cut.append(good.bytes().first(size));
    EXPECT_TRUE(is_refused(cut)) << "cut to " << size;
  }
  Buffer longer;
  longer.append(good);
  longer.append(as_bytes("x"));
  EXPECT_TRUE(is_refused(longer));
  std::mt19937 random(5);
  int refused = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Buffer flipped;
    flipped.append(good);
    // Headers matter most: half of the flips fall into the first 64 bytes.
    const std::size_t range = trial % 2 == 0 ? std::min<std::size_t>(64, good.size()) : good.size();
    flipped.bytes()[random() % range] ^= static_cast<std::byte>(1U << (random() % 8));
    refused += is_refused(flipped) ? 1 : 0;
  }
  if (GetParam().ends_with(R"("crc32c"}])")) {
    EXPECT_EQ(refused, 300);
  }
}

TEST(CodecChain, TransposesAsTheSpecificationSays) {
  // encoded[i, j, k] = chunk[k, i, j] for order (1, 2, 0): dimension n of the encoded is order[n].
  const Json json =
      parse_json(R"([{"name":"transpose","configuration":{"order":[1,2,0]}},{"name":"bytes"}])");
  const CodecChain chain = CodecChain::from_v3(json, types::uint8, 3);
  Array in(types::uint8, {2, 3, 4});
  for (int i = 0; i < 24; ++i) in.values<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  for_each_position(whole_box({3, 4, 2}), [&](const Index& at) {
    const std::int64_t encoded = (at[0] * 4 + at[1]) * 2 + at[2];
    const std::int64_t original = (at[2] * 3 + at[0]) * 4 + at[1];
    ASSERT_EQ(static_cast<std::int64_t>(stored.data()[encoded]), original);
  });
  const Box box{{1, 0, 2}, {1, 3, 2}};
  expect_same(decoded(chain, stored, types::uint8, {2, 3, 4}, box).view(), in.view().part(box));
  EXPECT_EQ(chain.to_v3(types::uint8), json);
  EXPECT_THROW(static_cast<void>(chain.is_fortran_order()), Error);
}

TEST(CodecChain, FewBlocksOfATransposedBloscChunk) {
  const Shape shape{64, 65, 33};
  const CodecChain chain = CodecChain::from_v2(
      parse_json(R"({"id":"blosc","cname":"zstd","clevel":1,"shuffle":1,"blocksize":8192})"),
      nullptr, true, types::float32, true, 3);
  const Array in = sample(types::float32, shape);
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  ASSERT_GT(BloscFrame(stored).block_count(), 50);
  for (const Box& box : {Box{{5, 6, 7}, {1, 1, 1}}, Box{{0, 64, 32}, {64, 1, 1}},
                         Box{{63, 0, 0}, {1, 65, 1}}, Box{{3, 3, 3}, {10, 10, 10}}}) {
    expect_same(decoded(chain, stored, types::float32, shape, box).view(), in.view().part(box));
  }
}

TEST(CodecChain, ALargeChunkOfAnotherSizeIsRefused) {
  const CodecChain chain = parse_codec("zstd:1", types::float32, 2);
  CodecContext context;
  Buffer stored;
  chain.encode(sample(types::float32, {512, 1024}).view(), stored, context);
  const Box box{{0, 0}, {1, 1}};
  for (const Shape& wrong : {Shape{513, 1024}, Shape{511, 1024}, Shape{512, 1023}}) {
    EXPECT_THROW(decoded(chain, stored, types::float32, wrong, box), Error) << to_string(wrong);
  }
  for (std::size_t size = 0; size < stored.size(); size += 1 + stored.size() / 31) {
    const ByteView cut = stored.bytes().first(size);
    EXPECT_THROW(decoded(chain, cut, types::float32, {512, 1024}, box), Error) << size;
  }
}

// As other writers may make them: the whole in several frames, without its size, behind a frame
// that is to be skipped.
TEST(CodecChain, ALargeChunkInOtherFramesIsRead) {
  const Shape shape{512, 1024};
  const CodecChain chain = parse_codec("zstd:1", types::float32, 2);
  const Array in = sample(types::float32, shape);
  const ArrayView view = in.view();
  const auto bytes = static_cast<std::size_t>(view.byte_size());
  CodecContext context;
  Buffer two, unsized, skipped;
  for (const Box& half : {Box{{0, 0}, {256, 1024}}, Box{{256, 0}, {256, 1024}}}) {
    Buffer frame;
    chain.encode(in.view().part(half), frame, context);
    two.append(frame);
  }
  ZSTD_CCtx& encoder = context.states().zstd_encoder();
  ZSTD_CCtx_reset(&encoder, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(&encoder, ZSTD_c_contentSizeFlag, 0);
  unsized.resize(ZSTD_compressBound(bytes));
  unsized.resize(ZSTD_compress2(&encoder, unsized.data(), unsized.size(), view.data, bytes));
  const std::array<std::uint32_t, 3> skippable{0x184D2A50, 4, 0};
  skipped.append(as_bytes(std::string_view(reinterpret_cast<const char*>(skippable.data()), 12)));
  skipped.append(two);
  for (const Buffer* stored : {&two, &unsized, &skipped}) {
    const Array out = decoded(chain, *stored, types::float32, shape, whole_box(shape));
    expect_same(out.view(), in.view());
    const Box box{{3, 5}, {400, 900}};
    expect_same(decoded(chain, *stored, types::float32, shape, box).view(), in.view().part(box));
  }
}

TEST(CodecChain, SeveralPartsOfOneChunk) {
  const CodecChain chain = parse_codec("blosc:zstd:1:shuffle:4KiB", types::float32, 2);
  const Array in = sample(types::float32, {100, 100});
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  Array a(types::float32, {2, 100});
  Array b(types::float32, {1, 3});
  StringArena arena;
  const std::array parts{Part{{{1, 0}, {2, 100}}, a.view()}, Part{{{99, 97}, {1, 3}}, b.view()}};
  chain.decode(stored, types::float32, {100, 100}, parts, arena, context);
  expect_same(a.view(), in.view().part(parts[0].box));
  expect_same(b.view(), in.view().part(parts[1].box));
}

TEST(CodecChain, StringsRoundTrip) {
  Array in(types::string, {2, 2});
  const std::array<std::string_view, 4> texts{"", "Zürich", "a", "日本"};
  for (std::size_t i = 0; i < 4; ++i) in.values<StringRef>()[i] = in.strings().add(texts[i]);
  CodecContext context;
  for (const char* form : {"none", "zstd:1", "gzip:5", "blosc"}) {
    const CodecChain chain = parse_codec(form, types::string, 2);
    Buffer stored;
    chain.encode(in.view(), stored, context);
    Array out = decoded(chain, stored, types::string, {2, 2}, whole_box({2, 2}));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(out.values<StringRef>()[i].view(), texts[i]);
    for (std::size_t size = 0; size < stored.size(); ++size) {
      EXPECT_THROW(
          decoded(chain, stored.bytes().first(size), types::string, {2, 2}, whole_box({2, 2})),
          Error);
    }
    EXPECT_THROW(decoded(chain, stored, types::string, {2, 3}, whole_box({2, 3})), Error);
  }
  in.values<StringRef>()[0] = in.strings().add("\xff");
  Buffer stored;
  EXPECT_THROW(CodecChain().encode(in.view(), stored, context), Error);
}

TEST(CodecChain, WrongSizesAreNamed) {
  const CodecChain chain = parse_codec("zstd:1", types::float32, 1);
  CodecContext context;
  Buffer stored;
  chain.encode(sample(types::float32, {24}).view(), stored, context);
  try {
    decoded(chain, stored, types::float32, {3}, whole_box({3}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("96 bytes"));
    EXPECT_THAT(error.what(), HasSubstr("needs 12"));
  }
}

TEST(CodecChain, RefusesWhatItDoesNotKnow) {
  const auto refused = [](const char* json, ErrorKind kind) {
    try {
      CodecChain::from_v3(parse_json(json), types::float32, 2);
      return false;
    } catch (const Error& error) {
      return error.kind() == kind;
    }
  };
  const char* bytes = R"({"name":"bytes","configuration":{"endian":"little"}})";
  const auto behind_bytes = [&](const char* codec) {
    return std::string("[") + bytes + "," + codec + "]";
  };
  EXPECT_TRUE(refused(behind_bytes(R"({"name":"jpeg"})").c_str(), ErrorKind::unsupported));
  EXPECT_TRUE(refused(behind_bytes(R"({"name":"packbits"})").c_str(), ErrorKind::corrupt));
  EXPECT_TRUE(refused("[]", ErrorKind::corrupt));
  EXPECT_TRUE(refused(R"([{"name":"bytes"}])", ErrorKind::corrupt));  // no endian
  EXPECT_TRUE(refused(R"([{"name":"vlen-utf8"}])", ErrorKind::corrupt));
  EXPECT_TRUE(
      refused(R"([{"name":"transpose","configuration":{"order":[0,0]}}])", ErrorKind::corrupt));
  EXPECT_THROW(CodecChain::from_v2(nullptr, parse_json(R"([{"id":"pickle"}])"), false,
                                   types::float32, false, 1),
               Error);
}

// The oracle is what libzstd says that its state takes. At level 22 that is hundreds of megabytes.
TEST(CodecChain, EncodersCountTheirStates) {
  for (const int level : {-5, 1, 3, 9, 15, 19, 22}) {
    for (const std::int64_t elements : {1000, 100'000, 1'000'000}) {
      if (level > 15 && elements > 100'000) continue;  // slow under sanitizers
      const ZstdCodec zstd{level, false};
      CodecContext context;
      Buffer stored;
      CodecChain({zstd}).encode(sample(types::float32, {elements}).view(), stored, context);
      const auto used =
          static_cast<std::int64_t>(ZSTD_sizeof_CCtx(&context.states().zstd_encoder()));
      EXPECT_GE(zstd.encoder_size(4 * elements), used) << level << " " << elements;
      EXPECT_LE(zstd.encoder_size(4 * elements), 2 * used) << level << " " << elements;
    }
  }
  const auto scratch = [](const char* form) {
    return parse_codec(form, types::float32, 1).encode_scratch_size(types::float32, {4 << 20});
  };
  EXPECT_GT(scratch("zstd:19"), scratch("zstd:1") + (50 << 20));
  EXPECT_GT(scratch("blosc:zstd:9:shuffle:8MiB"), scratch("blosc:lz4:9:shuffle:8MiB") + (20 << 20));
  // Readers need no encoder.
  EXPECT_LT(
      parse_codec("zstd:19", types::float32, 1).decode_scratch_size(types::float32, {4 << 20}),
      (16 << 20) + (4 << 20));
}

TEST(CodecChain, BloscShufflesElementsUnlessToldOtherwise) {
  const auto typesize = [](const char* text) {
    const CodecChain chain = parse_codec(text, types::float32, 1);
    return std::get<BloscCodec>(chain.byte_codecs().back()).typesize;
  };
  EXPECT_EQ(typesize(R"({"name":"blosc","configuration":{"cname":"zstd","shuffle":"shuffle"}})"),
            4);
  EXPECT_EQ(typesize(R"({"name":"blosc","configuration":{"cname":"zstd","typesize":2}})"), 2);
  EXPECT_EQ(typesize(R"({"id":"blosc","cname":"zstd","shuffle":1})"), 4);
  EXPECT_EQ(typesize(R"([{"name":"zstd"},{"name":"blosc","configuration":{"cname":"lz4"}}])"), 1);
}

TEST(CodecChain, DeflateLevelMinusOneIsTheDefaultSix) {
  for (const char* name : {"gzip", "zlib"}) {
    const auto compressor = [&](int level) {
      return CodecChain::from_v2({{"id", name}, {"level", level}}, nullptr, false, types::int8,
                                 false, 1)
          .v2_compressor();
    };
    EXPECT_EQ(compressor(-1)["level"], 6);
    EXPECT_EQ(compressor(9)["level"], 9);
    EXPECT_THROW(compressor(-2), Error);
    EXPECT_THROW(compressor(10), Error);
  }
}

TEST(CodecChain, ChunksThatBloscCantTakeAreRefusedBeforehand) {
  const Shape most{2147483647 - 16};
  const Shape more{2147483647 - 15};
  const CodecChain blosc = parse_codec("blosc", types::int8, 1);
  EXPECT_NO_THROW(blosc.check_encodable(types::int8, most));
  try {
    blosc.check_encodable(types::int8, more);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_THAT(error.what(), HasSubstr("--chunks"));
  }
  EXPECT_NO_THROW(parse_codec("zstd", types::int8, 1).check_encodable(types::int8, more));
}

TEST(ShortForm, NamesTheNearestSpelling) {
  try {
    parse_codec("blsoc:zstd", types::float32, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_THAT(error.what(), HasSubstr("did you mean blosc"));
  }
  for (const char* bad : {"", "zstd:99", "gzip:5:5", "blosc:zstdd", "blosc:zstd:1:shufle", "none:1",
                          "blosc:zstd:10", "blosc:zstd:x", "{", "blosc:zstd:1:shuffle:x",
                          R"({"name":"zstd","configuration":{"level":"x"}})"}) {
    try {
      parse_codec(bad, types::float32, 1);
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << bad;
    }
  }
}

TEST(ShortForm, DefaultsAreThoseOfTheDefaultChain) {
  EXPECT_EQ(parse_codec("blosc:zstd:1:shuffle:512KiB", types::float32, 2),
            default_chain(types::float32));
  EXPECT_EQ(parse_codec("blosc", types::float64, 2), default_chain(types::float64));
  EXPECT_EQ(default_chain(types::float32).summary(), "blosc zstd 1 shuffle");
}

TEST(BloscFrame, HasTheBlockSizeThatWasAskedFor) {
  CodecContext context;
  const Array in = sample(types::float32, {1 << 20});
  for (const char* cname : {"zstd", "lz4", "blosclz", "zlib"}) {
    const std::string form = std::string("blosc:") + cname + ":5:shuffle:512KiB";
    Buffer stored;
    parse_codec(form, types::float32, 1).encode(in.view(), stored, context);
    const BloscInfo info = blosc_info(stored);
    EXPECT_EQ(info.blocksize, 512 << 10) << cname;
    EXPECT_EQ(info.cname, cname);
    EXPECT_EQ(info.shuffle, "shuffle");
    EXPECT_EQ(info.typesize, 4);
    EXPECT_EQ(info.nbytes, 4 << 20);
    EXPECT_EQ(info.cbytes, static_cast<std::int64_t>(stored.size()));
  }
}

TEST(BloscFrame, StoredFrameIsNotShuffled) {
  CodecContext context;
  const Array in = noise(types::float32, {5000});
  Buffer stored;
  parse_codec("blosc:lz4:1:shuffle:4KiB", types::float32, 1).encode(in.view(), stored, context);
  ASSERT_TRUE(blosc_info(stored).is_memcpyed);
  const Array out =
      decoded(default_chain(types::float32), stored, types::float32, {5000}, whole_box({5000}));
  expect_same(out.view(), in.view());
}

TEST(Crc32c, KnownValues) {  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0})), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xff})), 0x62a8ab43U);
}

}  // namespace
}  // namespace gridmill
