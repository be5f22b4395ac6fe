#include "gridmill/engine/dealer.h"

#include <algorithm>

namespace gridmill {
namespace {

std::int64_t count(const std::deque<std::pair<std::int64_t, std::int64_t>>& ranges) {
  std::int64_t tasks = 0;
  for (const auto& [first, last] : ranges) tasks += last - first;
  return tasks;
}

}  // namespace

Dealer::Dealer(const std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>>& left,
               int workers)
    : workers_(std::max(1, workers)) {
  for (const auto& ranges : left) left_.emplace_back(ranges.begin(), ranges.end());
  if (!left_.empty()) tasks_left_ = count(left_[0]);
}

Dealer::Answer Dealer::next(int worker) {
  busy_.erase(worker);
  if (has_failed_) return {true, std::nullopt};
  while (stage_ < left_.size() && left_[stage_].empty()) {
    if (!busy_.empty()) return {};
    if (!open_next_stage()) break;
  }
  if (stage_ >= left_.size()) return {true, std::nullopt};
  // A quarter of an equal share: at the end nobody has much more to do than the others.
  const std::int64_t share = std::max<std::int64_t>(1, tasks_left_ / (4 * workers_));
  auto& [first, last] = left_[stage_].front();
  const TaskRange range{static_cast<std::int64_t>(stage_), first, std::min(last, first + share)};
  first = range.last;
  if (first == last) left_[stage_].pop_front();
  tasks_left_ -= range.last - range.first;
  busy_.insert(worker);
  return {false, range};
}

void Dealer::give_up(int worker) {
  busy_.erase(worker);
  has_failed_ = true;
}

bool Dealer::open_next_stage() {
  ++stage_;
  if (stage_ >= left_.size()) return false;
  tasks_left_ = count(left_[stage_]);
  return true;
}

}  // namespace gridmill
