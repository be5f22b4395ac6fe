// table_request.h: what a table is to hold, asked for in JSON: by those who don't come from a
// command line.
#pragma once

#include "gridmill/base/json.h"
#include "gridmill/jobs/extract.h"

namespace gridmill {

// {"inputs": [...], "points": [...], ...}: the options of `extract`, under the names of their
// members. Lists of texts: inputs, sources, points, keep, variables, features, region, sel,
// segments, spread. Texts: along, duplicates, join, points_file, features_file, method, box, mask,
// mask_valid, mask_radius, schema, cache. Throws Error(invalid) for other words, naming what is
// near, and for values of another type.
ExtractOptions table_request(const Json& request);

}  // namespace gridmill
