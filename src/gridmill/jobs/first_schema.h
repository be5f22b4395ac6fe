// first_schema.h: `gridmill schema IN...`: a schema that the data meet, to begin with.
//
// Dimensions have their sizes, but for those that grow (unlimited, or along a coordinate of times),
// which have at least one element. Variables have type, dimensions, units, standard_name and
// calendar; coordinates the order that they are in, or that they are unique. With `values` fields
// have a range and a NaN share, too, both a little wider than what was found.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/schema.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct FirstSchemaOptions {
  std::vector<std::string> inputs;  // several are joined, as by convert
  std::string output;               // file; "": none is written
  bool values = false;              // read all values
  bool overwrite = false;
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
};

// {"inputs", "output", "yaml": the schema, "dimensions", "variables": their numbers, "rules",
// "left_out": [{"variable", "why"}], "bytes_read", "notes"}. The file appears in one step. Throws
// gridmill::Error, Error(conflict) for an output that exists before any work.
Json first_schema(const FirstSchemaOptions& options, const Workplace& workplace);

// A range around [least, greatest] that is wider by about a tenth, has short ends and stays on one
// side of 0 if those are. Infinite ends stay.
Bounds widened(const Bounds& found);

}  // namespace gridmill
