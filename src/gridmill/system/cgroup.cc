#include "gridmill/system/cgroup.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include "gridmill/base/text.h"

namespace gridmill {
namespace {

template <class T>
void lower(std::optional<T>& limit, T value) {
  if (value > 0) limit = std::min(limit.value_or(value), value);
}

// "max", for no limit, is no number, and a limit of 0 or less is none.
void lower_memory(const std::string& file, CgroupLimits& limits) {
  std::ifstream in(file);
  std::int64_t bytes = 0;
  if (in >> bytes) lower(limits.memory, bytes);
}

void lower_cores(double quota, double period, CgroupLimits& limits) {
  if (quota > 0 && period > 0) lower(limits.cores, quota / period);
}

void look_at_v2(const std::string& group, CgroupLimits& limits) {
  lower_memory(group + "/memory.max", limits);
  lower_memory(group + "/memory.high", limits);
  std::ifstream in(group + "/cpu.max");  // "150000 100000": microseconds
  double quota = 0, period = 0;
  if (in >> quota >> period) lower_cores(quota, period, limits);
}

void look_at_v1_memory(const std::string& group, CgroupLimits& limits) {
  lower_memory(group + "/memory.limit_in_bytes", limits);
}

void look_at_v1_cpu(const std::string& group, CgroupLimits& limits) {
  std::ifstream quota_in(group + "/cpu.cfs_quota_us"), period_in(group + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (quota_in >> quota && period_in >> period) lower_cores(quota, period, limits);
}

// The group `path` below `root`, and all around it.
void for_each_group(const std::string& root, std::string path,
                    const std::function<void(const std::string&)>& look) {
  while (path.size() > 1) {
    look(root + path);
    path.resize(path.rfind('/'));
  }
  look(root);
}

}  // namespace

// A line is "0::/user.slice/job" (version 2) or "4:cpu,cpuacct:/job" (version 1).
CgroupLimits cgroup_limits(std::string_view groups, const std::string& mount) {
  CgroupLimits limits;
  for (const std::string& line : split(groups, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || line.compare(second + 1, 1, "/") != 0) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (names.empty()) {
      for (const char* tree : {"", "/unified"}) {
        for_each_group(mount + tree, path, [&](const auto& at) { look_at_v2(at, limits); });
      }
      continue;
    }
    for (const std::string& name : split(names, ',')) {
      if (name == "memory") {
        for_each_group(mount + "/memory", path,
                       [&](const auto& at) { look_at_v1_memory(at, limits); });
      } else if (name == "cpu") {
        for (const std::string& tree : {std::string("cpu"), names}) {
          for_each_group(mount + "/" + tree, path,
                         [&](const auto& at) { look_at_v1_cpu(at, limits); });
        }
      }
    }
  }
  return limits;
}

CgroupLimits own_cgroup_limits() {
  std::ifstream in("/proc/self/cgroup");
  const std::string groups{std::istreambuf_iterator<char>(in), {}};
  return cgroup_limits(groups, "/sys/fs/cgroup");
}

}  // namespace gridmill
