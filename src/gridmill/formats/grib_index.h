// grib_index.h: the fields of a GRIB file, sorted into hypercubes with the names that cfgrib gives.
//
// A cube is one parameter on one grid: fields that agree in the keys that cfgrib wants unique. Its
// axes are the header coordinates, in cfgrib's order: number, time, step, the level (named after
// typeOfLevel), wave direction and frequency. Coordinates with one value are scalars.
// Keys and their meaning: cfgrib 0.9.15, dataset.py.
//
// ecCodes is asked about a field or a few of each kind (grib_kind.h); of the others only headers
// are read. That the two agree is checked field by field until time, step and number have each been
// seen to change; where they don't agree, ecCodes is asked about every field of that kind.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/base/json.h"
#include "gridmill/formats/grib_message.h"
#include "gridmill/store/store.h"

namespace gridmill {

// The keys whose values place a field in its cube, in the order of the axes.
inline constexpr std::array kGribAxisKeys = {"number",          "time",           "step", "level",
                                             "directionNumber", "frequencyNumber"};

// Small: an archive has 10^5 of them. What fields of a cube share stands in the cube.
struct GribField {
  GribMessage message;
  int field = 0;                                     // within its message
  std::array<double, kGribAxisKeys.size()> place{};  // NaN: it has no such key
  std::string describe() const;                      // "message 3 at byte 6720"
};

struct GribAxis {
  std::string name;            // "isobaricInhPa"
  std::size_t key = 0;         // in kGribAxisKeys
  std::vector<double> values;  // sorted as cfgrib sorts them
  bool is_integer = false;     // number, time
  bool is_scalar() const noexcept { return values.size() == 1; }
};

struct GribCube {
  std::string name;                  // the variable's
  std::map<std::string, Json> keys;  // of the first field; null where it has none
  std::vector<GribField> fields;     // in file order
  std::vector<GribAxis> axes;        // scalars included
};

struct GribIndex {
  std::vector<GribCube> cubes;
  std::vector<GribGap> gaps;
};

// Throws Error(corrupt) for a damaged message and for two messages that claim the same place,
// unsupported for fields that are strewn over a cube many times their number.
GribIndex index_grib(const ValueReader& file);

// Whether the cube has all the keys that the indexer gives to one.
bool has_grib_keys(const GribCube& cube);
// The axes of a cube that has its keys, without their values.
std::vector<GribAxis> grib_axes(const GribCube& cube);
// pressures, which cfgrib sorts downwards
bool is_descending(const GribAxis& axis);
// Throws Error(unsupported): a cube may have holes, but its size must stay in proportion to the
// file.
void check_sparseness(const GribCube& cube);

// How many values the axes that are not scalar have, and where a field stands among them, counted
// in C order.
Shape header_shape(const GribCube& cube);
std::int64_t ordinal_of(const GribCube& cube, const GribField& field);

}  // namespace gridmill
