// environment.h: the variables that the process was started with. Read only; never changed by us,
// so reading from any thread is safe.
#pragma once

#include <optional>
#include <string>

namespace gridmill {

std::optional<std::string> environment_variable(const std::string& name);

}  // namespace gridmill
