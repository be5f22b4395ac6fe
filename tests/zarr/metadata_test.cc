// Metadata of both formats: what is kept, what is refused, and how fill values are spelled.
#include "gridmill/zarr/metadata.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "gridmill/array/half.h"

namespace gridmill {
namespace {

using testing::HasSubstr;

Json v3_document() {
  return parse_json(R"({
    "zarr_format": 3, "node_type": "array", "shape": [10, 20], "data_type": "float32",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [5, 20]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "fill_value": "NaN",
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}},
               {"name": "zstd", "configuration": {"level": 3, "checksum": false}}],
    "attributes": {"units": "K"}, "dimension_names": ["y", null], "storage_transformers": []})");
}

Json v2_document() {
  return parse_json(R"({
    "zarr_format": 2, "shape": [10, 20], "chunks": [5, 20], "dtype": "<f4",
    "compressor": {"id": "zstd", "level": 3}, "fill_value": "NaN", "order": "F", "filters": null,
    "dimension_separator": "/"})");
}

// Reads the document with one member changed.
void expect_refused(Json document, const char* member, const char* value, ErrorKind kind,
                    const char* words = "") {
  document[member] = parse_json(value);
  try {
    if (document["zarr_format"] == 3) {
      array_metadata_from_v3(document);
    } else {
      array_metadata_from_v2(document, Json::object());
    }
    ADD_FAILURE() << member << " " << value;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(words));
  }
}

TEST(MetadataV3, SurvivesARoundTrip) {
  const ArrayMetadata metadata = array_metadata_from_v3(v3_document());
  EXPECT_EQ(metadata.shape, (Shape{10, 20}));
  EXPECT_EQ(metadata.chunk, (Shape{5, 20}));
  EXPECT_EQ(metadata.type, types::float32);
  EXPECT_EQ(metadata.dimension_names->at(0), "y");
  EXPECT_EQ(metadata.attributes.text("units"), "K");
  EXPECT_EQ(array_metadata_to_v3(metadata), v3_document());
}

TEST(MetadataV3, ReadsShards) {
  Json document = v3_document();
  document["codecs"] = parse_json(R"([{"name": "sharding_indexed", "configuration": {
    "chunk_shape": [1, 10], "codecs": [{"name": "bytes", "configuration": {"endian": "big"}}],
    "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
    "index_location": "start"}}])");
  const ArrayMetadata metadata = array_metadata_from_v3(document);
  EXPECT_EQ(metadata.chunk, (Shape{1, 10}));
  EXPECT_EQ(metadata.sharding->shard, (Shape{5, 20}));
  EXPECT_FALSE(metadata.sharding->index.is_at_end);
  EXPECT_EQ(array_metadata_to_v3(metadata), document);
  document["codecs"][0]["configuration"]["chunk_shape"] = {2, 10};
  EXPECT_THROW(array_metadata_from_v3(document), Error);
}

TEST(MetadataV3, RefusesByName) {
  const Json good = v3_document();
  expect_refused(good, "chunk_grid", R"({"name":"rectangular"})", ErrorKind::unsupported,
                 "rectangular");
  expect_refused(good, "surprise", "{}", ErrorKind::unsupported, "surprise");
  expect_refused(good, "surprise", "1", ErrorKind::unsupported, "surprise");
  expect_refused(good, "storage_transformers", "[{}]", ErrorKind::unsupported);
  expect_refused(good, "data_type", R"("float8_e9m9")", ErrorKind::unsupported, "float8_e9m9");
  expect_refused(good, "data_type", R"({"name":"float128"})", ErrorKind::unsupported, "float128");
  expect_refused(good, "chunk_grid", R"({"name":"regular","configuration":{"chunk_shape":[0,20]}})",
                 ErrorKind::corrupt);
  expect_refused(good, "chunk_grid",
                 R"({"name":"regular","configuration":{"chunk_shape":[65536,65536]}})",
                 ErrorKind::unsupported, "2 GiB");
  expect_refused(good, "chunk_grid", R"({"name":"regular","configuration":{"chunk_shape":[5]}})",
                 ErrorKind::corrupt);
  expect_refused(good, "shape", "[4294967296, 4294967296]", ErrorKind::corrupt, "overflows");
  expect_refused(good, "shape", "[-1, 2]", ErrorKind::corrupt);
  expect_refused(good, "shape", "[18446744073709551615, 2]", ErrorKind::corrupt);
  expect_refused(good, "dimension_names", R"(["y"])", ErrorKind::corrupt);
  expect_refused(good, "fill_value", "null", ErrorKind::corrupt);
  Json ignorable = good;
  ignorable["surprise"] = {{"must_understand", false}};
  EXPECT_NO_THROW(array_metadata_from_v3(ignorable));
}

