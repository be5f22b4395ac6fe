// Data types and fill values in both formats, and from one to the other.
#include "gridmill/zarr/data_type_names.h"

#include <gmock/gmock.h>

#include "gridmill/base/error.h"
#include "gridmill/zarr/fill_json.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {
namespace {

using testing::HasSubstr;

struct Pair {
  const char* v2;
  const char* v3;
  DataType type;
  const char* name;
};

// As zarr-python 3.1.6 writes them.
const std::vector<Pair> kPairs{
    {R"("<f4")", R"("float32")", types::float32, "float32"},
    {R"("|b1")", R"("bool")", types::boolean, "bool"},
    {R"("<M8[ns]")",
     R"({"name":"numpy.datetime64","configuration":{"unit":"ns","scale_factor":1}})", types::int64,
     "datetime64[ns]"},
    {R"("<m8[25us]")",
     R"({"name":"numpy.timedelta64","configuration":{"unit":"us","scale_factor":25}})",
     types::int64, "timedelta64[25us]"},
    {R"("<M8")",
     R"({"name":"numpy.datetime64","configuration":{"unit":"generic","scale_factor":1}})",
     types::int64, "datetime64"},
    {R"("|S3")", R"({"name":"null_terminated_bytes","configuration":{"length_bytes":3}})",
     types::bytes(3), "bytes(3)"},
    {R"("<U2")", R"({"name":"fixed_length_utf32","configuration":{"length_bytes":8}})",
     types::unicode(2), "unicode(2)"},
    {R"("|V4")", R"({"name":"raw_bytes","configuration":{"length_bytes":4}})", types::bytes(4),
     "raw(4)"},
    {R"([["a","<i4"],["b","|S3"],["c",[["x","<f4"],["t","<M8[ns]"]]]])",
     R"({"name":"structured","configuration":{"fields":[["a","int32"],["b",{"name":"null_terminated_bytes","configuration":{"length_bytes":3}}],["c",{"name":"structured","configuration":{"fields":[["x","float32"],["t",{"name":"numpy.datetime64","configuration":{"unit":"ns","scale_factor":1}}]]}}]]}})",
     types::bytes(19), "record(19)"},
};

TEST(DataTypeNames, BothFormatsMeanTheSame) {
  for (const Pair& pair : kPairs) {
    const Json v2 = parse_json(pair.v2), v3 = parse_json(pair.v3);
    const ZarrType from_v2 = data_type_from_v2(v2), from_v3 = data_type_from_v3(v3);
    EXPECT_EQ(from_v2.type, pair.type) << v2;
    EXPECT_EQ(from_v3.type, pair.type) << v3;
    EXPECT_EQ(data_type_to_v2(from_v2.type, from_v2.document, false), v2);
    EXPECT_EQ(data_type_to_v3(from_v3.type, from_v3.document), v3);
    EXPECT_EQ(data_type_to_v3(from_v2.type, document_across(from_v2.type, from_v2.document, 2, 3)),
              v3);
    EXPECT_EQ(
        data_type_to_v2(from_v3.type, document_across(from_v3.type, from_v3.document, 3, 2), false),
        v2);
    EXPECT_EQ(spelled_name(from_v2.type, from_v2.document), pair.name);
    EXPECT_EQ(spelled_name(from_v3.type, from_v3.document), pair.name);
  }
}

TEST(DataTypeNames, OtherNamesStay) {
  for (const char* json :
       {R"("r24")", R"("bytes")", R"("variable_length_bytes")", R"("complex_float32")",
        R"({"name":"fixed_length_bytes","configuration":{"length_bytes":5}})",
        R"({"name":"struct","configuration":{"fields":[{"name":"a","data_type":"int16"}]}})"}) {
    const Json v3 = parse_json(json);
    const ZarrType type = data_type_from_v3(v3);
    EXPECT_EQ(data_type_to_v3(type.type, type.document), v3);
  }
  EXPECT_EQ(data_type_from_v3("r24").type, types::bytes(3));
  EXPECT_EQ(document_across(types::bytes(3), "r24", 3, 2), "|V3");
  EXPECT_EQ(document_across(types::complex64, "complex_float32", 3, 2), Json());
  EXPECT_EQ(data_type_from_v2("|O", parse_json(R"([{"id":"vlen-bytes"}])")).type, types::blob);
  EXPECT_EQ(data_type_from_v2("|O", parse_json(R"([{"id":"vlen-utf8"}])")).type, types::string);
}

TEST(DataTypeNames, BigEndianTimesAreTimes) {
  const ZarrType type = data_type_from_v2(">M8[D]");
  EXPECT_TRUE(type.is_big_endian);
  EXPECT_EQ(data_type_to_v2(type.type, type.document, true), ">M8[D]");
  EXPECT_EQ(data_type_to_v2(type.type, type.document, false), "<M8[D]");
}

// Kept in v2; v3 has no spelling for it.
TEST(DataTypeNames, SubArraysAndBigEndianMembersStayInV2) {
  for (const char* json : {R"([["a","<i4",[2,3]],["b","|u1"]])", R"([["a",">i4"],["b","|u1"]])",
                           R"([["a",[["b",">i4"]]],["","|V3"]])", R"([["a","<f8",3]])"}) {
    const Json v2 = parse_json(json);
    const ZarrType type = data_type_from_v2(v2);
    EXPECT_EQ(data_type_to_v2(type.type, type.document, false), v2);
    EXPECT_THROW(document_across(type.type, type.document, 2, 3), Error) << v2;
  }
  EXPECT_EQ(data_type_from_v2(parse_json(R"([["a","<i4",[2,3]],["b","|u1"]])")).type,
            types::bytes(25));
}

TEST(DataTypeNames, RefusesByName) {
  for (const char* json : {R"("<f16")", R"("|V0")", R"("<M8[x]")", R"("<M8[0s]")", R"("<M8[s")",
                           "[]", R"([["a"]])", R"([["a","|O"]])", R"([["a","<i4",[0]]])",
                           R"([["a","<q9"]])", R"([["a","<i8",[4611686018427387904]]])"}) {
    EXPECT_THROW(data_type_from_v2(parse_json(json)), Error) << json;
  }
  for (const char* json :
       {R"("r7")", R"("blob")", R"x("bytes(3)")x", R"("float128")",
        R"({"name":"numpy.datetime64","configuration":{"unit":"parsec","scale_factor":1}})",
        R"({"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":0}})",
        R"({"name":"struct","configuration":{"fields":[]}})",
        R"({"name":"struct","configuration":{"fields":[{"name":"a","data_type":"string"}]}})"}) {
    EXPECT_THROW(data_type_from_v3(parse_json(json)), Error) << json;
  }
}

TEST(FillJson, EveryDocumentHasItsOwn) {
  const auto round = [](const char* type_json, const char* fill_json) {
    const ZarrType type = data_type_from_v3(parse_json(type_json));
    const FillValue fill = fill_from_json(parse_json(fill_json), type.type, type.document, 3);
    return dump_json(fill_to_json(fill, type.type, type.document, 3), -1);
  };
  const char* time = R"({"name":"numpy.datetime64","configuration":{"unit":"s","scale_factor":1}})";
  EXPECT_EQ(round(time, R"("NaT")"), "-9223372036854775808");
  EXPECT_EQ(round(time, "5"), "5");
  EXPECT_THROW(round(R"("int64")", R"("NaT")"), Error);
  EXPECT_EQ(round(R"("r24")", "[1,2,255]"), "[1,2,255]");
  EXPECT_EQ(round(R"("r24")", R"("AQL/")"), "[1,2,255]");
  EXPECT_EQ(round(R"({"name":"raw_bytes","configuration":{"length_bytes":3}})", "[1,2,0]"),
            R"("AQIA")");
  EXPECT_EQ(
      round(R"({"name":"null_terminated_bytes","configuration":{"length_bytes":3}})", R"("YQ==")"),
      R"("YQ==")");
  EXPECT_EQ(round(R"("variable_length_bytes")", R"("AAE=")"), R"("AAE=")");
  EXPECT_THROW(round(R"("variable_length_bytes")", R"("A")"), Error);
  EXPECT_EQ(round(R"("complex_float32")", R"(["0x7fc00001","-Infinity"])"),
            R"(["0x7fc00001","-Infinity"])");
}

TEST(FillJson, StructsNameTheirMembers) {
  const ZarrType type = data_type_from_v3(parse_json(
      R"({"name":"struct","configuration":{"fields":[{"name":"a","data_type":"int16"},
          {"name":"p","data_type":{"name":"struct","configuration":{"fields":[{"name":"x","data_type":"float32"}]}}}]}})"));
  const Json json = parse_json(R"({"a":-2,"p":{"x":"0xffc00001"}})");
  const FillValue fill = fill_from_json(json, type.type, type.document, 3);
  const std::vector<std::byte> bytes = fill.element(type.type);
  ASSERT_EQ(bytes.size(), 6U);
  EXPECT_EQ(load_le<std::int16_t>(bytes.data()), -2);
  EXPECT_EQ(load_le<std::uint32_t>(bytes.data() + 2), 0xffc00001U);
  EXPECT_EQ(fill_to_json(fill, type.type, type.document, 3), json);
  EXPECT_THROW(fill_from_json(parse_json(R"({"a":-2})"), type.type, type.document, 3), Error);
}

