// What libnetcdf writes, open_netcdf reads: types x formats, storage layouts, groups, strings,
// enums.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <netcdf.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "formats/netcdf_file.h"
#include "formats/read_variable.h"

namespace gridmill {
namespace {

using ::testing::ElementsAre;
using testing::group_at;
using ::testing::HasSubstr;
using testing::Netcdf;
using testing::read_all;
using testing::ScratchDirectory;
using testing::strings_of;
using testing::values_of;
using testing::variable_at;

class NetcdfReader : public ::testing::Test {
 protected:
  FormatFile open(const std::string& path) { return open_netcdf(*files_, {path, ""}); }
  std::string path(const std::string& name) { return scratch_.path(name); }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
};

struct TypeCase {
  int nc_type;
  DataType type;
};

const std::vector<TypeCase> kClassicTypes = {
    {NC_BYTE, types::int8}, {NC_CHAR, types::bytes(1)}, {NC_SHORT, types::int16},
    {NC_INT, types::int32}, {NC_FLOAT, types::float32}, {NC_DOUBLE, types::float64}};
const std::vector<TypeCase> kNewTypes = {{NC_UBYTE, types::uint8},
                                         {NC_USHORT, types::uint16},
                                         {NC_UINT, types::uint32},
                                         {NC_INT64, types::int64},
                                         {NC_UINT64, types::uint64}};

struct FormatCase {
  int mode;
  const char* name;
  bool has_new_types;
};

class EveryFormat : public NetcdfReader, public ::testing::WithParamInterface<FormatCase> {};

TEST_P(EveryFormat, GivesBackEveryTypeBitForBit) {
  const FormatCase& format = GetParam();
  std::vector<TypeCase> cases = kClassicTypes;
  if (format.has_new_types) cases.insert(cases.end(), kNewTypes.begin(), kNewTypes.end());
  std::vector<std::vector<unsigned char>> written;
  {
    Netcdf nc(path("t.nc"), format.mode);
    const int y = nc.dim("y", 3), x = nc.dim("x", 5);
    for (const TypeCase& c : cases) nc.var("v" + std::to_string(c.nc_type), c.nc_type, {y, x});
    nc.ok(nc_enddef(nc.id()));
    for (std::size_t i = 0; i < cases.size(); ++i) {
      std::vector<unsigned char> bytes(15 * static_cast<std::size_t>(cases[i].type.size));
      for (std::size_t b = 0; b < bytes.size(); ++b) {
        bytes[b] = static_cast<unsigned char>(37 * b + 11 * i + 1);
      }
      nc.ok(nc_put_var(nc.id(), static_cast<int>(i), bytes.data()));
      written.push_back(std::move(bytes));
    }
  }
  const FormatFile file = open(path("t.nc"));
  EXPECT_EQ(file.format, format.name);
  ASSERT_EQ(file.groups.size(), 1U);
  ASSERT_EQ(file.groups[0].variables.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const FileVariable& variable = file.groups[0].variables[i];
    EXPECT_EQ(variable.type, cases[i].type) << variable.name;
    EXPECT_EQ(variable.shape, Shape({3, 5}));
    EXPECT_THAT(variable.dimensions, ElementsAre("y", "x"));
    const Array array = read_all(*variable.reader);
    EXPECT_EQ(0, std::memcmp(array.values<char>(), written[i].data(), written[i].size()))
        << variable.name;
  }
}

TEST_P(EveryFormat, GivesBackRecordsScalarsAndEmptyDimensions) {
  const FormatCase& format = GetParam();
  std::vector<double> series(7 * 3);
  std::iota(series.begin(), series.end(), 0.5);
  {
    Netcdf nc(path("r.nc"), format.mode);
    const int time = nc.dim("time", NC_UNLIMITED), x = nc.dim("x", 3);
    nc.var("series", NC_DOUBLE, {time, x});
    nc.var("flag", NC_BYTE, {time});  // classic: records of odd length, padded
    nc.var("crs", NC_INT, {});
    nc.ok(nc_enddef(nc.id()));
    const std::size_t start[] = {0, 0}, count[] = {7, 3};
    nc.ok(nc_put_vara_double(nc.id(), 0, start, count, series.data()));
    const signed char flags[] = {1, 2, 3, 4, 5, 6, 7};
    nc.ok(nc_put_vara_schar(nc.id(), 1, start, count, flags));
    const int crs = -9;
    nc.ok(nc_put_var_int(nc.id(), 2, &crs));
  }
  const FormatFile file = open(path("r.nc"));
  const FileGroup& root = file.groups[0];
  ASSERT_EQ(root.dimensions.size(), 2U);
  EXPECT_TRUE(root.dimensions[0].is_unlimited);
  EXPECT_EQ(root.dimensions[0].size, 7);
  EXPECT_FALSE(root.dimensions[1].is_unlimited);
  EXPECT_EQ(values_of<double>(read_all(*variable_at(root, "series").reader)), series);
  EXPECT_THAT(values_of<signed char>(read_all(*variable_at(root, "flag").reader)),
              ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(variable_at(root, "crs").shape.rank(), 0);
  EXPECT_THAT(values_of<int>(read_all(*variable_at(root, "crs").reader)), ElementsAre(-9));
}

TEST_P(EveryFormat, AnUnlimitedDimensionWithoutRecordsIsEmpty) {
  {
    Netcdf nc(path("e.nc"), GetParam().mode);
    const int time = nc.dim("time", NC_UNLIMITED);
    nc.var("series", NC_DOUBLE, {time});
    nc.ok(nc_enddef(nc.id()));
  }
  const FormatFile file = open(path("e.nc"));
  const FileVariable& series = variable_at(file.groups[0], "series");
  EXPECT_EQ(series.shape, Shape({0}));
  EXPECT_EQ(series.reader->grid().size(), 0);
  EXPECT_EQ(read_all(*series.reader).size(), 0);
}

TEST_P(EveryFormat, KeepsAttributesWithTheirTypes) {
  {
    Netcdf nc(path("a.nc"), GetParam().mode);
    const int x = nc.dim("x", 2);
    const int v = nc.var("v", NC_SHORT, {x});
    const short fill = -999, range[] = {-5, 5};
    const float scale = 0.1F;
    const double offset = 273.15;
    nc.ok(nc_put_att_short(nc.id(), v, "_FillValue", NC_SHORT, 1, &fill));
    nc.ok(nc_put_att_short(nc.id(), v, "valid_range", NC_SHORT, 2, range));
    nc.ok(nc_put_att_float(nc.id(), v, "scale_factor", NC_FLOAT, 1, &scale));
    nc.ok(nc_put_att_double(nc.id(), v, "add_offset", NC_DOUBLE, 1, &offset));
    nc.ok(nc_put_att_text(nc.id(), v, "units", 2, "K\0"));
    nc.ok(nc_put_att_text(nc.id(), NC_GLOBAL, "title", 0, ""));
  }
  const FormatFile file = open(path("a.nc"));
  const Attributes& attributes = file.groups[0].variables[0].attributes;
  EXPECT_EQ(attributes.size(), 5U);
  EXPECT_EQ(attributes.find("_FillValue")->type(), types::int16);
  EXPECT_EQ(attributes.find("_FillValue")->as_int(), -999);
  EXPECT_EQ(attributes.find("valid_range")->to_json(), Json::array({-5, 5}));
  EXPECT_EQ(attributes.find("scale_factor")->type(), types::float32);
  EXPECT_EQ(attributes.find("scale_factor")->as_double(), static_cast<double>(0.1F));
  EXPECT_EQ(attributes.find("add_offset")->as_double(), 273.15);
  EXPECT_EQ(attributes.text("units"), "K");
  ASSERT_NE(file.groups[0].attributes.find("title"), nullptr);
  EXPECT_EQ(file.groups[0].attributes.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, EveryFormat,
    ::testing::Values(FormatCase{0, "netCDF-3 classic", false},
                      FormatCase{NC_64BIT_OFFSET, "netCDF-3 64-bit offset", false},
                      FormatCase{NC_64BIT_DATA, "netCDF-3 64-bit data (CDF-5)", true},
                      FormatCase{NC_NETCDF4, "netCDF-4", true},
                      FormatCase{NC_NETCDF4 | NC_CLASSIC_MODEL, "netCDF-4 classic model", false}),
    [](const auto& format) { return "Mode" + std::to_string(format.param.mode); });

TEST_F(NetcdfReader, ReadsGroupsWithInheritedDimensions) {
  {
    Netcdf nc(path("g.nc"), NC_NETCDF4);
    const int x = nc.dim("x", 2);
    int a = 0, b = 0;
    nc.ok(nc_def_grp(nc.id(), "a", &a));
    nc.ok(nc_def_grp(a, "b", &b));
    int v = 0, y = 0;
    nc.ok(nc_def_dim(b, "y", 3, &y));
    const int dims[] = {y, x};
    nc.ok(nc_def_var(b, "v", NC_INT, 2, dims, &v));
    nc.ok(nc_put_att_text(b, NC_GLOBAL, "comment", 4, "deep"));
    const int values[] = {1, 2, 3, 4, 5, 6};
    nc.ok(nc_put_var_int(b, v, values));
  }
  const FormatFile file = open(path("g.nc"));
  ASSERT_EQ(file.groups.size(), 3U);
  EXPECT_EQ(file.groups[0].path, "");
  EXPECT_EQ(file.groups[1].path, "a");
  const FileGroup& b = group_at(file, "a/b");
  EXPECT_EQ(b.attributes.text("comment"), "deep");
  ASSERT_EQ(b.dimensions.size(), 1U);  // its own only
  EXPECT_THAT(variable_at(b, "v").dimensions, ElementsAre("y", "x"));
  EXPECT_THAT(values_of<int>(read_all(*variable_at(b, "v").reader)), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(NetcdfReader, ReadsStringsInPartsAndAttributesOfStrings) {
  {
    Netcdf nc(path("s.nc"), NC_NETCDF4);
    const int y = nc.dim("y", 2), x = nc.dim("x", 2), unset = nc.dim("unset", 1);
    const int v = nc.var("names", NC_STRING, {y, x});
    nc.var("unset", NC_STRING, {unset});
    const char* values[] = {"", "Zürich", "Kugluktuk", "x"};
    nc.ok(nc_put_var_string(nc.id(), v, values));
    const char* two[] = {"one", "two"};
    nc.ok(nc_put_att_string(nc.id(), v, "list", 2, two));
    nc.ok(nc_put_att_string(nc.id(), v, "single", 1, two));
  }
  const FormatFile file = open(path("s.nc"));
  const FileVariable& names = variable_at(file.groups[0], "names");
  EXPECT_EQ(names.type, types::string);
  EXPECT_THAT(strings_of(read_all(*names.reader)), ElementsAre("", "Zürich", "Kugluktuk", "x"));
  EXPECT_THAT(strings_of(read_all(*variable_at(file.groups[0], "unset").reader)), ElementsAre(""));
  EXPECT_EQ(names.attributes.find("list")->to_json(), Json::array({"one", "two"}));
  EXPECT_EQ(names.attributes.text("single"), "one");

  // Only the second column.
  Buffer stored;
  CodecContext context;
  Array column(types::string, {2, 1});
  const Part part{{{0, 1}, {2, 1}}, column.view()};
  names.reader->fetch({0, 0}, stored);
  names.reader->decode({0, 0}, stored, std::span(&part, 1), column.strings(), context);
  EXPECT_THAT(strings_of(column), ElementsAre("Zürich", "x"));
}

TEST_F(NetcdfReader, AnEnumIsItsBaseTypeAndItsTableIsKept) {
  {
    Netcdf nc(path("e.nc"), NC_NETCDF4);
    int type = 0;
    nc.ok(nc_def_enum(nc.id(), NC_UBYTE, "sky_t", &type));
    const unsigned char clear = 0, cloud = 200;
    nc.ok(nc_insert_enum(nc.id(), type, "clear", &clear));
    nc.ok(nc_insert_enum(nc.id(), type, "cloud", &cloud));
    const int v = nc.var("sky", type, {nc.dim("x", 2)});
    const unsigned char values[] = {200, 0};
    nc.ok(nc_put_var(nc.id(), v, values));
  }
  const FormatFile file = open(path("e.nc"));
  const FileVariable& sky = file.groups[0].variables[0];
  EXPECT_EQ(sky.type, types::uint8);
  EXPECT_EQ(sky.encoding["enum"], Json({{"clear", 0}, {"cloud", 200}}));
  EXPECT_THAT(values_of<unsigned char>(read_all(*sky.reader)), ElementsAre(200, 0));
}

TEST_F(NetcdfReader, ACompoundIsListedButRefusedByName) {
  {
    Netcdf nc(path("c.nc"), NC_NETCDF4);
    int type = 0;
    nc.ok(nc_def_compound(nc.id(), 8, "pair", &type));
    nc.ok(nc_insert_compound(nc.id(), type, "a", 0, NC_INT));
    nc.ok(nc_insert_compound(nc.id(), type, "b", 4, NC_INT));
    const int x = nc.dim("x", 1);
    nc.var("pairs", type, {x});
    const int v = nc.var("good", NC_INT, {x});
    const int pair[] = {1, 2};
    nc.ok(nc_put_att(nc.id(), v, "odd", type, 1, pair));
    nc.ok(nc_put_var_int(nc.id(), v, pair));
  }
  const FormatFile file = open(path("c.nc"));
  EXPECT_THAT(values_of<int>(read_all(*variable_at(file.groups[0], "good").reader)),
              ElementsAre(1));
  ASSERT_EQ(file.notes.size(), 1U);
  EXPECT_THAT(file.notes[0], HasSubstr("attribute odd of variable good is left out"));
  const FileVariable& pairs = variable_at(file.groups[0], "pairs");
  EXPECT_THAT(pairs.encoding["unsupported"].get<std::string>(), HasSubstr("compound"));
  try {
    read_all(*pairs.reader);
    FAIL() << "a compound was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("pairs"));
    EXPECT_THAT(error.what(), HasSubstr("compound type pair"));
    EXPECT_THAT(error.what(), HasSubstr("--drop pairs"));
  }
}

TEST_F(NetcdfReader, ChunkedAndFilteredVariablesAreReadByWholeChunks) {
  std::vector<int> values(40 * 30);
  std::iota(values.begin(), values.end(), -7);
  {
    Netcdf nc(path("k.nc"), NC_NETCDF4);
    const int v = nc.var("v", NC_INT, {nc.dim("y", 40), nc.dim("x", 30)});
    const std::size_t chunks[] = {7, 11};
    nc.ok(nc_def_var_chunking(nc.id(), v, NC_CHUNKED, chunks));
    nc.ok(nc_def_var_deflate(nc.id(), v, 1, 1, 4));
    nc.ok(nc_def_var_fletcher32(nc.id(), v, NC_FLETCHER32));
    nc.ok(nc_put_var_int(nc.id(), v, values.data()));
  }
  const FormatFile file = open(path("k.nc"));
  const FileVariable& v = file.groups[0].variables[0];
  EXPECT_EQ(v.chunks, Shape({7, 11}));
  EXPECT_EQ(v.encoding["storage"], "chunked");
  EXPECT_EQ(v.encoding["chunks"], Json::array({7, 11}));
  EXPECT_EQ(v.encoding["deflate"], 4);
  EXPECT_EQ(v.encoding["shuffle"], true);
  EXPECT_EQ(v.encoding["fletcher32"], true);
  EXPECT_EQ(v.reader->grid().chunk()[0] % 7, 0);
  EXPECT_EQ(v.reader->grid().chunk()[1] % 11, 0);
  EXPECT_EQ(values_of<int>(read_all(*v.reader)), values);
}

TEST_F(NetcdfReader, ManyFilesAreReadThroughFewHandles) {
  std::vector<FormatFile> files;
  for (int i = 0; i < 90; ++i) {
    const std::string name = path("f" + std::to_string(i) + ".nc");
    {
      Netcdf nc(name, i % 2 == 0 ? NC_NETCDF4 : 0);
      const int v = nc.var("v", NC_INT, {nc.dim("x", 1)});
      nc.ok(nc_enddef(nc.id()));
      nc.ok(nc_put_var_int(nc.id(), v, &i));
    }
    files.push_back(open(name));
  }
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 90; ++i) {
      const FormatFile& file = files[static_cast<std::size_t>(i)];
      EXPECT_THAT(values_of<int>(read_all(*file.groups[0].variables[0].reader)), ElementsAre(i));
    }
  }
}

TEST_F(NetcdfReader, AFileRewrittenUnderTheSameNameIsReadAnew) {
  for (int i = 0; i < 3; ++i) {
    {
      Netcdf nc(path("again.nc"), NC_NETCDF4);
      const int v = nc.var("v", NC_INT, {nc.dim("x", static_cast<std::size_t>(i) + 1)});
      const int values[] = {i, i, i};
      nc.ok(nc_put_var_int(nc.id(), v, values));
    }
    const FormatFile file = open(path("again.nc"));
    EXPECT_EQ(values_of<int>(read_all(*file.groups[0].variables[0].reader)),
              std::vector<int>(static_cast<std::size_t>(i) + 1, i));
  }
}

TEST_F(NetcdfReader, ThreadsReadTogether) {
  std::vector<float> values(200000);
  std::iota(values.begin(), values.end(), 0.0F);
  {
    Netcdf nc(path("p.nc"), NC_NETCDF4);
    const int v = nc.var("v", NC_FLOAT, {nc.dim("x", values.size())});
    const std::size_t chunk = 1000;
    nc.ok(nc_def_var_chunking(nc.id(), v, NC_CHUNKED, &chunk));
    nc.ok(nc_def_var_deflate(nc.id(), v, 0, 1, 1));
    nc.ok(nc_put_var_float(nc.id(), v, values.data()));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const FormatFile file = open(path("p.nc"));
        if (values_of<float>(read_all(*file.groups[0].variables[0].reader)) != values) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(NetcdfReader, AMissingFileIsNotFound) {
  try {
    open(path("nothing.nc"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_THAT(error.what(), HasSubstr("nothing.nc"));
  }
}

}  // namespace
}  // namespace gridmill
