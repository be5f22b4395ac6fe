// synthetic_field.h: fields that are computed from a seed alone: weather that never was.
//
// They have no inputs, so that a task that writes them reads nothing. A value depends on the seed,
// the variable's name and the coordinates of the element, and on no cut: chunks, tasks and threads
// don't show. The first dimension counts by Ordinals: what stands twice has the same values twice.
//
// Of a map and at stations, at latitude `lat`, longitude `lon`, ordinal `hour`:
//   temperature (K)      mean(lat) + season(lat) cos(year - July) + day(lat) cos(local time - 14 h)
//                        + spread(lat) noise, where the hemispheres have opposite summers
//   rain (kg m-2)        2 max(0, mean(lat) + noise)^2: exact zeros in most places
//   winds (m s-1)        mean(lat) + spread(lat) noise; the mean of the meridional one is 0
//   feature (1)          series along the second dimension, a place for each of the third: offset
//                        and spread of each, random walks beside each other
// Noise: kernels/correlated_noise.h, and white noise of a few quanta. Values are rounded to
// `quantum`, as archives are. field/synthetic_climate.h has the figures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/field/field.h"
#include "gridmill/field/ordinals.h"

namespace gridmill {

enum class SyntheticKind {
  temperature,      // float32, (time, lat, lon) or (time, station)
  rain,             // likewise
  zonal_wind,       // likewise
  meridional_wind,  // likewise
  feature,          // float32, (file_id, sample, feature)
  steps,            // one dimension: first + step * ordinal
  latitude,         // one dimension: of a station, float64
  longitude,        // likewise
  name,             // likewise, string: "S00042"
};

std::string_view to_string(SyntheticKind kind) noexcept;

struct SyntheticRecipe {
  SyntheticKind kind = SyntheticKind::steps;
  std::string variable;  // with the seed, decides about the random numbers
  std::uint64_t seed = 0;
  DataType type = types::float32;
  std::vector<std::string> dimensions;
  Shape shape;
  Ordinals ordinals;          // along the first dimension
  double first = 0;           // of steps; of a map: its first latitude
  double step = 1;            // of steps; of a map: degrees between latitudes
  double days_in_year = 365;  // of the calendar
  double quantum = 0;         // 0: not rounded
  double outages = 0;         // share of a station's two days in which it is silent: NaN
  // Planted, in positions: NaN; and noise below the quantum, which no codec gets rid of.
  std::vector<Box> missing = {};
  std::vector<Box> rough = {};
};

// Throws Error(corrupt) for a rank or type that the kind can't have.
FieldPtr synthetic_field(SyntheticRecipe recipe);

// What synthetic_field(...)->to_json() gave. Throws Error(corrupt).
SyntheticRecipe synthetic_recipe_from_json(const Json& node, std::string_view where);

}  // namespace gridmill
