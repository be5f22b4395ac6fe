// synthetic_climate.h: what the weather of synthetic fields varies about: figures that look like
// the Earth's, by latitude, season and hour, in closed form.
#pragma once

#include <cstdint>

#include "gridmill/field/synthetic_field.h"
#include "gridmill/kernels/correlated_noise.h"

namespace gridmill {

// At one latitude, or of one feature; in the variable's units.
struct ClimateProfile {
  float mean = 0;
  float season = 0;  // amplitude, at its greatest in the middle of July; < 0: of January
  float day = 0;     // amplitude, at its greatest at 14 h local time
  float spread = 1;  // standard deviation of the noise
};

ClimateProfile climate_at(SyntheticKind kind, double latitude);
// Of number `feature`, at random.
ClimateProfile feature_profile(const CounterRandom& random, std::int64_t feature);

// The factors of `season`, and of `day` at longitude 0 and 90 (cos(hour + longitude) has both).
struct ClimatePhase {
  float season = 0;
  float day_cosine = 0;
  float day_sine = 0;  // of the longitude; negative as in cos(a + b)
};
ClimatePhase climate_phase(double hour, double days_in_year);

struct StationPlace {
  double latitude = 0;
  double longitude = 0;  // 0 to 360
};
// Even on the sphere, to a hundredth of a degree.
StationPlace station_place(std::uint64_t seed, std::int64_t station);

// The noise of a field of this kind and rank, whose last dimension has `columns` elements.
NoiseWaves weather_waves(SyntheticKind kind, int rank, std::int64_t columns,
                         const CounterRandom& random);

}  // namespace gridmill
