#include "gridmill/base/versions.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <nlohmann/json.hpp>

namespace gridmill {
namespace {

// 10203 -> "1.2.3"
std::string dotted(unsigned number) {
  return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

}  // namespace

std::vector<LibraryVersion> base_library_versions() {
  const std::string json = fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                       NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH);
  return {{"fmt", dotted(FMT_VERSION)},
          {"nlohmann-json", json},
          {"xxHash", dotted(XXH_versionNumber())}};
}

}  // namespace gridmill
