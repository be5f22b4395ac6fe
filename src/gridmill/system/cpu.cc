#include "gridmill/system/cpu.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

namespace gridmill {
namespace {

int affinity_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// cgroup v2: "max 100000" or "150000 100000" (quota and period in microseconds).
int quota_cores(int otherwise) {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return otherwise;
  return std::max(1, static_cast<int>(std::lround(quota / period)));
}

int slurm_cores(int otherwise) {
  const char* text = std::getenv("SLURM_CPUS_PER_TASK");
  const int granted = text == nullptr ? 0 : std::atoi(text);
  return granted > 0 ? granted : otherwise;
}

}  // namespace

int usable_cores() {
  const int cores = std::max(1, affinity_cores());
  return std::min({cores, quota_cores(cores), slurm_cores(cores)});
}

}  // namespace gridmill
