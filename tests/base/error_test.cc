#include "gridmill/base/error.h"

#include <gtest/gtest.h>

#include <new>
#include <set>
#include <stdexcept>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

TEST(Error, GrowsContextsOutwards) {
  try {
    in_context([] { return std::string("file a.nc"); },
               [] {
                 in_context([] { return std::string("variable t2m"); },
                            []() -> int { throw Error(ErrorKind::corrupt, "checksum differs"); });
               });
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "file a.nc: variable t2m: checksum differs");
    EXPECT_EQ(error.message(), "checksum differs");
    EXPECT_EQ(error.contexts(), (std::vector<std::string>{"variable t2m", "file a.nc"}));
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
  }
}

TEST(Error, InContextReturnsValuesAndReferences) {
  int value = 5;
  const auto never = [] {
    ADD_FAILURE();
    return std::string();
  };
  int& same = in_context(never, [&]() -> int& { return value; });
  EXPECT_EQ(&same, &value);
}

TEST(Error, TakesForeignExceptionsIn) {
  const auto kind_of = [](auto&& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return current_error().kind();
    }
  };
  EXPECT_EQ(kind_of(std::bad_alloc()), ErrorKind::out_of_memory);
  EXPECT_EQ(kind_of(std::runtime_error("x")), ErrorKind::internal);
  EXPECT_EQ(kind_of(7), ErrorKind::internal);
  EXPECT_EQ(kind_of(Error(ErrorKind::denied, "x")), ErrorKind::denied);
}

TEST(Error, RetryableFollowsTheKindUntilSaidOtherwise) {
  EXPECT_TRUE(Error(ErrorKind::timeout, "x").retryable());
  EXPECT_TRUE(Error(ErrorKind::unavailable, "x").retryable());
  EXPECT_FALSE(Error(ErrorKind::corrupt, "x").retryable());
  EXPECT_FALSE(Error(ErrorKind::timeout, "x").set_retryable(false).retryable());
}

TEST(Error, ExitCodesAreTheConventions) {
  const auto code = [](ErrorKind kind) { return exit_code(kind); };
  EXPECT_EQ(code(ErrorKind::internal), 1);
  EXPECT_EQ(code(ErrorKind::unsupported), 1);
  EXPECT_EQ(code(ErrorKind::invalid), 2);
  EXPECT_EQ(code(ErrorKind::not_found), 2);
  EXPECT_EQ(code(ErrorKind::corrupt), 3);
  for (const auto kind : {ErrorKind::unavailable, ErrorKind::timeout, ErrorKind::out_of_space}) {
    EXPECT_EQ(code(kind), 4);
  }
  EXPECT_EQ(code(ErrorKind::conflict), 5);
  EXPECT_EQ(code(ErrorKind::cancelled), 130);
}

TEST(Checked, RefusesOverflow) {
  constexpr std::int64_t kMost = INT64_MAX;
  EXPECT_EQ(checked_mul(1 << 20, 1 << 20, "x"), std::int64_t{1} << 40);
  EXPECT_THROW(checked_mul(kMost, 2, "x"), Error);
  EXPECT_EQ(checked_add(kMost, 0, "x"), kMost);
  EXPECT_THROW(checked_add(kMost, 1, "x"), Error);
  EXPECT_EQ(ceil_div(kMost, 2), kMost / 2 + 1);
  EXPECT_EQ(ceil_div(0, 7), 0);
  EXPECT_EQ(ceil_div(14, 7), 2);
}

}  // namespace
}  // namespace gridmill
