// Our reader of HDF5 sees in a file what libnetcdf sees in it, and survives what libnetcdf doesn't.

#include "gridmill/formats/hdf5_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <netcdf.h>

#include <numeric>
#include <random>
#include <set>

#include "doubles/faulty_files.h"
#include "doubles/real_data.h"
#include "doubles/value_readers.h"
#include "formats/netcdf_file.h"
#include "formats/read_variable.h"
#include "formats/same_file.h"
#include "gridmill/formats/hdf5_links.h"
#include "gridmill/formats/hdf5_superblock.h"
#include "gridmill/store/file_store.h"

namespace gridmill {
namespace {

using testing::differences;
using ::testing::ElementsAre;
using testing::group_at;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Netcdf;
using testing::ScratchDirectory;
using ::testing::StartsWith;
using testing::variable_at;

class Hdf5Reader : public ::testing::Test {
 protected:
  Hdf5File open(const std::string& path) {
    OpenedSource opened = open_source(*files_, path, "HDF5");
    return open_hdf5(*opened.source, std::move(opened.bytes)).value();
  }
  std::vector<std::string> differences_from_library(const std::string& path) {
    return differences(open(path).file, open_netcdf(*files_, {path, ""}, NetcdfBy::library));
  }
  std::string path(const std::string& name) const { return scratch_.path(name); }

  void write_everything(const std::string& path, int mode);

