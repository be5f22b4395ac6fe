// Every real file opens; what it holds is compared with what xarray 2026.9 and cfgrib read from it:
//   d = xarray.open_dataset(file, decode_times=False); d.sizes; cftime.num2date(d.time.values[[0,
//   -1]], units, calendar)
// cftime refuses the year 0 of three Ferret climatologies; their first time, 366 hours after
// 0000-01-01, is 15.25 days. The Zarr metadata below are what xarray 2026.9 wrote (to_zarr,
// zarr_format 3 and 2) for the same variable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "doubles/real_data.h"
#include "doubles/temporary_directory.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/horizontal.h"
#include "gridmill/dataset/packing.h"
#include "memory_dataset.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;

struct Expected {
  const char* file;
  std::map<std::string, std::int64_t> sizes;
  const char* time;  // the coordinate, "" if there is none
  const char* first;
  const char* last;
};

const std::vector<Expected>& real_files() {
  static const std::vector<Expected> kFiles{
      {"A1B_north_america.nc",
       {{"time", 240}, {"latitude", 37}, {"longitude", 49}, {"bnds", 2}},
       "time",
       "1860-06-01T00:00:00",
       "2099-06-01T00:00:00"},
      {"CanESM2_1950-2100.nc",
       {{"time", 55115}, {"location", 3}},
       "time",
       "1950-01-01T00:00:00",
       "2100-12-31T00:00:00"},
      {"ahccd_1950-2013.nc",
       {{"time", 23360}, {"location", 3}},
       "time",
       "1950-01-01T00:00:00",
       "2013-12-31T00:00:00"},
      {"ecmwf_temperature_721x1440.nc",
       {{"time", 1}, {"level", 1}, {"latitude", 721}, {"longitude", 1440}},
       "time",
       "2023-01-10T23:00:00",
       "2023-01-10T23:00:00"},
      {"era5_cities_daily_1990-1993.nc",
       {{"location", 5}, {"time", 1461}},
       "time",
       "1990-01-01T00:00:00",
       "1993-12-31T00:00:00"},
      {"eraint_uvz.nc",
       {{"month", 2}, {"level", 3}, {"latitude", 241}, {"longitude", 480}},
       "",
       "",
       ""},
      {"hadgem2-cc_tasmax_360day_2095.nc",
       {{"time", 360}, {"ts", 3}, {"lon", 36}, {"lat", 36}},
       "time",
       "2095-01-01T00:00:00",
       "2095-12-30T00:00:00"},
      {"orca2_votemper.nc", {{"dim0", 148}, {"dim1", 180}, {"bnds", 2}, {"bnds_4", 4}}, "", "", ""},
      {"ostia_monthly.nc",
       {{"time", 54}, {"latitude", 18}, {"longitude", 432}, {"bnds", 2}},
       "time",
       "2006-04-16T00:00:00",
       "2010-09-16T00:00:00"},
      {"rotated_pole.nc", {{"grid_latitude", 22}, {"grid_longitude", 36}}, "", "", ""},
      {"tigge_pl_t_q_2024-08-02.nc",
       {{"time", 1}, {"latitude", 91}, {"longitude", 180}},
       "time",
       "2024-08-12T00:00:00",
       "2024-08-12T00:00:00"},
      {"era5-2mt-2019-03-uk.grib",
       {{"time", 744}, {"latitude", 33}, {"longitude", 49}},
       "time",
       "2019-03-01T00:00:00",
       "2019-03-31T23:00:00"},
      {"era5-levels-members.grib",
       {{"number", 10}, {"time", 4}, {"isobaricInhPa", 2}, {"latitude", 61}, {"longitude", 120}},
       "time",
       "2017-01-01T00:00:00",
       "2017-01-02T12:00:00"},
      {"fields_with_missing_values.grib",
       {{"time", 2}, {"latitude", 91}, {"longitude", 180}},
       "time",
       "2017-10-18T00:00:00",
       "2017-10-18T12:00:00"},
      {"lambert_grid.grib", {{"y", 475}, {"x", 475}}, "", "", ""},
      {"reduced_gg.grib", {{"values", 13280}}, "", "", ""},
      {"regular_gg_ml_g2.grib", {{"hybrid", 3}, {"latitude", 160}, {"longitude", 320}}, "", "", ""},
  };
  return kFiles;
}

