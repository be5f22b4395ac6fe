// cpu.h: how much of the machine this process may use.
#pragma once

namespace gridmill {

// Cores granted by affinity, by the cgroup's CPU quota and by Slurm (SLURM_CPUS_PER_TASK, which
// holds also where Slurm binds nothing), at least 1.
int usable_cores();

}  // namespace gridmill
