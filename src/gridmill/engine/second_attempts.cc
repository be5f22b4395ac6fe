#include "gridmill/engine/second_attempts.h"

namespace gridmill {
namespace {

template <class T>
T median(std::vector<T>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

void Race::join() {
  const std::lock_guard lock(mutex_);
  ++under_way_;
}

bool Race::win() {
  const std::lock_guard lock(mutex_);
  --under_way_;
  return !std::exchange(is_decided_, true);
}

bool Race::lose(bool may_differ) {
  const std::lock_guard lock(mutex_);
  --under_way_;
  if (is_decided_ || (may_differ && under_way_ > 0)) return false;
  return is_decided_ = true;
}

bool Race::is_decided() const {
  const std::lock_guard lock(mutex_);
  return is_decided_;
}

void UsualTime::add(std::int64_t duration_ns, std::int64_t bytes) {
  samples_[count_++ % kKept] = {std::max<std::int64_t>(duration_ns, 1),
                                std::max<std::int64_t>(bytes, 1)};
}

std::int64_t UsualTime::of(std::int64_t bytes) const {
  if (count_ < kEnough) return 0;
  std::vector<std::int64_t> durations;
  std::vector<double> ns_per_byte;
  for (std::size_t i = 0; i < std::min(count_, kKept); ++i) {
    const auto [duration_ns, size] = samples_[i];
    durations.push_back(duration_ns);
    ns_per_byte.push_back(static_cast<double>(duration_ns) / static_cast<double>(size));
  }
  const double by_speed = median(ns_per_byte) * static_cast<double>(bytes);
  return std::max(median(durations), static_cast<std::int64_t>(by_speed));
}

}  // namespace gridmill