  std::unique_ptr<Files> files_ = posix_files();
  ScratchDirectory scratch_;
};

bool is_hdf5(Files& files, const std::string& path) {
  std::array<std::byte, 4> head{};
  return files.open(path)->read_at(0, head) == 4 && as_text(head) == "\x89HDF";
}

TEST_F(Hdf5Reader, SeesInRealFilesWhatTheLibrarySees) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  int seen = 0;
  for (const DirectoryEntry& entry : files_->list(folder)) {
    const std::string file = folder + "/" + entry.name;
    if (!entry.name.ends_with(".nc") || !is_hdf5(*files_, file)) continue;
    EXPECT_THAT(differences_from_library(file), IsEmpty()) << file;
    ++seen;
  }
  EXPECT_GE(seen, 5);
}

// Dimensions with and without variables, of all kinds; a variable that is called like a dimension
// and isn't its coordinate; groups; all types; attributes that no longer fit into the header.
void Hdf5Reader::write_everything(const std::string& path, int mode) {
  Netcdf nc(path, NC_NETCDF4 | mode);
  const int time = nc.dim("time", NC_UNLIMITED), y = nc.dim("y", 3), x = nc.dim("x", 4);
  const int two = nc.dim("two", 2);
  nc.var("time", NC_DOUBLE, {time});
  nc.var("y", NC_FLOAT, {y});
  nc.var("x", NC_INT, {y, x});   // a coordinate of two dimensions
  nc.var("two", NC_SHORT, {y});  // none at all
  nc.var("text", NC_CHAR, {y, two});
  const int scalar = nc.var("scalar", NC_DOUBLE, {});
  const int v = nc.var("v", NC_FLOAT, {time, y, x});
  const std::size_t chunk[] = {2, 3, 4};
  nc.ok(nc_def_var_chunking(nc.id(), v, NC_CHUNKED, chunk));
  nc.ok(nc_def_var_deflate(nc.id(), v, 1, 1, 3));
  nc.ok(nc_def_var_fletcher32(nc.id(), v, 1));
  for (int i = 0; i < 30; ++i) {
    const double value = i / 3.0;
    nc.ok(nc_put_att_double(nc.id(), v, ("a" + std::to_string(i * 7 % 30)).c_str(), NC_DOUBLE, 1,
                            &value));
  }
  const std::vector<int> numbers{3, 1, 2};
  nc.ok(nc_put_att_int(nc.id(), NC_GLOBAL, "numbers", NC_INT, 3, numbers.data()));
  nc.ok(nc_put_att_text(nc.id(), NC_GLOBAL, "title", 5, "a\xb0 bc"));
  nc.ok(nc_put_att_text(nc.id(), scalar, "empty", 0, ""));
  if ((mode & NC_CLASSIC_MODEL) == 0) {
    const int big = nc.var("big", NC_UINT64, {y});
    nc.ok(nc_def_var_endian(nc.id(), big, NC_ENDIAN_BIG));
    nc.var("words", NC_STRING, {y, x});
    const char* words[] = {"one", "", "three"};
    nc.ok(nc_put_att_string(nc.id(), big, "words", 3, words));
    nc.ok(nc_put_att_string(nc.id(), big, "word", 1, words));
    int kind = 0, pair = 0, list = 0, lump = 0, group = 0, below = 0, dimension = 0, variable = 0;
    nc.ok(nc_def_enum(nc.id(), NC_SHORT, "kind", &kind));
    const short water = 1, ice = 7;
    nc.ok(nc_insert_enum(nc.id(), kind, "water", &water));
    nc.ok(nc_insert_enum(nc.id(), kind, "ice", &ice));
    nc.ok(nc_def_compound(nc.id(), 12, "pair", &pair));
    nc.ok(nc_insert_compound(nc.id(), pair, "first", 0, NC_DOUBLE));
    nc.ok(nc_insert_compound(nc.id(), pair, "second", 8, NC_INT));
    nc.ok(nc_def_vlen(nc.id(), "list", NC_FLOAT, &list));
    nc.ok(nc_def_opaque(nc.id(), 5, "lump", &lump));
    for (const int type : {kind, pair, list, lump}) {
      nc.var("of_type_" + std::to_string(type), type, {x});
    }
    nc.ok(nc_put_att(nc.id(), v, "of_kind", kind, 1, &ice));
    const std::array<char, 12> zeros{};
    nc.ok(nc_put_att(nc.id(), v, "of_pair", pair, 1, zeros.data()));
    nc.ok(nc_def_grp(nc.id(), "upper", &group));
    nc.ok(nc_def_dim(group, "z", NC_UNLIMITED, &dimension));
    nc.ok(nc_def_grp(group, "lower", &below));
    const int dimensions[] = {dimension, x, y};
    nc.ok(nc_def_var(below, "deep", NC_BYTE, 3, dimensions, &variable));
    nc.ok(nc_put_att_text(below, NC_GLOBAL, "where", 4, "deep"));
  }
  nc.ok(nc_enddef(nc.id()));
  const std::vector<float> values(60, 1.5F);
  const std::size_t start[] = {0, 0, 0}, count[] = {5, 3, 4};
  nc.ok(nc_put_vara_float(nc.id(), v, start, count, values.data()));
}

TEST_F(Hdf5Reader, SeesInNetcdf4WhatTheLibrarySees) {
  for (const int mode : {0, NC_CLASSIC_MODEL}) {
    write_everything(path("a.nc"), mode);
    EXPECT_THAT(differences_from_library(path("a.nc")), IsEmpty()) << mode;
  }
  const FormatFile file = open(path("a.nc")).file;
  EXPECT_EQ(file.format, "netCDF-4 classic model");
  EXPECT_EQ(group_at(file, "").dimensions[0].size, 5);
  EXPECT_THAT(variable_at(group_at(file, ""), "two").dimensions, ElementsAre("y"));
}

std::vector<std::byte> bytes_of(const FormatFile& file, const std::string& name) {
  const Array array = testing::read_all(*variable_at(file.groups[0], name).reader);
  const ByteView all(array.values<std::byte>(),
                     static_cast<std::size_t>(array.size() * array.type().size));
  return {all.begin(), all.end()};
}

TEST_F(Hdf5Reader, VariablesShorterThanTheirRecordsAreFilledUp) {
  {
    Netcdf nc(path("a.nc"), NC_NETCDF4);
    const int time = nc.dim("time", NC_UNLIMITED), x = nc.dim("x", 3);
    const short fill = -7;
    for (const char* name : {"whole", "cut", "unfilled"}) {
      const int v = nc.var(name, NC_SHORT, {time, x});
      const std::size_t chunk[] = {3, 2};  // six records end with a chunk
      nc.ok(nc_def_var_chunking(nc.id(), v, NC_CHUNKED, chunk));
      nc.ok(nc_def_var_deflate(nc.id(), v, 1, 1, 1));
    }
    nc.ok(nc_def_var_fill(nc.id(), 1, NC_FILL, &fill));
    nc.ok(nc_def_var_fill(nc.id(), 2, NC_NOFILL, nullptr));
    nc.var("unwritten", NC_DOUBLE, {time});
    nc.ok(nc_enddef(nc.id()));
    std::vector<short> values(27);
    std::iota(values.begin(), values.end(), short{100});
    const std::size_t start[] = {0, 0};
    for (const auto& [variable, records] : {std::pair{0, 9UL}, {1, 6UL}, {2, 6UL}}) {
      const std::size_t count[] = {records, 3};
      nc.ok(nc_put_vara_short(nc.id(), variable, start, count, values.data()));
    }
  }
  const Hdf5File own = open(path("a.nc"));
  const FormatFile library = open_netcdf(*files_, {path("a.nc"), ""}, NetcdfBy::library);
  EXPECT_THAT(differences(own.file, library), IsEmpty());
  for (const char* name : {"whole", "cut", "unwritten"}) {
    EXPECT_EQ(bytes_of(own.file, name), bytes_of(library, name)) << name;
  }
  ASSERT_EQ(own.elsewhere.size(), 1U);
  EXPECT_EQ(own.file.groups[0].variables[own.elsewhere[0].variable].name, "unfilled");
  EXPECT_EQ(own.elsewhere[0].reason, "(6, 3) values are stored of (9, 3)");
  const FormatFile both = open_netcdf(*files_, {path("a.nc"), ""});
  EXPECT_EQ(bytes_of(both, "unfilled"), bytes_of(library, "unfilled"));
  EXPECT_THAT(both.notes, ElementsAre(StartsWith("variable unfilled is read through")));
}

// Of all variables, texts included; those that nobody reads are left out.
std::string all_values(Files& files, const std::string& path) {
  std::string all;
  const FormatFile file = open_netcdf(files, {path, ""});
  for (const FileGroup& group : file.groups) {
    for (const FileVariable& variable : group.variables) {
      if (variable.encoding.contains("unsupported")) continue;
      all += fmt::format("/{}/{} {}:", group.path, variable.name, to_string(variable.shape));
      if (variable.type.is_string()) {
        for (const std::string& text : testing::strings_of(testing::read_all(*variable.reader))) {
          all += text + ",";
        }
        continue;
      }
      const Array array = testing::read_all(*variable.reader);
      all.append(reinterpret_cast<const char*>(array.values<std::byte>()),
                 static_cast<std::size_t>(array.size() * array.type().size));
    }
  }
  return all;
}

TEST_F(Hdf5Reader, EveryFailingOrShortReadIsReported) {
  for (const int mode : {0, NC_CLASSIC_MODEL}) {
    write_everything(path("a.nc"), mode);
    const std::string wanted = all_values(*files_, path("a.nc"));
    FaultyFiles faulty(*files_);
    for (const Failure failure : {Failure::error, Failure::sticky, Failure::short_read}) {
      int failures = 0;
      for (std::int64_t n = 1;; ++n) {
        faulty.set_fault({n, failure});
        try {
          // What can't be told from no HDF5 file is left to libnetcdf, which reads it by its path.
          EXPECT_TRUE(all_values(faulty, path("a.nc")) == wanted) << n;
          EXPECT_TRUE(!faulty.fired() || failure == Failure::short_read) << n;
        } catch (const Error& error) {
          EXPECT_TRUE(faulty.fired()) << n;
          EXPECT_THAT(error.what(), HasSubstr("a.nc")) << n;
          ++failures;
        }
        if (!faulty.fired()) break;
      }
      EXPECT_GT(failures, 10);
    }
  }
}

// Files that HDF5 makes without netCDF, in the oldest and in the newest form of the format.
class PlainHdf5 : public Hdf5Reader, public ::testing::WithParamInterface<bool> {
 protected:
  // The library's lock is ours while `make` runs.
  template <class Make>
  void write(const std::string& path, Make&& make, hsize_t user_block = 0) {
    const NetcdfSession session;
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS), creation = H5Pcreate(H5P_FILE_CREATE);
    if (GetParam()) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    H5Pset_userblock(creation, user_block);
    H5Pset_sizes(creation, address_bytes_, address_bytes_);
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access);
    ASSERT_GE(file, 0);
    make(file);
    H5Pclose(access);
    H5Pclose(creation);
    ASSERT_GE(H5Fclose(file), 0);
  }

  std::size_t address_bytes_ = 8;

  static void dataset(hid_t at, const std::string& name, hid_t type, std::vector<hsize_t> shape,
                      std::vector<hsize_t> most = {}) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(),
                                         most.empty() ? nullptr : most.data());
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (!most.empty()) H5Pset_chunk(creation, static_cast<int>(shape.size()), shape.data());
    const hid_t made =
        H5Dcreate2(at, name.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    EXPECT_GE(made, 0);
    H5Dclose(made);
    H5Pclose(creation);
    H5Sclose(space);
  }

  static void attribute(hid_t at, const std::string& name, std::vector<hsize_t> shape) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t made = H5Acreate2(at, name.c_str(), H5T_STD_I32BE, space, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(made, 0);
    std::vector<int> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)), 7);
    EXPECT_GE(H5Awrite(made, H5T_NATIVE_INT, values.data()), 0);
    H5Aclose(made);
    H5Sclose(space);
  }

  static void group(hid_t at, const std::string& name, unsigned order, auto&& fill) {
    const hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(creation, order);
    const hid_t made = H5Gcreate2(at, name.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT);
    EXPECT_GE(made, 0);
    fill(made);
    H5Gclose(made);
    H5Pclose(creation);
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, PlainHdf5, ::testing::Bool(),
                         [](const auto& form) { return form.param ? "Newest" : "Oldest"; });

