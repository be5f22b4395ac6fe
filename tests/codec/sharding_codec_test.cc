// Shards as codecs of a chain: inside each other, behind and before other codecs.
#include "gridmill/codec/sharding_codec.h"

#include <gmock/gmock.h>

#include <random>

#include "codec/chunk_samples.h"
#include "codec/many_parts.h"
#include "gridmill/codec/short_form.h"

namespace gridmill {
namespace {

using testing::HasSubstr;

const Json kBytes = {{"name", "bytes"}, {"configuration", {{"endian", "little"}}}};
const Json kGzip = {{"name", "gzip"}, {"configuration", {{"level", 1}}}};
const Json kTranspose = {{"name", "transpose"}, {"configuration", {{"order", {2, 0, 1}}}}};
const Json kZstd = {{"name", "zstd"}, {"configuration", {{"level", 1}, {"checksum", false}}}};

Json sharding_json(const Shape& chunk, const Json& codecs, const char* location = "end") {
  return {{"name", "sharding_indexed"},
          {"configuration",
           {{"chunk_shape", std::vector<std::int64_t>(chunk.begin(), chunk.end())},
            {"codecs", codecs},
            {"index_codecs", Json::array({kBytes, {{"name", "crc32c"}}})},
            {"index_location", location}}}};
}

// Of a shard of 8 x 12 x 20.
std::vector<Json> shard_chains() {
  const Json inner = sharding_json({2, 3, 5}, Json::array({kBytes, kZstd}), "start");
  return {
      Json::array({inner}),
      Json::array({sharding_json({4, 6, 10}, Json::array({inner}))}),
      Json::array({sharding_json({4, 6, 10}, Json::array({inner, kGzip})), {{"name", "crc32c"}}}),
      Json::array({kTranspose, sharding_json({10, 4, 6}, Json::array({kTranspose, kBytes}))}),
      Json::array({kTranspose,
                   sharding_json(
                       {10, 4, 6},
                       Json::array({kTranspose, sharding_json({6, 5, 2}, Json::array({kBytes}))})),
                   kGzip,
                   {{"name", "crc32c"}}}),
      Json::array({{{"name", "reshape"}, {"configuration", {{"shape", {-1, 20}}}}},
                   sharding_json({24, 10}, Json::array({kBytes})),
                   kZstd}),
  };
}

const Shape kShard{8, 12, 20};

class ShardChains : public testing::TestWithParam<Json> {};
INSTANTIATE_TEST_SUITE_P(Chains, ShardChains, testing::ValuesIn(shard_chains()),
                         [](const auto& chain) { return std::to_string(chain.index); });

// The first chunks are fill, and left out.
Array values_with_fill(DataType type) {
  Array array = sample(type, kShard);
  std::memset(array.view().data, 0, static_cast<std::size_t>(array.view().byte_size()) / 2);
  return array;
}

CodecChain chain_with_fill(const Json& codecs, DataType type) {
  CodecChain chain = CodecChain::from_v3(codecs, type, kShard.rank());
  chain.set_absent({std::vector<std::byte>(static_cast<std::size_t>(type.size)), {}});
  chain.check_form(type, kShard);
  return chain;
}

TEST_P(ShardChains, PartsEqualTheWhole) {
  std::mt19937 random(5);
  for (const DataType type : {types::int16, types::float64, types::bytes(3)}) {
    const CodecChain chain = chain_with_fill(GetParam(), type);
    if (type.is_numeric()) {  // others have no endian
      EXPECT_EQ(chain.to_v3(type), GetParam());
    }
    const Array in = values_with_fill(type);
    CodecContext context;
    Buffer stored;
    chain.encode(in.view(), stored, context);
    EXPECT_LE(static_cast<std::int64_t>(stored.size()), chain.max_encoded_size(type, kShard));
    expect_same(decoded(chain, stored, type, kShard, whole_box(kShard)).view(), in.view());
    for (int trial = 0; trial < 12; ++trial) {
      Box box{Index::filled(3, 0), Index::filled(3, 0)};
      for (int d = 0; d < 3; ++d) {
        box.begin[d] = static_cast<std::int64_t>(random()) % kShard[d];
        box.shape[d] = 1 + static_cast<std::int64_t>(random()) % (kShard[d] - box.begin[d]);
      }
      expect_same(decoded(chain, stored, type, kShard, box).view(), in.view().part(box));
    }
  }
}

TEST_P(ShardChains, ManyPartsEqualTheWhole) {
  std::mt19937 random(6);
  const DataType type = types::int32;
  const CodecChain chain = chain_with_fill(GetParam(), type);
  const Array in = values_with_fill(type);
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  const std::vector<Box> boxes = many_boxes(kShard, 200, random);
  std::vector<Array> got;
  std::vector<Part> parts;
  got.reserve(boxes.size());
  for (const Box& box : boxes) {
    got.emplace_back(type, box.shape);
    parts.push_back({box, got.back().view()});
  }
  StringArena strings;
  chain.decode(stored, type, kShard, parts, strings, context);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    expect_same(got[i].view(), in.view().part(boxes[i]));
  }
}

TEST_P(ShardChains, DamageIsAnErrorOrOtherValues) {
  const CodecChain chain = chain_with_fill(GetParam(), types::int16);
  CodecContext context;
  Buffer stored;
  chain.encode(values_with_fill(types::int16).view(), stored, context);
  std::mt19937 random(7);
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<std::byte> damaged(stored.data(), stored.data() + stored.size());
    if (trial % 2 == 0) damaged.resize(random() % damaged.size());
    if (!damaged.empty()) damaged[random() % damaged.size()] ^= std::byte{4};
    try {
      (void)decoded(chain, damaged, types::int16, kShard, whole_box(kShard));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
    }
  }
}

