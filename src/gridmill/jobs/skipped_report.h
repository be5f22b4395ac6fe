// skipped_report.h: what is said of the chunks that a run has left out (engine/skipped_leaves.h):
// in its report and record, in words, and in the output itself.
#pragma once

#include <string>

#include "gridmill/array/attribute.h"
#include "gridmill/base/json.h"
#include "gridmill/engine/skipped_leaves.h"

namespace gridmill {

// {"skipped_chunks": how many, "skipped": [{"variable", "region", "chunk", "why", "file"}]}
Json skipped_report(const SkippedLeaves& skipped);

// "2 corrupt chunks of the inputs were skipped: their values are missing in OUT"; "" for none.
std::string skipped_warning(const SkippedLeaves& skipped, const std::string& output);

// Of a report or a record that has what skipped_report() says: a line, and one for each of the
// first chunks. "" where it has not.
std::string skipped_text(const Json& report);

// What an output says of itself, under kSkippedAttribute. Nothing of where the inputs lay.
inline constexpr const char* kSkippedAttribute = "gridmill_skipped_chunks";
Attributes skipped_attributes(const SkippedLeaves& skipped);  // empty for none

}  // namespace gridmill
