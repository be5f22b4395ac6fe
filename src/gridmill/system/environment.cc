#include "gridmill/system/environment.h"

#include <cstdlib>

namespace gridmill {

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

void set_environment_default(const char* name, const char* value) { (void)setenv(name, value, 0); }

}  // namespace gridmill
