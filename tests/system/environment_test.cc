#include "gridmill/system/environment.h"

#include <gtest/gtest.h>

namespace gridmill {
namespace {

TEST(EnvironmentTest, ADefaultReplacesNothing) {
  const std::string name = "GRIDMILL_TEST_OF_DEFAULTS";
  ASSERT_EQ(environment_variable(name), std::nullopt);
  set_environment_default(name.c_str(), "first");
  EXPECT_EQ(environment_variable(name), "first");
  set_environment_default(name.c_str(), "second");
  EXPECT_EQ(environment_variable(name), "first");
}

}  // namespace
}  // namespace gridmill