Json rectilinear(const char* chunk_shapes) {
  Json document = v3_document();
  document["chunk_grid"] = {
      {"name", "rectilinear"},
      {"configuration", {{"kind", "inline"}, {"chunk_shapes", parse_json(chunk_shapes)}}}};
  return document;
}

// The extents of the chunks along dimension d.
std::vector<std::int64_t> extents_along(const ChunkGrid& grid, int d) {
  std::vector<std::int64_t> extents;
  Index position = Index::filled(grid.shape().rank(), 0);
  for (; position[d] < grid.counts()[d]; ++position[d]) {
    extents.push_back(grid.full_box_of(position).shape[d]);
  }
  return extents;
}

// The examples of the extension's specification, and what they expand to.
TEST(MetadataV3, ReadsRectilinearGrids) {
  Json document = rectilinear("[4, [1, 2, 3], [[4, 2]], [[1, 3], 3], [4, 4, 4]]");
  document["shape"] = {6, 6, 6, 6, 6};
  document.erase("dimension_names");
  const ArrayMetadata metadata = array_metadata_from_v3(document);
  const ChunkGrid grid = metadata.grid();
  using Extents = std::vector<std::int64_t>;
  EXPECT_EQ(extents_along(grid, 0), (Extents{4, 4}));
  EXPECT_EQ(extents_along(grid, 1), (Extents{1, 2, 3}));
  EXPECT_EQ(extents_along(grid, 2), (Extents{4, 4}));
  EXPECT_EQ(extents_along(grid, 3), (Extents{1, 1, 1, 3}));
  EXPECT_EQ(extents_along(grid, 4), (Extents{4, 4})) << "none lies behind the array's end";
  EXPECT_EQ(metadata.chunk, (Shape{4, 3, 4, 3, 4}));
  EXPECT_TRUE(metadata.is_rectilinear());
  const ArrayMetadata again = array_metadata_from_v3(array_metadata_to_v3(metadata));
  EXPECT_EQ(again.runs, metadata.runs);
  EXPECT_EQ(array_metadata_to_v3(again), array_metadata_to_v3(metadata));
}

TEST(MetadataV3, TakesAGridOfEqualExtentsForARegularOne) {
  const ArrayMetadata metadata = array_metadata_from_v3(rectilinear("[[[5, 2]], 20]"));
  EXPECT_FALSE(metadata.is_rectilinear());
  EXPECT_EQ(array_metadata_to_v3(metadata), v3_document());
}

TEST(MetadataV3, RefusesRectilinearGridsThatAreNone) {
  const auto refused = [](const char* chunk_shapes, ErrorKind kind = ErrorKind::corrupt) {
    const Json document = rectilinear(chunk_shapes);
    expect_refused(document, "chunk_grid", document["chunk_grid"].dump().c_str(), kind);
  };
  for (const char* dimension : {"0",
                                "-3",
                                "2.5",
                                "\"10\"",
                                "null",
                                "{}",
                                "[]",
                                "[9]",
                                "[[3, 3]]",
                                "[0, 10]",
                                "[-1, 11]",
                                "[[10]]",
                                "[[5, 2, 1]]",
                                "[[5, 0]]",
                                "[[0, 5]]",
                                "[[5, -2]]",
                                "[[[5], 2]]",
                                "[true]",
                                "[18446744073709551615]",
                                "[[5, 18446744073709551615]]",
                                "[[5, 9223372036854775807], [5, 9223372036854775807]]"}) {
    refused(fmt::format("[{}, 20]", dimension).c_str());
  }
  refused("[[4, 6]]");
  refused("[[4, 6], 20, 1]");
  refused("10");
  refused("[[1, 9], 4294967296]", ErrorKind::unsupported);  // chunks of more than 2 GiB
  Json document = rectilinear("[[4, 6], 20]");
  document["chunk_grid"]["configuration"]["kind"] = "elsewhere";
  expect_refused(document, "chunk_grid", document["chunk_grid"].dump().c_str(),
                 ErrorKind::unsupported, "elsewhere");
  document["chunk_grid"]["configuration"].erase("kind");
  expect_refused(document, "chunk_grid", document["chunk_grid"].dump().c_str(), ErrorKind::corrupt);
}