const std::vector<Expected>& ferret_files() {
  static const std::vector<Expected> kFiles{
      {"coads_climatology.cdf",
       {{"TIME", 12}, {"COADSY", 90}, {"COADSX", 180}},
       "TIME",
       "0000-01-16T06:00:00",
       "0000-12-16T01:20:06"},
      {"esku_heat_budget.cdf",
       {{"TIME", 12}, {"ESKUY", 46}, {"ESKUX", 72}, {"ESKUYedges", 47}},
       "TIME",
       "0000-01-16T06:00:00",
       "0000-12-16T01:20:06"},
      {"etopo120.cdf", {{"ETOPO120Y", 90}, {"ETOPO120X", 180}}, "", "", ""},
      {"levitus_climatology.cdf",
       {{"ZAXLEVITR", 20}, {"YAXLEVITR", 180}, {"XAXLEVITR", 360}, {"ZAXLEVITRedges", 21}},
       "",
       "",
       ""},
      {"monthly_navy_winds.cdf",
       {{"TIME", 132}, {"FNOCY", 73}, {"FNOCX", 144}},
       "TIME",
       "1982-01-16T20:00:00",
       "1992-12-17T03:30:00"},
      {"ocean_atlas_subset.nc",
       {{"TIME", 12}, {"ZAXLEVIT19", 19}, {"YAX_SUBSET", 90}, {"XAX_SUBSET", 180}},
       "TIME",
       "0000-01-16T06:00:00",
       "0000-12-16T01:20:06"},
  };
  return kFiles;
}

void expect_file(const std::string& folder, const Expected& expected) {
  SCOPED_TRACE(expected.file);
  const auto files = posix_files();
  const Dataset dataset = open_dataset(*files, parse_location(folder + "/" + expected.file));
  std::map<std::string, std::int64_t> sizes;
  for (const Dimension& dimension : dataset.groups[0].dimensions)
    sizes[dimension.name] = dimension.size;
  EXPECT_EQ(sizes, expected.sizes);
  EXPECT_THAT(coordinate_problems(dataset), ::testing::IsEmpty());
  if (*expected.time == '\0') return;
  const Variable& time = dataset.at(expected.time);
  const Array values = read_array(time);
  EXPECT_EQ(coordinate_text(time, values, 0), expected.first);
  EXPECT_EQ(coordinate_text(time, values, values.size() - 1), expected.last);
}

bool may_skip() {
  const char* without = std::getenv("GRIDMILL_NO_REAL_DATA");
  return without != nullptr && std::string_view(without) == "1";
}

TEST(OpenDataset, RealFilesAsXarrayReadsThem) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  for (const Expected& expected : real_files()) expect_file(folder, expected);
}

TEST(OpenDataset, FerretClimatologies) {
  const std::string folder = "/usr/share/ferret-vis/data";
  const auto files = posix_files();
  if (!files->status(folder)) {
    if (may_skip()) GTEST_SKIP() << "no ferret-datasets";
    FAIL() << "the package ferret-datasets is missing";
  }
  for (const Expected& expected : ferret_files()) expect_file(folder, expected);
}

TEST(OpenDataset, PointsOnRealGrids) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  const auto files = posix_files();
  const auto nearest = [&](const std::string& file, const std::string& variable, double latitude,
                           double longitude) {
    const Dataset dataset = open_dataset(*files, parse_location(folder + "/" + file));
    return HorizontalGrid(dataset, dataset.at(variable)).nearest(latitude, longitude);
  };
  // Greenwich on the UK box: d.t2m.sel(latitude=51.48, longitude=0, method="nearest").
  const PointLocation greenwich = nearest("era5-2mt-2019-03-uk.grib", "t2m", 51.48, 0.0);
  EXPECT_EQ(greenwich.latitude_deg, 51.5);
  EXPECT_EQ(greenwich.longitude_deg, 0);
  // Within half the diagonal of a cell of 2 degrees, wherever on the tripolar grid.
  EXPECT_LT(nearest("orca2_votemper.nc", "votemper", 45, -30).distance_m, 160e3);
  EXPECT_LT(nearest("orca2_votemper.nc", "votemper", 85, 100).distance_m, 160e3);
  EXPECT_LT(nearest("lambert_grid.grib", "p3112", 52, 5).distance_m, 2.5e3);
  EXPECT_LT(nearest("reduced_gg.grib", "u10", -33.9, 151.2).distance_m, 100e3);
  EXPECT_THROW(nearest("lambert_grid.grib", "p3112", 40, 5), Error);
  EXPECT_THROW(nearest("rotated_pole.nc", "air_pressure_at_sea_level", 50, 0), Error);
}

TEST(OpenDataset, DamagedGribIsAnError) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  const auto files = posix_files();
  ErrorKind kind{};
  const std::string message = testing::message_of(
      [&] { open_dataset(*files, parse_location(folder + "/era5-levels-corrupted.grib")); }, kind);
  EXPECT_EQ(kind, ErrorKind::corrupt) << message;
}

