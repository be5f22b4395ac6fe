#include "gridmill/jobs/working_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace gridmill {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kMost = std::int64_t{1} << 45;

using Plan = std::function<void(std::int64_t)>;

// As the command line takes it, and no longer the number that was tried otherwise.
std::int64_t whole_mib(std::int64_t bytes) { return (bytes + kMiB - 1) / kMiB * kMiB; }

bool works(const Plan& plan, std::int64_t memory) {
  try {
    plan(memory);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::invalid) throw;
    return false;
  }
}

std::optional<std::int64_t> working_budget(std::int64_t too_little, const Plan& plan) {
  std::int64_t low = std::max(too_little, kMiB);
  std::int64_t high = whole_mib(2 * low);
  while (!works(plan, high)) {
    if (high > kMost) return std::nullopt;
    low = high;
    high = 2 * low;
  }
  for (std::int64_t memory = whole_mib(low + low / 8); memory < high;
       memory = whole_mib(memory + low / 8)) {
    if (works(plan, memory)) return memory;
  }
  return high;
}

}  // namespace

Error with_working_budget(const Error& refusal, std::int64_t too_little, const Plan& plan) {
  const auto budget = working_budget(too_little, plan);
  if (!budget) return refusal;
  Error told(refusal.kind(),
             fmt::format("{}; --memory {}M works", refusal.message(), *budget / kMiB));
  for (const std::string& context : refusal.contexts()) told.add_context(context);
  return told;
}

}  // namespace gridmill