// As many chunks as there are, named in a few bytes: nothing is made of each.
TEST(MetadataV3, ReadsAMillionBillionChunksInAFewBytes) {
  Json document = rectilinear("[[3, [1, 1000000000000000]], 20]");
  document["shape"] = {1'000'000'000'000'000, 20};
  const ChunkGrid grid = array_metadata_from_v3(document).grid();
  EXPECT_EQ(grid.size(), 999'999'999'999'998);
  EXPECT_EQ(grid.full_box_of({999'999'999'999'997, 0}).begin[0], 999'999'999'999'999);
}

TEST(MetadataV3, ReadsShardsOfDifferentExtents) {
  Json document = rectilinear("[[4, 6], [[10, 2]]]");
  document["codecs"] = parse_json(R"([{"name": "sharding_indexed", "configuration": {
    "chunk_shape": [2, 5], "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
    "index_location": "end"}}])");
  const ArrayMetadata metadata = array_metadata_from_v3(document);
  EXPECT_EQ(metadata.sharding->shard, (Shape{6, 10}));
  EXPECT_TRUE(metadata.grid().is_regular());
  EXPECT_EQ(metadata.grid().counts(), (Shape{5, 4}));
  EXPECT_EQ(extents_along(metadata.key_grid(), 0), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(array_metadata_to_v3(metadata)["codecs"], document["codecs"]);
  document["chunk_grid"]["configuration"]["chunk_shapes"] = parse_json("[[5, 6], 10]");
  EXPECT_THROW(array_metadata_from_v3(document), Error) << "a shard of 5 holds no whole chunks";
  document["codecs"].push_back({{"name", "crc32c"}});
  EXPECT_THROW(array_metadata_from_v3(document), Error) << "nor does one behind a checksum";
  document["chunk_grid"]["configuration"]["chunk_shapes"] = parse_json("[[4, 6], 10]");
  const ArrayMetadata behind = array_metadata_from_v3(document);
  EXPECT_FALSE(behind.sharding);
  EXPECT_EQ(extents_along(behind.grid(), 0), (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(array_metadata_to_v3(behind)["codecs"], document["codecs"]);
}

TEST(MetadataV2, SurvivesARoundTrip) {
  const Json attributes = parse_json(R"({"units": "K", "_ARRAY_DIMENSIONS": ["y", "x"]})");
  const ArrayMetadata metadata = array_metadata_from_v2(v2_document(), attributes);
  EXPECT_TRUE(metadata.codecs.is_fortran_order());
  EXPECT_EQ(metadata.dimension_names, (std::vector<std::string>{"y", "x"}));
  EXPECT_EQ(metadata.attributes.size(), 1U);
  EXPECT_EQ(array_attributes_to_v2(metadata), attributes);
  const Json written = array_metadata_to_v2(metadata);
  const Json wanted = v2_document();
  for (const auto& [name, value] : wanted.items()) EXPECT_EQ(written[name], value) << name;
}

TEST(MetadataV2, RefusesByName) {
  const Json good = v2_document();
  expect_refused(good, "dtype", R"("<f16")", ErrorKind::unsupported, "<f16");
  expect_refused(good, "dtype", R"([["a", "<f16"]])", ErrorKind::unsupported, "<f16");
  expect_refused(good, "dtype", R"("|O")", ErrorKind::unsupported, "vlen-utf8");
  expect_refused(good, "filters", R"([{"id":"pickle"}])", ErrorKind::unsupported, "pickle");
  expect_refused(good, "compressor", R"({"id":"brotli"})", ErrorKind::unsupported, "brotli");
  expect_refused(good, "order", R"("K")", ErrorKind::corrupt);
  expect_refused(good, "chunks", "[0, 20]", ErrorKind::corrupt);
}

TEST(ChunkKey, FollowsTheEncoding) {
  ArrayMetadata metadata = new_array_metadata(3, types::float32, {4, 4}, {2, 2});
  EXPECT_EQ(chunk_key(metadata, {1, 0}), "c/1/0");
  EXPECT_EQ(chunk_key(metadata, {}), "c");
  metadata.separator = '.';
  EXPECT_EQ(chunk_key(metadata, {1, 0}), "c.1.0");
  metadata = new_array_metadata(2, types::float32, {4, 4}, {2, 2});
  EXPECT_EQ(chunk_key(metadata, {1, 0}), "1.0");
  EXPECT_EQ(chunk_key(metadata, {}), "0");
}

struct FillCase {
  DataType type;
  const char* json;
  std::vector<std::uint8_t> bytes;
};

TEST(FillValue, ReadsAndWritesEverySpelling) {
  const std::vector<FillCase> cases{
      {types::float32, R"("NaN")", {0, 0, 0xc0, 0x7f}},
      {types::float32, R"("0xffc00001")", {1, 0, 0xc0, 0xff}},
      {types::float32, R"("-Infinity")", {0, 0, 0x80, 0xff}},
      {types::float32, "-0.0", {0, 0, 0, 0x80}},
      {types::float64, R"("0x7ff8000000000001")", {1, 0, 0, 0, 0, 0, 0xf8, 0x7f}},
      {types::float16, "1.5", {0, 0x3e}},
      {types::float16, R"("NaN")", {0, 0x7e}},
      {types::int64, "-9223372036854775808", {0, 0, 0, 0, 0, 0, 0, 0x80}},
      {types::uint64, "18446744073709551615", {255, 255, 255, 255, 255, 255, 255, 255}},
      {types::int8, "-128", {0x80}},
      {types::boolean, "true", {1}},
      {types::complex64, R"(["Infinity", -0.0])", {0, 0, 0x80, 0x7f, 0, 0, 0, 0x80}},
      {types::bytes(3), R"("YWIA")", {'a', 'b', 0}},
      {types::unicode(2), R"("é")", {0xe9, 0, 0, 0, 0, 0, 0, 0}},
  };
  for (const FillCase& one : cases) {
    const FillValue fill = FillValue::from_json(parse_json(one.json), one.type, 3);
    const std::vector<std::byte> element = fill.element(one.type);
    ASSERT_EQ(element.size(), one.bytes.size()) << one.json;
    EXPECT_EQ(std::memcmp(element.data(), one.bytes.data(), element.size()), 0) << one.json;
    EXPECT_EQ(dump_json(fill.to_json(one.type, 3), -1), dump_json(parse_json(one.json), -1));
  }
}

TEST(FillValue, RefusesWhatDoesNotFit) {
  const std::vector<std::pair<DataType, const char*>> bad{
      {types::int8, "128"},           {types::uint8, "-1"},
      {types::uint8, "1.5"},          {types::float32, R"("nan")"},
      {types::float32, R"("0x7fc")"}, {types::boolean, "2"},
      {types::bytes(2), R"("YWJj")"}, {types::bytes(2), R"("?")"},
      {types::complex64, "[1]"},      {types::int64, "9223372036854775808"},
      {types::string, "1"},           {types::unicode(1), R"("ab")"}};
  for (const auto& [type, json] : bad) {
    EXPECT_THROW(FillValue::from_json(parse_json(json), type, 3), Error) << json;
  }
}

TEST(FillValue, V2HasItsOwnWays) {
  EXPECT_TRUE(FillValue::from_json(nullptr, types::float32, 2).is_null());
  EXPECT_EQ(FillValue::null(types::float32).to_json(types::float32, 2), Json());
  EXPECT_EQ(FillValue::from_json(parse_json("0.0"), types::uint16, 2),
            FillValue::zero(types::uint16));
  EXPECT_EQ(FillValue::from_json(parse_json("NaN"), types::float32, 2),
            FillValue::from_json("NaN", types::float32, 3));
  EXPECT_EQ(FillValue::from_json(0, types::string, 2).text(), "");
}

TEST(Half, EveryValueSurvives) {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const auto bits = static_cast<std::uint16_t>(half);
    const bool is_nan = (bits & 0x7fff) > 0x7c00;
    if (is_nan) continue;
    ASSERT_EQ(half_from_double(double_from_half(bits)), bits);
  }
  EXPECT_EQ(half_from_double(1.0 + 1.0 / 2048), 0x3c00);  // ties to even
  EXPECT_EQ(half_from_double(1.0 + 3.0 / 2048), 0x3c02);
  EXPECT_EQ(half_from_double(65519.9), 0x7bff);
  EXPECT_EQ(half_from_double(65520.0), 0x7c00);
}

// 1e300 is no float32: it must not become Infinity in silence.
TEST(FillValue, FiniteNumbersStayFinite) {
  const auto is_refused = [](const Json& json, DataType type) {
    try {
      (void)FillValue::from_json(json, type, 3);
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      return true;
    }
  };
  EXPECT_TRUE(is_refused(1e300, types::float32));
  EXPECT_TRUE(is_refused(-1e39, types::float32));
  EXPECT_TRUE(is_refused(70000, types::float16));
  EXPECT_TRUE(is_refused(Json::array({0, 1e300}), types::complex64));
  EXPECT_FALSE(is_refused(3.4028234663852886e38, types::float32));
  EXPECT_FALSE(is_refused(9.969209968386869e36, types::float32));
  EXPECT_FALSE(is_refused(65504, types::float16));
  EXPECT_FALSE(is_refused("-Infinity", types::float32));
  EXPECT_FALSE(is_refused(1e300, types::float64));
}

}  // namespace
}  // namespace gridmill
