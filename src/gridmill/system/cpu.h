// cpu.h: how much of the machine this process may use.
#pragma once

#include <bitset>
#include <cstddef>
#include <span>

namespace gridmill {

// Cores granted by affinity, by the cgroups' CPU quota and by Slurm (SLURM_CPUS_PER_TASK, which
// holds also where Slurm binds nothing), at least 1.
int usable_cores();

// The cores to which this process is bound, by their numbers. Trivially copyable: processes tell
// each other.
using CoreSet = std::bitset<1024>;
CoreSet bound_cores();

// What processes of one machine leave each other when all run at once: as many cores as
// `sets[own]` has, where a core that n of them have counts for 1/n, and no more than an equal part
// of `quota` cores; at least 1.
int share_of_cores(std::span<const CoreSet> sets, std::size_t own, double quota);

// usable_cores() of this process beside the others on its machine. The quota is taken for one that
// they have together, Slurm's grant for one of each process.
int share_of_cores(std::span<const CoreSet> sets, std::size_t own);

}  // namespace gridmill