TEST_P(PlainHdf5, DimensionsAreInventedAsNetcdfInventsThem) {
  write(path("a.h5"), [](hid_t file) {
    dataset(file, "square", H5T_IEEE_F64BE, {4, 4});
    dataset(file, "again", H5T_STD_I16LE, {4, 3});
    dataset(file, "grows", H5T_STD_U8LE, {4, 3}, {H5S_UNLIMITED, 3});
    dataset(file, "empty", H5T_STD_U8LE, {0, 3});
    dataset(file, "empty2", H5T_STD_U8LE, {0, 3});
    group(file, "below", 0, [](hid_t below) { dataset(below, "own", H5T_STD_I8BE, {4, 9}); });
  });
  EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty());
  const FormatFile file = open(path("a.h5")).file;
  EXPECT_THAT(variable_at(group_at(file, "below"), "own").dimensions,
              ElementsAre("phony_dim_0", "phony_dim_1"));
}

TEST_P(PlainHdf5, AUserBlockMovesAllAddresses) {
  write(
      path("a.h5"),
      [](hid_t file) {
        dataset(file, "v", H5T_STD_I32LE, {4, 5});
      },
      1024);
  EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty());
  // Also one that was put there later, of which the superblock knows nothing.
  scratch_.write("b.h5", std::string(1024, '\0') + scratch_.read(path("a.h5")));
  EXPECT_THAT(differences_from_library(path("b.h5")), IsEmpty());
}

