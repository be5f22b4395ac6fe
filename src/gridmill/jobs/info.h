// info.h: `gridmill info LOC`: what is inside, without reading values.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct InfoOptions {
  std::string location;
  GribIndexUse grib_index = GribIndexUse::read;
};

// {"location", "format", "groups":[{path, dimensions, attributes}], "variables":[{path, type,
// dimensions, shape, chunks, shards, codecs|encoding, units, is_coordinate, range of coordinates,
// stored_bytes, logical_bytes, ratio, chunks_present, chunks_total, blosc:{codec,
// block_size,...}}], "stored_bytes", "logical_bytes", "ratio", "notes"}.
Json info(const InfoOptions& options, const Workplace& workplace);
// The same for people: an indented outline that fits 100 columns.
std::string info_text(const Json& report);

}  // namespace gridmill
