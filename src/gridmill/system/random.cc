#include "gridmill/system/random.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cstdint>

#include "gridmill/base/error.h"

namespace gridmill {

std::string unique_suffix() {
  std::uint64_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != sizeof value) {
    throw Error(ErrorKind::unavailable, "the system gives no random numbers");
  }
  return fmt::format("{:016x}", value);
}

}  // namespace gridmill
