// verify.h: `gridmill verify STORE [--against SOURCE...]`: is it whole, and is it the source?
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct VerifyOptions {
  std::string store;
  std::vector<std::string> against;
  std::vector<std::string> variables;  // names or globs, of both sides; empty: all
  std::vector<std::string> drop;       // of the source, when some were left out on purpose
  // What became of values that a packed store has no code for: "mask", "clamp".
  std::string out_of_range = "mask";
  GribIndexUse grib_index = GribIndexUse::read;
  Resources resources = default_resources();
};

// {"store", "ok": bool, "proved":[...], "unproved":[...], "problems":[{variable, chunk, region,
// what}], "variables", "variables_total", "chunks", "bytes_decoded", ...}. All problems are found,
// not only the first; what is proved says of which variables. Throws only if it can't look.
Json verify(const VerifyOptions& options, const Workplace& workplace);
std::string verify_text(const Json& report);

}  // namespace gridmill
