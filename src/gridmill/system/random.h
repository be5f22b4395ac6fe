// random.h: entropy for names of temporary things, and nothing else. Numbers that reach an output
// are counter-based and live with the kernels.
#pragma once

#include <string>

namespace gridmill {

// 16 hexadecimal digits from the system's entropy; unlike any other name in practice.
std::string unique_suffix();

}  // namespace gridmill
