// advice_file.h: what analyze() advises, as a config file that convert, rechunk and template take.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/store/location.h"

namespace gridmill {

// YAML: chunks and codec of every variable of analyze()'s report, for its access_pattern. `codec`
// instead of those advised, if it isn't empty. Throws Error(invalid) if the report is that of a dry
// run, which knows no codecs, and none is given; and for a codec that a variable can't have.
std::string advice_yaml(const Json& report, const std::string& codec = "");

// In one step. Call check_output_file() (output_file.h) before any work.
void save_advice(const std::string& yaml, const std::string& path, Files& files);

}  // namespace gridmill