TEST_P(PlainHdf5, LargeGroupsKeepTheirOrder) {
  for (const unsigned order :
       {0U, 0U + H5P_CRT_ORDER_TRACKED, 0U + H5P_CRT_ORDER_TRACKED + H5P_CRT_ORDER_INDEXED}) {
    write(path("a.h5"), [&](hid_t file) {
      group(file, "many", order, [](hid_t many) {
        for (int i = 0; i < 700; ++i) {
          const std::string tail(static_cast<std::size_t>(i % 90), 'n');
          dataset(many, fmt::format("v{}_{}", i * 389 % 700, tail), H5T_STD_I8LE, {2});
        }
      });
    });
    EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty()) << order;
    EXPECT_EQ(group_at(open(path("a.h5")).file, "many").variables.size(), 700U);
  }
}

// The heap of such a group has indirect blocks in its indirect block.
TEST_P(PlainHdf5, AGroupOfManyLongNamesIsRead) {
  write(path("a.h5"), [&](hid_t file) {
    dataset(file, "v", H5T_STD_I8LE, {2});
    group(file, "g", 0, [&](hid_t g) {
      for (int i = 0; i < 4000; ++i) {
        const std::string name = std::to_string(i) + std::string(220, 'n');
        H5Lcreate_hard(file, "v", g, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
      }
    });
  });
  EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty());
  EXPECT_EQ(group_at(open(path("a.h5")).file, "g").variables.size(), 4000U);
}

