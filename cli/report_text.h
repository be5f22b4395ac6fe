// report_text.h: the reports of convert, template, write-region, append, synth and extract in plain
// words, for people. (info and verify bring their own with the job.) A figure that a report lacks
// is left out.
#pragma once

#include <string>

#include "gridmill/base/json.h"

namespace gridmill::cli {

std::string convert_text(const Json& report, bool dry_run);
std::string template_text(const Json& report, bool dry_run);
std::string region_text(const Json& report, bool dry_run);
std::string append_text(const Json& report, bool dry_run);
std::string synth_text(const Json& report, bool dry_run);
std::string extract_text(const Json& report, bool dry_run);

}  // namespace gridmill::cli
