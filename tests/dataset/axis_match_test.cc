#include "gridmill/dataset/axis_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataset/memory_dataset.h"
#include "doubles/assertions.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using ::testing::HasSubstr;

std::int64_t place(const Variable& whole, const Variable& part) {
  const Dataset in = dataset_with("archive", {whole}), of = dataset_with("file", {part});
  return position_in({in, in.variables[0]}, {of, of.variables[0]});
}

std::string refusal(const Variable& whole, const Variable& part) {
  ErrorKind kind{};
  const std::string message = testing::message_of([&] { (void)place(whole, part); }, kind);
  EXPECT_EQ(kind, ErrorKind::corrupt) << message;
  return message;
}

Variable times(const std::vector<std::int64_t>& values, const std::string& units,
               const std::string& calendar = "standard") {
  return axis_with<std::int64_t>("time", values, {{"units", units}, {"calendar", calendar}});
}

TEST(PositionIn, IsWhereAllValuesFollow) {
  const Variable lat = axis_with<double>("lat", {10, 20, 30, 40});
  EXPECT_EQ(place(lat, lat), 0);
  EXPECT_EQ(place(lat, axis_with<double>("lat", {30, 40})), 2);
  EXPECT_EQ(place(lat, axis_with<float>("lat", {20})), 1);
  EXPECT_EQ(place(axis_with<double>("lat", {40, 30, 20}), axis_with<double>("lat", {30, 20})), 1);
}

TEST(PositionIn, TimesAreInstantsWhateverTheirUnits) {
  const Variable hours = times({0, 6, 12, 18, 24, 30}, "hours since 2000-01-01");
  EXPECT_EQ(place(hours, times({1}, "days since 2000-01-01")), 4);
  EXPECT_EQ(place(hours, times({0, 360}, "minutes since 2000-01-01 12:00")), 2);
  EXPECT_THAT(
      refusal(hours, times({7}, "hours since 2000-01-01")),
      HasSubstr("there are 2000-01-01T06:00:00 and 2000-01-01T12:00:00 at positions 1 and 2"));
  EXPECT_THAT(refusal(hours, times({0}, "hours since 2000-01-01", "noleap")),
              HasSubstr("calendars noleap and standard"));
  EXPECT_THAT(refusal(hours, axis_with<double>("time", {0.0})), HasSubstr("only one of them"));
}

TEST(PositionIn, IntegersOf64BitsAreToldApart) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 53;
  const Variable ids = axis_with<std::int64_t>("id", {kLarge, kLarge + 2});
  EXPECT_EQ(place(ids, axis_with<std::int64_t>("id", {kLarge + 2})), 1);
  EXPECT_THAT(refusal(ids, axis_with<std::int64_t>("id", {kLarge + 1})), HasSubstr("is not there"));
  const Variable fine = times({0, 1000}, "nanoseconds since 2000-01-01");
  EXPECT_EQ(place(fine, times({1000}, "nanoseconds since 2000-01-01")), 1);
  EXPECT_THAT(refusal(fine, times({300}, "nanoseconds since 2000-01-01")), HasSubstr("not there"));
}

TEST(PositionIn, NothingIsTurnedRoundOrSkipped) {
  const Variable lat = axis_with<double>("lat", {10, 20, 30, 40});
  EXPECT_THAT(refusal(lat, axis_with<double>("lat", {20, 10})), HasSubstr("positions 1 and 0"));
  EXPECT_THAT(refusal(lat, axis_with<double>("lat", {10, 30})), HasSubstr("positions 0 and 2"));
  EXPECT_THAT(refusal(lat, axis_with<double>("lat", {30, 40, 50})),
              HasSubstr("50 at position 2 is not there: that goes from 10 to 40"));
  EXPECT_THAT(refusal(lat, axis_with<float>("lat", {20.000002F})), HasSubstr("nothing is rounded"));
}

}  // namespace
}  // namespace gridmill