TEST_P(PlainHdf5, ManyLinksThroughOneLargeGroupAreFollowed) {
  write(path("a.h5"), [&](hid_t file) {
    group(file, "g", 0, [&](hid_t g) {
      dataset(g, "v0", H5T_STD_I8LE, {2});
      for (int i = 1; i < 2000; ++i) {
        const std::string name = "v" + std::to_string(i);
        H5Lcreate_hard(g, "v0", g, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_soft(("/g/" + name).c_str(), file, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
      }
    });
  });
  EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty());
}

TEST_P(PlainHdf5, ShortAddressesAndLengthsAreRead) {
  address_bytes_ = 4;
  write(path("a.h5"), [&](hid_t file) {
    // Not unlimited: HDF5 1.10.8 takes its own 32-bit mark for a length.
    dataset(file, "v", H5T_STD_I32LE, {4, 5}, {8, 5});
    group(file, "g", 0, [&](hid_t g) {
      for (int i = 0; i < 50; ++i) dataset(g, "v" + std::to_string(i), H5T_STD_I8LE, {3});
      for (hsize_t i = 0; i < 20; ++i) attribute(g, fmt::format("a{}", i), {i + 1});
    });
  });
  EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty());
}

TEST_P(PlainHdf5, ManyAndLargeAttributesAreRead) {
  write(path("a.h5"), [&](hid_t file) {
    group(file, "g", 0, [&](hid_t g) {
      for (hsize_t i = 0; i < 40; ++i) {
        attribute(g, fmt::format("a{}", i * 7 % 40), {i + 1});
      }
      attribute(g, "large", {1900});
      if (GetParam()) attribute(g, "huge", {40000});
    });
  });
  EXPECT_THAT(differences_from_library(path("a.h5")), IsEmpty());
}