TEST(Metadata, StructsAreToldTheirByteOrder) {
  Json document = array_metadata_to_v3(new_array_metadata(3, types::bytes(6), {4}, {2}));
  document["data_type"] = parse_json(
      R"({"name":"struct","configuration":{"fields":[{"name":"a","data_type":"int16"},{"name":"x","data_type":"float32"}]}})");
  document["fill_value"] = parse_json(R"({"a":0,"x":0.0})");
  const Json little = parse_json(R"([{"name":"bytes","configuration":{"endian":"little"}}])");
  document["codecs"] = little;
  EXPECT_EQ(array_metadata_to_v3(array_metadata_from_v3(document))["codecs"], little);
  document["codecs"][0]["configuration"]["endian"] = "big";
  try {
    array_metadata_from_v3(document);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("big-endian"));
  }
}

// Memory has records in little-endian order, as it has numbers; what is stored keeps its own.
TEST(Metadata, BigEndianMembersOfRecordsAreTurned) {
  const Json document = parse_json(
      R"({"zarr_format":2,"shape":[4],"chunks":[2],"compressor":null,"filters":null,"order":"C",
          "dtype":[["a",">i2"],["c",[["x",">f4"]],[2]],["b","<u2"]],"dimension_separator":".",
          "fill_value":"AAEAAAABAAAAAgMA"})");
  const ArrayMetadata metadata = array_metadata_from_v2(document, Json::object());
  EXPECT_EQ(metadata.type_document,
            parse_json(R"([["a","<i2"],["c",[["x","<f4"]],[2]],["b","<u2"]])"));
  const std::vector<std::byte> fill = metadata.fill.element(metadata.type);
  const std::string_view little("\1\0\1\0\0\0\2\0\0\0\3\0", 12);
  EXPECT_EQ(as_text(fill), little);
  const Json again = array_metadata_to_v2(metadata);
  for (const char* member : {"dtype", "fill_value", "filters", "compressor"}) {
    EXPECT_EQ(again[member], document[member]) << member;
  }
  Buffer stored;
  CodecContext context;
  metadata.codecs.encode({fill.data(), metadata.type, {1}, {metadata.type.size}}, stored, context);
  EXPECT_EQ(as_text(stored), std::string_view("\0\1\0\0\0\1\0\0\0\2\3\0", 12));
}

// One byte of two was padded with a zero.
TEST(FillJson, OfRawBitsAndRecordsHasEveryByte) {
  const auto read = [](const char* data_type, const char* fill) {
    const ZarrType type = data_type_from_v3(parse_json(data_type));
    return fill_from_json(parse_json(fill), type.type, type.document, 3).element(type.type);
  };
  const char* raw = R"({"name":"raw_bytes","configuration":{"length_bytes":2}})";
  EXPECT_EQ(read(R"("r16")", "[1, 2]").size(), 2U);
  EXPECT_THROW(read(R"("r16")", "[1]"), Error);
  EXPECT_EQ(read(raw, R"("YWI=")").size(), 2U);
  EXPECT_THROW(read(raw, R"("YQ==")"), Error);
  const char* text = R"({"name":"null_terminated_bytes","configuration":{"length_bytes":2}})";
  EXPECT_EQ(read(text, R"("YQ==")").size(), 2U) << "text is padded";
}

}  // namespace
}  // namespace gridmill
