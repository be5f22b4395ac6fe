#include "gridmill/system/cpu.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "gridmill/system/cgroup.h"

namespace gridmill {
namespace {

int slurm_cores(int otherwise) {
  const char* text = std::getenv("SLURM_CPUS_PER_TASK");
  const int granted = text == nullptr ? 0 : std::atoi(text);
  return granted > 0 ? granted : otherwise;
}

}  // namespace

CoreSet bound_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CoreSet cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores.set(0);
  for (std::size_t core = 0; core < cores.size(); ++core) {
    if (CPU_ISSET(core, &set)) cores.set(core);
  }
  return cores;
}

int share_of_cores(std::span<const CoreSet> sets, std::size_t own, double quota) {
  double share = 0;
  for (std::size_t core = 0; core < sets[own].size(); ++core) {
    if (!sets[own].test(core)) continue;
    share += 1.0 / static_cast<double>(std::count_if(
                       sets.begin(), sets.end(), [&](const auto& set) { return set.test(core); }));
  }
  // Whole threads of the cores (thirds of three are one), the nearest of a quota.
  const auto whole = static_cast<int>(share + 1e-6);
  const auto granted = static_cast<int>(std::lround(quota / static_cast<double>(sets.size())));
  return std::max(1, std::min(whole, granted));
}

int share_of_cores(std::span<const CoreSet> sets, std::size_t own) {
  const double quota = own_cgroup_limits().cores.value_or(1e6);
  const int share = share_of_cores(sets, own, quota);
  return std::min(share, slurm_cores(share));
}

int usable_cores() {
  const CoreSet cores = bound_cores();
  return share_of_cores(std::span(&cores, 1), 0);
}

}  // namespace gridmill
