// cpu.h: how much of the machine this process may use.
#pragma once

namespace gridmill {

// Cores granted by affinity and by the cgroup's CPU quota, at least 1.
int usable_cores();

}  // namespace gridmill
