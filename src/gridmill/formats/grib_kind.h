// grib_kind.h: tells fields apart by the bytes of their headers, so that ecCodes, which takes a
// third of a millisecond for a message, is asked once for all that are alike.
//
// Fields of one *kind* have the same bytes in every section that can decide about names, units,
// levels, grid and coordinates; they differ in reference time, step and ensemble number (and in
// their values and packing), at places that are known for their product template. What is not at a
// known place, or has no plain meaning there (a step in months, a day that does not exist), counts
// as part of the kind. No ecCodes here.
//
// Templates: WMO Manual on Codes 306, FM 92 GRIB, section 1 of edition 1, templates 4.n of edition
// 2; the ensemble number of edition 1 is ECMWF's local definition 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gridmill/formats/grib_sections.h"

namespace gridmill {

// None: it is part of the kind.
struct GribVarying {
  std::optional<std::int64_t> time;    // reference time, seconds since 1970
  std::optional<std::int64_t> step;    // of `steps_per_hour`; its end, or what its end follows
  std::optional<std::int64_t> number;  // of the ensemble's member
  int steps_per_hour = 1;
};

// What a field has of its own; `kind` becomes what it shares. `sections`: as GribHeaders gives
// them.
GribVarying split_grib_header(const GribSections& sections, std::string& kind);

}  // namespace gridmill
