// cgroup.h: what the control groups of this process leave it of the machine.
//
// A group is bounded by its own limits and by those of every group around it, so all from the
// process's own up to the mounted root are asked, of version 2 (one tree), of version 1 (a tree for
// each controller), and of both where they are mixed. In a container without a namespace for groups
// the path names folders that aren't there; the mounted root is then the container's own group.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridmill {

// None: no group has a limit.
struct CgroupLimits {
  std::optional<std::int64_t> memory;  // bytes: memory.max, memory.high, memory.limit_in_bytes
  std::optional<double> cores;         // cpu.max, cpu.cfs_quota_us: CPU time by time
};

// `groups`: the content of /proc/self/cgroup. What can't be read limits nothing.
CgroupLimits cgroup_limits(std::string_view groups, const std::string& mount);

// Of this process, now.
CgroupLimits own_cgroup_limits();

}  // namespace gridmill
