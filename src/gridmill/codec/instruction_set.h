// instruction_set.h: which vectors the kernels of this room use.
//
// Every kernel gives the same bits with each of them; tests ask for one after the other.
#pragma once

namespace gridmill {

enum class InstructionSet {
  baseline,  // what the compiler may assume
  avx2,
  avx512,  // with BW and GFNI
};

// The best that this processor has.
inline InstructionSet instruction_set() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("gfni")) {
    return InstructionSet::avx512;
  }
  if (__builtin_cpu_supports("avx2")) return InstructionSet::avx2;
#endif
  return InstructionSet::baseline;
}

}  // namespace gridmill
