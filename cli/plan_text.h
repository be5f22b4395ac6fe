// plan_text.h: plans, and what came of running them, for people.
#pragma once

#include <string>

#include "gridmill/base/json.h"

namespace gridmill::cli {

// Of explain_plan().
std::string plan_text(const Json& plan);
// Of exec_plan(): a whole plan, or a range of tasks.
std::string exec_text(const Json& report);

}  // namespace gridmill::cli
