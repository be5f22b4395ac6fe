// arguments.h: the words after the verb, sorted into options and operands by CLI11.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace gridmill::cli {

struct Arguments {
  Layer flags;
  std::vector<std::string> operands;  // what is no option, in order; all after a bare "--"
};

// Throws Error(invalid) for an unknown option (naming the nearest), one without its value, and a
// value that looks like the next option.
Arguments parse_arguments(const std::vector<Option>& options,
                          const std::vector<std::string>& words);

}  // namespace gridmill::cli