TEST(ShardingCodec, WithoutAFillValueNothingIsLeftOut) {
  const CodecChain chain = CodecChain::from_v3(
      Json::array({sharding_json({4}, Json::array({kBytes}))}), types::int16, 1);
  Array zeros(types::int16, {8});
  std::memset(zeros.view().data, 0, 16);
  CodecContext context;
  Buffer stored;
  chain.encode(zeros.view(), stored, context);
  EXPECT_EQ(stored.size(), 16U + 36U);
  expect_same(decoded(chain, stored, types::int16, {8}, whole_box({8})).view(), zeros.view());
}

TEST(ShardingCodec, StringsInShardsInShards) {
  const Json vlen = {{"name", "vlen-utf8"}};
  CodecChain chain = CodecChain::from_v3(
      Json::array(
          {sharding_json({4}, Json::array({sharding_json({2}, Json::array({vlen}))})), kZstd}),
      types::string, 1);
  chain.set_absent({{}, "fill"});
  Array in(types::string, {8});
  for (int i = 0; i < 8; ++i) {
    in.values<StringRef>()[i] =
        in.strings().add(i < 6 ? "fill" : "text number " + std::to_string(i));
  }
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  Array out(types::string, {8});
  const Part whole{whole_box({8}), out.view()};
  chain.decode(stored, types::string, {8}, {&whole, 1}, out.strings(), context);
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(out.values<StringRef>()[i].view(), in.values<StringRef>()[i].view());
  }
}

TEST(ShardingCodec, NumbersOfFewBitsInShardsInShards) {
  const Json bytes = {{"name", "bytes"}};
  const Json codecs = Json::array(
      {sharding_json({4}, Json::array({sharding_json({2}, Json::array({bytes}))})), kGzip});
  CodecChain chain = CodecChain::from_v3(codecs, types::int8, 1, narrow_type_from_name("int4"));
  chain.set_absent({{std::byte{0}}, {}});
  EXPECT_EQ(chain.to_v3(types::int8), codecs);
  const Array in = array_of<std::int8_t>(types::int8, {0, 0, -8, 7, 1, -1, 0, 0});
  const Buffer stored = encoded(chain, in);
  expect_same(decoded_whole(chain, stored, in).view(), in.view());
}

// Each as a code of two bytes, made by the innermost chain.
TEST(ShardingCodec, NarrowElementsInShardsInShards) {
  const auto narrow = narrow_type_from_name("bfloat16");
  const Json codecs = Json::array(
      {kTranspose,
       sharding_json({1, 1, 4}, Json::array({sharding_json({1, 1, 2}, Json::array({kBytes}))}))});
  const CodecChain chain = CodecChain::from_v3(codecs, types::float32, 3, narrow);
  EXPECT_EQ(chain.to_v3(types::float32), codecs);
  const Shape shape{1, 8, 1};
  chain.check_form(types::float32, shape);
  Array in(types::float32, shape);
  for (int i = 0; i < 8; ++i) in.values<float>()[i] = static_cast<float>(i) / 4;
  CodecContext context;
  Buffer stored;
  chain.encode(in.view(), stored, context);
  EXPECT_EQ(stored.size(), 8 * sizeof(std::uint16_t) + 3 * 36U) << "and three indexes of two";
  expect_same(decoded(chain, stored, types::float32, shape, whole_box(shape)).view(), in.view());
}

void expect_shard_refused(const Json& codecs, const Shape& shard, ErrorKind kind,
                          const std::string& says) {
  try {
    CodecChain::from_v3(codecs, types::float32, shard.rank()).check_form(types::float32, shard);
    FAIL() << codecs;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(says));
  }
}

TEST(ShardingCodec, RefusesByName) {
  const Json plain = Json::array({kBytes});
  Json nested = sharding_json({1, 1}, plain);
  for (int i = 0; i < 8; ++i) nested = sharding_json({1, 1}, Json::array({nested}));
  expect_shard_refused(Json::array({nested}), {2, 2}, ErrorKind::unsupported, "nested more than 8");
  expect_shard_refused(Json::array({sharding_json({3, 2}, plain)}), {4, 4}, ErrorKind::corrupt,
                       "do not divide");
  expect_shard_refused(Json::array({sharding_json({4}, plain)}), {4, 4}, ErrorKind::corrupt,
                       "differ in rank");
  // Few in each, too many in all.
  expect_shard_refused(
      Json::array({sharding_json({1 << 11, 1 << 2}, Json::array({sharding_json({1, 1}, plain)}))}),
      {1 << 12, 1 << 12}, ErrorKind::unsupported, "16777216 chunks");
  const Json round = {{"name", "bitround"}, {"configuration", {{"keepbits", 4}}}};
  expect_shard_refused(Json::array({round, sharding_json({2, 2}, plain)}), {4, 4},
                       ErrorKind::unsupported, "bitround before a shard");
}

}  // namespace
}  // namespace gridmill