class OpenZarr : public ::testing::Test {
 protected:
  void put(const std::string& key, std::string_view text) {
    const auto store = open_store(*files_, parse_location(path_));
    store->put(Key(key), as_bytes(text));
  }
  Dataset open(const std::string& node = "") {
    return open_dataset(*files_, parse_location(path_ + (node.empty() ? "" : "#/" + node)));
  }

  std::unique_ptr<Files> files_ = posix_files();
  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/x.zarr";
};

constexpr std::string_view kArrayV3 = R"({"shape": [2, 2], "data_type": "float32",
  "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 2]}},
  "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "fill_value": "NaN",
  "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
  "attributes": {"units": "K", "_FillValue": "AAAAAAA4j8A="}, "dimension_names": ["time", "x"],
  "zarr_format": 3, "node_type": "array", "storage_transformers": []})";
constexpr std::string_view kArrayV2 = R"({"shape": [2, 2], "chunks": [2, 2], "dtype": "<f4",
  "fill_value": -999.0, "order": "C", "filters": null, "dimension_separator": ".", "compressor": null,
  "zarr_format": 2})";
// 1, -999, 3, 4 as little-endian float32.
constexpr std::string_view kChunk{
    "\x00\x00\x80\x3f\x00\xc0\x79\xc4\x00\x00\x40\x40\x00\x00\x80\x40", 16};

void expect_same_variable(const Dataset& dataset) {
  const Variable& t = dataset.at("t");
  EXPECT_EQ(t.dimensions, (std::vector<std::string>{"time", "x"}));
  EXPECT_EQ(t.attributes.text("units"), "K");
  EXPECT_EQ(t.attributes.size(), 2u);  // _ARRAY_DIMENSIONS is hidden
  ASSERT_NE(t.attributes.find("_FillValue"), nullptr);
  EXPECT_EQ(t.attributes.find("_FillValue")->as_double(), -999);
  EXPECT_EQ(t.attributes.find("_FillValue")->type(), types::float32);
  EXPECT_THAT(to_doubles(read_array(t).view()), ::testing::ElementsAre(1, -999, 3, 4));
  Array unpacked(types::float32, {2, 2});
  unpack(packing_of(t), read_array(t).view(), unpacked.view());
  EXPECT_TRUE(std::isnan(unpacked.values<float>()[1]));
  EXPECT_EQ(dataset.groups[0].dimensions.size(), 2u);
}

TEST_F(OpenZarr, Version3) {
  put("zarr.json", R"({"zarr_format": 3, "node_type": "group", "attributes": {"title": "a"}})");
  put("t/zarr.json", kArrayV3);
  put("t/c/0/0", kChunk);
  const Dataset dataset = open();
  EXPECT_EQ(dataset.format, "Zarr v3");
  EXPECT_EQ(dataset.groups[0].attributes.text("title"), "a");
  expect_same_variable(dataset);
  expect_same_variable(open("t"));
  EXPECT_THROW(open("u"), Error);
}

TEST_F(OpenZarr, Version2) {
  put(".zgroup", R"({"zarr_format": 2})");
  put("t/.zarray", kArrayV2);
  put("t/.zattrs", R"({"units": "K", "_ARRAY_DIMENSIONS": ["time", "x"]})");
  put("t/0.0", kChunk);
  const Dataset dataset = open();
  EXPECT_EQ(dataset.format, "Zarr v2");
  expect_same_variable(dataset);
}

TEST_F(OpenZarr, UnnamedDimensionsAndAbsentChunks) {
  put(".zgroup", R"({"zarr_format": 2})");
  put("a/b/.zarray", kArrayV2);
  put("a/.zgroup", R"({"zarr_format": 2})");
  const Dataset dataset = open();
  const Variable& b = dataset.at("a/b");
  EXPECT_EQ(b.dimensions, (std::vector<std::string>{"dim_0", "dim_1"}));
  EXPECT_THAT(to_doubles(read_array(b).view()), ::testing::Each(-999));
}

TEST(OpenDataset, WhatIsNoDataset) {
  const auto files = posix_files();
  const TemporaryDirectory directory;
  const auto text = files->create(directory / "notes.nc");
  text->append(as_bytes("this is no netCDF, whatever its name says"));
  text->close();
  ErrorKind kind{};
  testing::message_of([&] { open_dataset(*files, parse_location(directory / "notes.nc")); }, kind);
  EXPECT_EQ(kind, ErrorKind::unsupported);
  testing::message_of([&] { open_dataset(*files, parse_location("/no/such/file.nc")); }, kind);
  EXPECT_EQ(kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace gridmill
