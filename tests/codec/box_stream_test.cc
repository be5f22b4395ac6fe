// How a leaf is cut into runs. That all of it arrives, the executor's tests show.
#include "gridmill/codec/box_stream.h"

#include <gtest/gtest.h>

namespace gridmill {
namespace {

TEST(RunShape, IsOneRunOfAtMostSoManyBytes) {
  EXPECT_EQ(run_shape({744, 361, 720}, 4, 256 << 10), (Shape{1, 91, 720}));
  EXPECT_EQ(run_shape({744, 10, 20}, 4, 8000), (Shape{10, 10, 20}));
  EXPECT_EQ(run_shape({3, 10, 20}, 4, 1 << 20), (Shape{3, 10, 20}));
  EXPECT_EQ(run_shape({3, 1 << 20}, 8, 1024), (Shape{1, 128}));
}

TEST(RunShape, HasAtLeastOneElement) {
  EXPECT_EQ(run_shape({3, 5}, 1024, 16), (Shape{1, 1}));
  EXPECT_EQ(run_shape({0, 5}, 8, 1024), (Shape{1, 5}));
  EXPECT_EQ(run_shape({}, 8, 4), Shape{});
}

}  // namespace
}  // namespace gridmill
