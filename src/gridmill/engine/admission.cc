#include "gridmill/engine/admission.h"

#include <algorithm>

namespace gridmill {
namespace {

std::int64_t counted_leaves(const Admission::Share& task) {
  return std::max<std::int64_t>(task.leaves, 1);
}

}  // namespace

Admission::Admission(const AdmissionPolicy& policy, std::int64_t lanes)
    : policy_(policy), enough_leaves_(policy.leaves_per_lane * lanes) {}

bool Admission::is_wanted(std::int64_t bytes) const noexcept {
  return tasks_ < std::max(policy_.tasks, 1) || leaves_ < enough_leaves_ ||
         bytes <= policy_.bytes - bytes_;
}

bool Admission::wait(std::int64_t bytes, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return ended_.wait(lock, stop, [&] { return is_wanted(bytes); });
}

void Admission::begin(const Share& task) {
  const std::lock_guard lock(mutex_);
  tasks_ += 1;
  leaves_ += counted_leaves(task);
  bytes_ += task.bytes;
}

void Admission::end(const Share& task) noexcept {
  {
    const std::lock_guard lock(mutex_);
    tasks_ -= 1;
    leaves_ -= counted_leaves(task);
    bytes_ -= task.bytes;
  }
  ended_.notify_all();
}

}  // namespace gridmill
