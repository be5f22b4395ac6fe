// What NetcdfWriter writes, libnetcdf (through open_netcdf) reads back.

#include "gridmill/formats/netcdf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "formats/netcdf_file.h"
#include "formats/read_variable.h"

namespace gridmill {
namespace {

using ::testing::ElementsAre;
using testing::group_at;
using ::testing::HasSubstr;
using testing::read_all;
using testing::ScratchDirectory;
using testing::strings_of;
using testing::values_of;
using testing::variable_at;

class NetcdfWriterTest : public ::testing::Test {
 protected:
  FormatFile reopen() { return open_netcdf(*files_, {path_, ""}); }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
  std::string path_ = scratch_.path("out.nc");
};

TEST_F(NetcdfWriterTest, GroupsTypesChunksAndAttributesComeBack) {
  Array packed(types::int16, {4, 3});
  std::iota(packed.values<std::int16_t>(), packed.values<std::int16_t>() + 12, std::int16_t{-6});
  Array flags(types::boolean, {3});
  const unsigned char truth[] = {1, 0, 1};
  std::memcpy(flags.values<char>(), truth, 3);
  Array names(types::string, {2});
  names.values<StringRef>()[0] = names.strings().add("Zürich");
  names.values<StringRef>()[1] = names.strings().add("");
  {
    NetcdfWriter writer(path_);
    writer.add_dimension("", "time", 4, true);
    writer.add_dimension("", "x", 3);
    writer.add_group("a");
    writer.add_group("a/b");
    writer.add_dimension("a/b", "n", 2);
    writer.set_attributes("", Attributes::from_json({{"title", "t"}, {"year", 2019}, {"f", 0.5}}));
    const Json attributes = {{"_FillValue", -999},  {"valid_range", {-6, 5}},
                             {"scale_factor", 0.1}, {"big", 5000000000},
                             {"list", {"p", "q"}},  {"nested", {{"k", 1}}}};
    writer.add_variable({"",
                         "packed",
                         types::int16,
                         {"time", "x"},
                         Shape{1, 100},
                         4,
                         Attributes::from_json(attributes)});
    writer.add_variable({"", "flags", types::boolean, {"x"}, {}, 0, {}});
    writer.add_variable({"a/b", "names", types::string, {"n"}, {}, 4, {}});
    writer.add_variable({"a/b", "scalar", types::float64, {}, {}, 4, {}});
    for (const std::int64_t first : {2, 0}) {
      const Box rows{{first, 0}, {2, 3}};
      writer.put("packed", rows, packed.view().part(rows));
    }
    writer.put("flags", whole_box({3}), flags.view());
    writer.put("a/b/names", whole_box({2}), names.view());
    Array scalar(types::float64, {});
    *scalar.values<double>() = std::nan("");
    writer.put("a/b/scalar", {}, scalar.view());
    writer.close();
  }
  const FormatFile file = reopen();
  const FileGroup& root = file.groups[0];
  EXPECT_TRUE(root.dimensions[0].is_unlimited);
  EXPECT_EQ(root.dimensions[0].size, 4);
  EXPECT_EQ(root.attributes.find("year")->type(), types::int32);
  EXPECT_EQ(root.attributes.find("f")->type(), types::float64);
  const FileVariable& v = variable_at(root, "packed");
  EXPECT_EQ(v.type, types::int16);
  EXPECT_EQ(v.encoding["deflate"], 4);
  EXPECT_EQ(v.chunks, Shape({1, 3}));
  EXPECT_EQ(v.attributes.find("_FillValue")->type(), types::int16);
  EXPECT_EQ(v.attributes.find("_FillValue")->as_int(), -999);
  EXPECT_EQ(v.attributes.find("valid_range")->type(), types::int16);
  EXPECT_EQ(v.attributes.find("scale_factor")->as_double(), 0.1);
  EXPECT_EQ(v.attributes.find("big")->type(), types::int64);
  EXPECT_EQ(v.attributes.find("list")->to_json(), Json::array({"p", "q"}));
  EXPECT_EQ(v.attributes.text("nested"), "{\"k\":1}");
  EXPECT_EQ(values_of<std::int16_t>(read_all(*v.reader)), values_of<std::int16_t>(packed));
  EXPECT_EQ(variable_at(root, "flags").type, types::int8);
  EXPECT_EQ(variable_at(root, "flags").attributes.text("dtype"), "bool");
  EXPECT_THAT(values_of<signed char>(read_all(*variable_at(root, "flags").reader)),
              ElementsAre(1, 0, 1));
  const FileGroup& deep = group_at(file, "a/b");
  EXPECT_THAT(strings_of(read_all(*variable_at(deep, "names").reader)), ElementsAre("Zürich", ""));
  EXPECT_TRUE(std::isnan(*read_all(*variable_at(deep, "scalar").reader).values<double>()));
}

TEST_F(NetcdfWriterTest, RefusesByNameWhatNetcdfCannotHold) {
  NetcdfWriter writer(path_);
  for (const DataType type : {types::float16, types::complex64, types::unicode(4)}) {
    try {
      writer.add_variable({"", "odd", type, {}, {}, 0, {}});
      FAIL() << type.name();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_THAT(error.what(), HasSubstr("odd"));
      EXPECT_THAT(error.what(), HasSubstr(type.name()));
    }
  }
  EXPECT_THROW(writer.add_variable(
                   {"", "v", types::int8, {}, {}, 0, Attributes::from_json({{"_FillValue", 300}})}),
               Error);
}

TEST_F(NetcdfWriterTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_THROW(NetcdfWriter(scratch_.path("no/where.nc")), Error);
}

}  // namespace
}  // namespace gridmill
