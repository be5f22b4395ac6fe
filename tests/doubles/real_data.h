// real_data.h: the folder of real files that tests compare with (CONTRIBUTING.md).
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace gridmill {

// GRIDMILL_TEST_DATA. "" where there is none, as GRIDMILL_NO_REAL_DATA=1 allows: skip the test;
// without that leave it is a failure, too.
inline std::string real_data() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return std::string_view(value == nullptr ? "" : value);
  };
  const std::string_view folder = variable("GRIDMILL_TEST_DATA");
  if (folder.empty() && variable("GRIDMILL_NO_REAL_DATA") != "1") {
    ADD_FAILURE() << "GRIDMILL_TEST_DATA is not set (GRIDMILL_NO_REAL_DATA=1 skips the real data)";
  }
  return std::string(folder);
}

}  // namespace gridmill