TEST_P(PlainHdf5, NamesOfTypesAreFoundInTheOrderOfReading) {
  write(path("a.h5"), [](hid_t file) {
    const hid_t kind = H5Tenum_create(H5T_NATIVE_INT), other = H5Tenum_create(H5T_NATIVE_INT);
    for (int i = 0; i < 3; ++i) {
      H5Tenum_insert(kind, fmt::format("member{}", i).c_str(), &i);
      if (i > 0) H5Tenum_insert(other, fmt::format("member{}", i).c_str(), &i);
    }
    H5Tcommit2(file, "kind", kind, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    dataset(file, "a_too_early", kind, {2});
    dataset(file, "named", kind, {2});
    dataset(file, "nameless", other, {2});
    H5Tclose(kind);
    H5Tclose(other);
  });
  // netCDF-C 4.9 leaves out what has no name yet where it is met; newer ones don't, and nor do we.
  const FormatFile library = open_netcdf(*files_, {path("a.h5"), ""}, NetcdfBy::library);
  EXPECT_EQ(testing::names_of(library.groups[0]), "named ");
  const FormatFile file = open(path("a.h5")).file;
  EXPECT_EQ(testing::names_of(file.groups[0]), "a_too_early named nameless ");
  EXPECT_THAT(file.notes, IsEmpty());
  for (const FileVariable& variable : file.groups[0].variables) {
    EXPECT_EQ(variable.type, types::int32) << variable.name;
    const std::size_t members = variable.name == "nameless" ? 2U : 3U;
    EXPECT_EQ(variable.encoding.at("enum").size(), members) << variable.name;
  }
}

// Of numpy's bool only where it has no name: netCDF has enums, and no bool.
TEST_P(PlainHdf5, AnEnumOfFalseAndTrueIsABoolUnlessItHasAName) {
  write(path("a.h5"), [](hid_t file) {
    const signed char values[] = {0, 1, 2};
    const auto enumeration = [&](hid_t base, const char* no, const char* yes, int one) {
      const hid_t type = H5Tenum_create(base);
      H5Tenum_insert(type, no, &values[0]);
      H5Tenum_insert(type, yes, &values[one]);
      return type;
    };
    const hid_t plain = enumeration(H5T_STD_I8LE, "FALSE", "TRUE", 1);
    const hid_t wrong_value = enumeration(H5T_STD_I8LE, "FALSE", "TRUE", 2);
    const hid_t wrong_name = enumeration(H5T_STD_I8LE, "NO", "TRUE", 1);
    const hid_t wrong_base = enumeration(H5T_STD_U8LE, "FALSE", "TRUE", 1);
    dataset(file, "plain", plain, {3});
    dataset(file, "wrong_value", wrong_value, {3});
    dataset(file, "wrong_name", wrong_name, {3});
    dataset(file, "wrong_base", wrong_base, {3});
    for (const hid_t type : {plain, wrong_value, wrong_name, wrong_base}) H5Tclose(type);
  });
  std::string found;
  const Hdf5File made = open(path("a.h5"));
  for (const FileVariable& variable : made.file.groups[0].variables) {
    found += fmt::format("{} {}, ", variable.name, variable.type.name());
  }
  EXPECT_EQ(found, "plain bool, wrong_base uint8, wrong_name int8, wrong_value int8, ");
  write(path("b.h5"), [](hid_t file) {
    const signed char values[] = {0, 1};
    const hid_t type = H5Tenum_create(H5T_STD_I8LE);
    H5Tenum_insert(type, "FALSE", &values[0]);
    H5Tenum_insert(type, "TRUE", &values[1]);
    H5Tcommit2(file, "kind", type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    dataset(file, "named", type, {3});
    H5Tclose(type);
  });
  EXPECT_THAT(differences_from_library(path("b.h5")), IsEmpty());
  EXPECT_EQ(variable_at(open(path("b.h5")).file.groups[0], "named").type, types::int8);
}

TEST_P(PlainHdf5, WhatHasNoFormIsListedAndRefused) {
  write(path("a.h5"), [](hid_t file) {
    const hid_t pair = H5Tcreate(H5T_COMPOUND, 12), lump = H5Tcreate(H5T_OPAQUE, 5);
    H5Tinsert(pair, "first", 0, H5T_IEEE_F64LE);
    H5Tinsert(pair, "second", 8, H5T_STD_I32LE);
    dataset(file, "pair", pair, {3});
    dataset(file, "lump", lump, {3});
    dataset(file, "bits", H5T_STD_B16LE, {3});
    dataset(file, "pointer", H5T_STD_REF_OBJ, {3});
    for (const hid_t type : {pair, lump}) H5Tclose(type);
  });
  const FormatFile file = open_netcdf(*files_, {path("a.h5"), ""});
  EXPECT_EQ(testing::names_of(file.groups[0]), "bits lump pair pointer ");
  for (const FileVariable& variable : file.groups[0].variables) {
    try {
      testing::read_all(*variable.reader);
      ADD_FAILURE() << variable.name << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_THAT(std::string(error.what()), HasSubstr("--drop " + variable.name));
    }
  }
}

// libnetcdf follows a cycle until the stack ends, and opens no file with a link to nowhere.
TEST_P(PlainHdf5, LinksInCirclesAndToNowhereAreLeftOut) {
  write(path("a.h5"), [](hid_t file) {
    dataset(file, "v", H5T_STD_I32LE, {3});
    group(file, "g", 0, [&](hid_t g) {
      H5Lcreate_hard(file, "/", g, "root", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("../g", g, "self", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("/v", g, "v_too", H5P_DEFAULT, H5P_DEFAULT);
    });
    H5Lcreate_soft("/loop", file, "loop", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("g/v_too", file, "v_again", H5P_DEFAULT, H5P_DEFAULT);
  });
  const FormatFile file = open(path("a.h5")).file;
  ASSERT_EQ(file.groups.size(), 2U);
  EXPECT_EQ(testing::names_of(file.groups[0]), "v v_again ");
  EXPECT_EQ(testing::names_of(file.groups[1]), "v_too ");
  EXPECT_THAT(file.notes,
              ElementsAre(HasSubstr("loop is left out"), HasSubstr("g/self is left out"),
                          HasSubstr("group g/root is left out")));
}

TEST_P(PlainHdf5, ALinkToAnotherFileIsForTheLibrary) {
  write(path("b.h5"), [](hid_t file) { dataset(file, "v", H5T_STD_I32LE, {3}); });
  write(path("a.h5"), [&](hid_t file) {
    H5Lcreate_external(path("b.h5").c_str(), "/v", file, "there", H5P_DEFAULT, H5P_DEFAULT);
  });
  try {
    open(path("a.h5"));
    FAIL() << "a link to another file was followed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
  }
}

std::optional<Hdf5File> open_memory(const std::string& content) {
  const std::unique_ptr<Files> files = posix_files();
  auto file = std::make_unique<testing::BytesReader>(content);
  const FileStatus identity{.size = file->size()};
  return open_hdf5({*files, "damaged.nc", identity, nullptr, {}}, std::move(file));
}

ErrorKind outcome(const std::string& content) {
  try {
    open_memory(content);
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::internal;
}

TEST_F(Hdf5Reader, EveryTruncationIsCorrupt) {
  write_everything(path("a.nc"), 0);
  const std::string whole = scratch_.read(path("a.nc"));
  EXPECT_EQ(open_memory(whole).value().file.groups.size(), 3U);
  EXPECT_FALSE(open_memory("").has_value());
  for (std::size_t length = 64; length < whole.size(); length += 64) {
    ASSERT_EQ(outcome(whole.substr(0, length)), ErrorKind::corrupt) << length;
  }
}

TEST_F(Hdf5Reader, FlippedBytesAreCorruptUnsupportedOrHarmless) {
  write_everything(path("a.nc"), 0);
  const std::string whole = scratch_.read(path("a.nc"));
  std::mt19937 random(20240611);
  int corrupt = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = whole;
    for (int flips = 0; flips < 3; ++flips) {
      std::size_t at = random() % whole.size();
      while (whole[at] == 0 && at + 1 < whole.size()) ++at;  // where something is
      damaged[at] = static_cast<char>(random());
    }
    const ErrorKind kind = outcome(damaged);
    ASSERT_TRUE(kind == ErrorKind::corrupt || kind == ErrorKind::unsupported ||
                kind == ErrorKind::internal)
        << round << ": " << to_string(kind);
    if (kind == ErrorKind::corrupt) ++corrupt;
  }
  EXPECT_GT(corrupt, 200);
}

// Names are found by their hashes and lie in the heap in the order of their creation.
TEST_F(Hdf5Reader, ReadsALargeGroupWhoseNamesFillManyBlocks) {
  constexpr int kNames = 30000;
  const std::string file = path("large.h5");
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t id = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  std::set<std::string> wanted;
  for (int i = 0; i < kNames; ++i) {
    const std::string name = "name " + std::to_string(i) + std::string(250, '.');
    H5Lcreate_soft("nowhere", id, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
    wanted.insert(name);
  }
  H5Fclose(id);
  H5Pclose(access);
  const Hdf5Bytes bytes(file_reader(*files_, file), 0, 8, 8);
  Hdf5Blocks blocks(bytes);
  const Hdf5Superblock superblock = find_hdf5_superblock(*file_reader(*files_, file)).value();
  const std::vector<Hdf5Link> links =
      read_hdf5_links(blocks, read_hdf5_object(blocks, superblock.root));
  std::set<std::string> found;
  for (const Hdf5Link& link : links) found.insert(link.name);
  EXPECT_EQ(found, wanted);
}

// Each link leads through the next one sixteen times: 16^16 steps, if somebody counted only how
// deep they lie.
TEST_F(Hdf5Reader, FollowsSoftLinksWithinBounds) {
  const std::string file = path("links.h5");
  const hid_t id = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto link = [&](const std::string& target, const std::string& name) {
    H5Lcreate_soft(target.c_str(), id, name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  };
  H5Gclose(H5Gcreate2(id, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const float value = 5;
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t set =
      H5Dcreate2(id, "g/v", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value);
  H5Dclose(set);
  H5Sclose(space);
  for (int level = 0; level < 40; ++level) {
    std::string target = "/g";
    for (int i = 0; i < 16; ++i) target += "/through" + std::to_string(level + 1);
    link(target, "g/through" + std::to_string(level));
  }
  link("/g", "g/through40");
  link("/loop/v", "loop");
  // A chain of links, of which libhdf5 follows sixteen.
  link("/g/v", "chain1");
  for (int i = 2; i <= 18; ++i) link("/chain" + std::to_string(i - 1), "chain" + std::to_string(i));
  for (const char* name : {"chain16", "chain17"}) {
    H5E_BEGIN_TRY {
      const hid_t opened = H5Dopen2(id, name, H5P_DEFAULT);
      EXPECT_EQ(opened >= 0, std::string(name) == "chain16") << name;
      if (opened >= 0) H5Dclose(opened);
    }
    H5E_END_TRY
  }
  H5Fclose(id);
  const FormatFile read = open(file).file;
  std::set<std::string> names;
  for (const FileVariable& variable : read.groups[0].variables) names.insert(variable.name);
  EXPECT_TRUE(names.contains("chain16"));
  EXPECT_FALSE(names.contains("chain17"));
  EXPECT_THAT(read.notes,
              ::testing::Contains(HasSubstr("loop is left out: a link to /loop/v, which "
                                            "leads through more than 16 links")));
}

}  // namespace
}  // namespace gridmill
