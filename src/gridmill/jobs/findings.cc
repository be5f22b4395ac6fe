#include "gridmill/jobs/findings.h"

#include <algorithm>

namespace gridmill {

void Findings::add(Check check, const Problem& problem) {
  Json item{{"variable", problem.variable}, {"what", problem.what}};
  if (!problem.chunk.empty()) item["chunk"] = problem.chunk;
  if (!problem.region.empty()) item["region"] = problem.region;
  const std::lock_guard lock(mutex_);
  failed_.insert(check);
  problems_.push_back(std::move(item));
}

bool Findings::has(std::initializer_list<Check> checks) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(checks.begin(), checks.end(),
                     [&](Check check) { return failed_.contains(check); });
}

void Findings::prove(const std::string& claim) {
  const std::lock_guard lock(mutex_);
  proved_.push_back(claim);
}

void Findings::leave_open(const std::string& question) {
  const std::lock_guard lock(mutex_);
  unproved_.push_back(question);
}

Json Findings::report() const {
  const std::lock_guard lock(mutex_);
  Json sorted = problems_;  // found by many threads: put in an order that doesn't depend on them
  std::sort(sorted.begin(), sorted.end(),
            [](const Json& a, const Json& b) { return a.dump() < b.dump(); });
  return {{"ok", problems_.empty()},
          {"proved", proved_},
          {"unproved", unproved_},
          {"problems", sorted}};
}

}  // namespace gridmill
