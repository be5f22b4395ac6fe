// small_inputs.h: one small input of each kind that convert reads, written by its own library.
#pragma once

#include <eccodes.h>
#include <gtest/gtest.h>
#include <netcdf.h>

#include <cstring>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/formats/netcdf_library.h"
#include "gridmill/system/files.h"
#include "jobs/small_store.h"

namespace gridmill {

enum class Input { zarr, classic, hdf5, grib };

inline std::string_view name_of(Input input) {
  return input == Input::zarr      ? "zarr"
         : input == Input::classic ? "classic"
         : input == Input::hdf5    ? "hdf5"
                                   : "grib";
}
inline std::ostream& operator<<(std::ostream& out, Input input) { return out << name_of(input); }

// A coordinate and a field of 6 x 8, which has chunks of 2 x 4 where netCDF-4 allows them.
inline void make_small_netcdf(const std::string& path, bool is_hdf5) {
  const NetcdfSession session;
  const auto ok = [&](int status) { session.check(status, "a small input"); };
  int file = -1, time_dimension = -1, x = -1, time = -1, field = -1;
  ok(nc_create(path.c_str(), NC_CLOBBER | (is_hdf5 ? NC_NETCDF4 : NC_64BIT_OFFSET), &file));
  ok(nc_def_dim(file, "time", NC_UNLIMITED, &time_dimension));
  ok(nc_def_dim(file, "x", 8, &x));
  const int dimensions[] = {time_dimension, x};
  ok(nc_def_var(file, "time", NC_DOUBLE, 1, dimensions, &time));
  ok(nc_def_var(file, "t2m", NC_FLOAT, 2, dimensions, &field));
  if (is_hdf5) {
    const std::size_t chunk[] = {2, 4};
    ok(nc_def_var_chunking(file, field, NC_CHUNKED, chunk));
    ok(nc_def_var_deflate(file, field, 1, 1, 1));
  }
  ok(nc_enddef(file));
  std::vector<float> values(48);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 250.0F + static_cast<float>(i);
  const double times[] = {0, 1, 2, 3, 4, 5};
  const std::size_t start[] = {0, 0}, count[] = {6, 8};
  ok(nc_put_vara_double(file, time, start, count, times));
  ok(nc_put_vara_float(file, field, start, count, values.data()));
  ok(nc_close(file));
}

// Three messages of 4 x 3 points, a level each.
inline void make_small_grib(Files& files, const std::string& path) {
  codes_handle* handle = codes_grib_handle_new_from_samples(nullptr, "GRIB2");
  ASSERT_NE(handle, nullptr);
  const auto text = [&](const char* key, const char* value) {
    std::size_t length = std::strlen(value);
    ASSERT_EQ(codes_set_string(handle, key, value, &length), 0) << key;
  };
  const auto number = [&](const char* key, double value) {
    ASSERT_EQ(codes_set_double(handle, key, value), 0) << key;
  };
  number("Ni", 4);
  number("Nj", 3);
  number("latitudeOfFirstGridPointInDegrees", 20);
  number("latitudeOfLastGridPointInDegrees", 0);
  number("longitudeOfFirstGridPointInDegrees", 0);
  number("longitudeOfLastGridPointInDegrees", 30);
  number("iDirectionIncrementInDegrees", 10);
  number("jDirectionIncrementInDegrees", 10);
  text("shortName", "t");
  text("typeOfLevel", "isobaricInhPa");
  const auto file = files.create(path);
  for (const long level : {1000L, 850L, 500L}) {
    ASSERT_EQ(codes_set_long(handle, "level", level), 0);
    std::vector<double> values(12);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<double>(level) + static_cast<double>(i * i);
    }
    ASSERT_EQ(codes_set_double_array(handle, "values", values.data(), values.size()), 0);
    const void* message = nullptr;
    std::size_t length = 0;
    ASSERT_EQ(codes_get_message(handle, &message, &length), 0);
    file->append({static_cast<const std::byte*>(message), length});
  }
  file->close();
  codes_handle_delete(handle);
}

inline void make_small_input(Input input, Files& files, const std::string& path) {
  if (input == Input::zarr) return make_small_store(files, path, 0.5F, "t2m");
  if (input == Input::grib) return make_small_grib(files, path);
  make_small_netcdf(path, input == Input::hdf5);
}

}  // namespace gridmill
