// Truncated and damaged netCDF files are refused, with the variable and the byte; never silent
// zeros.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netcdf.h>

#include <numeric>

#include "formats/netcdf_file.h"
#include "formats/read_variable.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;
using testing::Netcdf;
using testing::read_all;
using testing::ScratchDirectory;

// Everything in the file; what is thrown on the way comes out.
void read_everything(Files& files, const std::string& path) {
  const FormatFile file = open_netcdf(files, {path, ""});
  for (const FileGroup& group : file.groups) {
    for (const FileVariable& variable : group.variables) read_all(*variable.reader);
  }
}

class NetcdfDamage : public ::testing::TestWithParam<int> {
 protected:
  std::string write_sample(int record_variables) {
    const std::string path = scratch_.path("whole.nc");
    Netcdf nc(path, GetParam());
    const int time = nc.dim("time", NC_UNLIMITED), y = nc.dim("y", 5), x = nc.dim("x", 3);
    const int fixed = nc.var("fixed", NC_SHORT, {y, x});
    nc.var("series", NC_BYTE, {time, x});
    if (record_variables == 2) nc.var("other", NC_DOUBLE, {time});
    nc.ok(nc_put_att_text(nc.id(), fixed, "units", 1, "K"));
    nc.ok(nc_enddef(nc.id()));
    std::vector<short> shorts(15, 7);
    nc.ok(nc_put_var_short(nc.id(), fixed, shorts.data()));
    const std::vector<signed char> bytes(12, 3);
    const std::vector<double> doubles(4, 2.5);
    const std::size_t start[] = {0, 0}, count[] = {4, 3};
    nc.ok(nc_put_vara_schar(nc.id(), 1, start, count, bytes.data()));
    if (record_variables == 2) {
      nc.ok(nc_put_vara_double(nc.id(), 2, start, count, doubles.data()));
    }
    return path;
  }

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
};

TEST_P(NetcdfDamage, EveryTruncationIsCorrupt) {
  for (const int record_variables : {1, 2}) {
    const std::string whole = scratch_.read(write_sample(record_variables));
    EXPECT_NO_THROW(read_everything(*files_, scratch_.path("whole.nc")));
    const bool is_hdf5 = (GetParam() & NC_NETCDF4) != 0;
    for (std::size_t length = 0; length < whole.size(); length += is_hdf5 ? 97 : 1) {
      scratch_.write("cut.nc", whole.substr(0, length));
      try {
        read_everything(*files_, scratch_.path("cut.nc"));
        // Padding behind the last value is no loss.
        EXPECT_FALSE(is_hdf5) << length;
        EXPECT_GE(length + 3, whole.size()) << length << " of " << whole.size();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
        EXPECT_THAT(error.what(), HasSubstr("cut.nc"));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, NetcdfDamage,
                         ::testing::Values(0, NC_64BIT_OFFSET, NC_64BIT_DATA, NC_NETCDF4),
                         [](const auto& mode) { return "Mode" + std::to_string(mode.param); });

TEST(ClassicTruncation, NamesVariableAndBytes) {
  ScratchDirectory scratch;
  const auto files = posix_files();
  {
    Netcdf nc(scratch.path("a.nc"), 0);
    const int v = nc.var("t2m", NC_FLOAT, {nc.dim("x", 1000)});
    nc.ok(nc_enddef(nc.id()));
    const std::vector<float> values(1000, 1.0F);
    nc.ok(nc_put_var_float(nc.id(), v, values.data()));
  }
  scratch.write("b.nc", scratch.read(scratch.path("a.nc")).substr(0, 2000));
  try {
    open_netcdf(*files, {scratch.path("b.nc"), ""});
    FAIL() << "a truncated file was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_THAT(error.what(),
                HasSubstr("b.nc: truncated: the file has 2000 bytes, but variable t2m "
                          "begins at byte 80 and ends at byte 4080"));
  }
}

TEST(Hdf5Damage, ABadChunkNamesVariableAndRegion) {
  ScratchDirectory scratch;
  const auto files = posix_files();
  {
    Netcdf nc(scratch.path("a.nc"), NC_NETCDF4);
    const int v = nc.var("t2m", NC_INT, {nc.dim("x", 400000)});
    const std::size_t chunk = 400000;
    nc.ok(nc_def_var_chunking(nc.id(), v, NC_CHUNKED, &chunk));
    nc.ok(nc_def_var_deflate(nc.id(), v, 1, 1, 1));
    std::vector<int> values(chunk);
    for (std::size_t i = 0; i < chunk; ++i) values[i] = static_cast<int>(i * i * 2654435761U);
    nc.ok(nc_put_var_int(nc.id(), v, values.data()));
  }
  std::string bytes = scratch.read(scratch.path("a.nc"));
  for (std::size_t i = 0; i < 400; ++i) bytes[bytes.size() / 2 + i] = '\x55';
  scratch.write("b.nc", bytes);
  const FormatFile file = open_netcdf(*files, {scratch.path("b.nc"), ""});
  try {
    read_all(*file.groups[0].variables[0].reader);
    FAIL() << "a damaged chunk was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("t2m of "));
    EXPECT_THAT(error.what(), HasSubstr("values [0:400000]"));
    EXPECT_THAT(error.what(), HasSubstr("chunk (0,) at address "));
    EXPECT_THAT(error.what(), HasSubstr("zlib"));
  }
}

}  // namespace
}  // namespace gridmill
