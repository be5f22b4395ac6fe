#include "gridmill/field/synthetic_climate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gridmill {
namespace {

constexpr double kRadian = std::numbers::pi / 180;
constexpr double kWarmestDay = 196;  // the middle of July
constexpr double kWarmestHour = 14;

ClimateProfile profile(double mean, double season, double day, double spread) {
  return {static_cast<float>(mean), static_cast<float>(season), static_cast<float>(day),
          static_cast<float>(spread)};
}

double hundredths(double degrees) { return std::round(degrees * 100) / 100; }

}  // namespace

ClimateProfile climate_at(SyntheticKind kind, double latitude) {
  const double sine = std::sin(latitude * kRadian);
  switch (kind) {
    case SyntheticKind::temperature:
      return profile(300 - 45 * sine * sine, 12 * sine, 5 * std::cos(latitude * kRadian),
                     1.5 + 3.5 * sine * sine);
    case SyntheticKind::rain:  // most of it where the trade winds meet
      return profile(-0.8 + 0.6 * std::exp(-latitude * latitude / 100), 0, 0, 1);
    case SyntheticKind::zonal_wind:  // trades from the east, westerlies
      return profile(-5 * std::cos(3 * latitude * kRadian), 0, 0, 3 + 3 * sine * sine);
    default:
      return profile(0, 0, 0, 3 + 2 * sine * sine);
  }
}

ClimateProfile feature_profile(const CounterRandom& random, std::int64_t feature) {
  const auto at = static_cast<std::uint64_t>(2 * feature);
  return profile(100 * random.normal(at), 0, 0, std::exp2(4 * random.uniform(at + 1)));
}

ClimatePhase climate_phase(double hour, double days_in_year) {
  const double turn = 2 * std::numbers::pi;
  const double year = turn * (hour / 24 - kWarmestDay) / days_in_year;
  const double day = turn * (std::fmod(hour, 24) - kWarmestHour) / 24;
  return {static_cast<float>(std::cos(year)), static_cast<float>(std::cos(day)),
          static_cast<float>(-std::sin(day))};
}

StationPlace station_place(std::uint64_t seed, std::int64_t station) {
  const CounterRandom random(seed, "stations");
  const auto at = static_cast<std::uint64_t>(2 * station);
  const double latitude = std::asin(2 * random.uniform(at) - 1) / kRadian;
  // Below 360 after rounding, too.
  const double longitude = std::min(hundredths(360 * random.uniform(at + 1)), 359.99);
  return {hundredths(latitude), longitude};
}

NoiseWaves weather_waves(SyntheticKind kind, int rank, std::int64_t columns,
                         const CounterRandom& random) {
  if (kind == SyntheticKind::feature) return series_waves(random, {2, 1.0 / 8192, 0.5, 48, 4, 0});
  const double drift = 1.0 / 240;  // ten days
  if (rank == 2) return point_waves(random, {2, 2, 90, 64, 1, drift});
  // No waves that the grid can't hold.
  const int patterns = static_cast<int>(std::clamp<std::int64_t>(columns / 2 - 1, 2, 48));
  const double most = std::max(4.0, static_cast<double>(columns) / 2);
  return map_waves(random, {2, 2, most, patterns, 4, drift});
}

}  // namespace gridmill
