// working_budget.h: which budget would do, for a job that doesn't fit into its memory.
//
// A larger budget isn't only more room: units and boxes grow with it, shards that were put together
// are encoded at once, stages come and go. So it isn't computed from what a plan lacks. Whole plans
// are made with larger budgets, and the one that is named is one that was tried.
#pragma once

#include <cstdint>
#include <functional>

#include "gridmill/base/error.h"

namespace gridmill {

// `refusal`, which ends in "; --memory 81M works" if there is a larger budget with which `plan`
// throws nothing: of those that are tried (each twice the one before, then, below the first that
// works, steps of an eighth) the smallest. What `plan` throws but Error(invalid) is passed on.
Error with_working_budget(const Error& refusal, std::int64_t too_little,
                          const std::function<void(std::int64_t memory)>& plan);

// plan(memory): all that a job decides by its memory, up to and with the check that it fits, and
// nothing that can be refused for another reason: Error(invalid) says that the memory is too
// little, and then gains a budget that works.
template <class Plan>
auto plan_within(std::int64_t memory, const Plan& plan) {
  try {
    return plan(memory);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) throw;
    throw with_working_budget(error, memory, [&](std::int64_t more) { (void)plan(more); });
  }
}

}  // namespace gridmill
