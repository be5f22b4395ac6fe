// environment.h: the variables that the process was started with. Once there are threads nothing is
// changed by us, so reading from any thread is safe.
#pragma once

#include <optional>
#include <string>

namespace gridmill {

std::optional<std::string> environment_variable(const std::string& name);

// Sets what isn't set, for libraries that are loaded later. At the beginning of main() alone.
void set_environment_default(const char* name, const char* value);

}  // namespace gridmill
