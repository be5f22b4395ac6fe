// region_target.h: where the variables of an input belong in an archive that is there already.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/growth_axis.h"
#include "gridmill/dataset/pack.h"
#include "gridmill/zarr/hierarchy.h"

namespace gridmill {

// One variable that is to be written.
struct RegionPart {
  Variable source;  // times in the archive's units
  ArrayMetadata metadata;
  Box box;                                   // in the archive's array
  std::optional<PackingCodes> packing = {};  // values become the archive's codes
  bool refuses_fill = false;  // the archive declares a _FillValue, and the source none
};

struct RegionTarget {
  std::vector<RegionPart> parts;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> region;  // by dimension, half-open
  std::vector<std::string> notes;
  std::vector<std::string> compared;  // coordinates and static variables: equal in both
};

// Every coordinate of `input` is looked for in `archive`; a dimension without one in both takes its
// place from `region` ("time=0:100" each), or must be as long as the archive's. `region` may not
// speak against coordinates. What has a dimension of times is written; of an archive without times,
// what has a dimension of which the input is a part; given `along`, what has that axis and nothing
// else. The rest, static fields, is compared with what the archive holds there. `arrays` are the
// archive's, by path.
//
// Values that the archive holds packed, and the input otherwise, become its codes; a note says so.
// Throws Error(corrupt) for other grids, types or units, Error(not_found) for a variable
// that the archive lacks, Error(invalid) for a region that is none.
RegionTarget region_target(const Dataset& input, const Dataset& archive,
                           const std::map<std::string, ArrayMetadata>& arrays,
                           const std::vector<std::string>& region, OutOfRange out_of_range,
                           const GrowthAxis* along = nullptr);

// What a user should know of values that become an archive's codes.
std::string packing_note(const Variable& variable, const PackingCodes& codes);

}  // namespace gridmill
