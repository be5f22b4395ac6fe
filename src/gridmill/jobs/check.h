// check.h: `gridmill check IN... --schema FILE`: are the data what a schema asks for?
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct CheckOptions {
  std::vector<std::string> inputs;  // several are joined, as by convert
  std::string schema;               // file
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
};

// {"inputs", "schema", "ok": bool, "violations": [{"variable" or "dimension", "rule", "wanted",
// "found", "where", "count"}], "checked": {"rules", "variables", "dimensions", "values", of which
// variables: "values_of"}, "bytes_read": of the chunks whose values were looked at, "seconds",
// "peak_memory", "notes"}. All violations are found, not only the first: of metadata and
// coordinates in the schema's order, then those of values. A chunk that is damaged ends the pass
// over the values; it is a violation, too. Throws only if it can't look; Error(invalid) for a
// schema that is none.
Json check(const CheckOptions& options, const Workplace& workplace);
std::string check_text(const Json& report);

}  // namespace gridmill
