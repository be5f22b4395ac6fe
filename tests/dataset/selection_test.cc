// Oracle: xarray's label selection (isel, sel with slices of partial dates) on the same small axes,
// worked out by hand.
#include "gridmill/dataset/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_dataset.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::variable_with;

Dataset sample() {
  std::vector<int> days;
  for (int i = 0; i < 730; ++i) days.push_back(i);
  return dataset_with(
      "s.nc", {axis_with<int>("time", days, {{"units", "days since 1990-01-01"}, {"bounds", "tb"}}),
               variable_with<int>("tb", {"time", "nv"}, {730, 2}, std::vector<int>(1460)),
               axis_with<float>("lat", {60, 45.1F, 30}, {{"units", "degrees_north"}}),
               variable_with<float>("t2m", {"time", "lat"}, {730, 3}, std::vector<float>(2190),
                                    {{"grid_mapping", "crs"}, {"coordinates", "height"}}),
               variable_with<int>("crs", {}, {}, {0}), variable_with<double>("height", {}, {}, {2}),
               variable_with<float>("orog", {"lat"}, {3}, {1, 2, 3})});
}

std::vector<std::string> chosen(const std::vector<std::string>& wanted,
                                const std::vector<std::string>& dropped = {}) {
  return select_variables(sample(), wanted, dropped).variable_paths();
}

TEST(SelectVariables, KeepsWhatTheChosenOnesNeed) {
  EXPECT_THAT(chosen({"t2m"}), ElementsAre("time", "tb", "lat", "t2m", "crs", "height"));
  EXPECT_THAT(chosen({"or*"}), ElementsAre("lat", "orog"));
  EXPECT_THAT(chosen({}, {"t2m", "tb", "time"}), ElementsAre("lat", "crs", "height", "orog"));
  ErrorKind kind{};
  EXPECT_THAT(message_of([] { chosen({"t2n"}); }, kind), HasSubstr("did you mean t2m"));
  EXPECT_EQ(kind, ErrorKind::not_found);
  EXPECT_THAT(message_of([] { chosen({"orog"}, {"nosuch"}); }, kind), HasSubstr("nosuch"));
}

TEST(Region, HalfOpenIndices) {
  EXPECT_EQ(resolve_indices("2:5", "x", 10), (IndexRange{2, 5}));
  EXPECT_EQ(resolve_indices(":-1", "x", 10), (IndexRange{0, 9}));
  EXPECT_EQ(resolve_indices("-3:", "x", 10), (IndexRange{7, 10}));
  EXPECT_EQ(resolve_indices("4", "x", 10), (IndexRange{4, 5}));
  EXPECT_EQ(resolve_indices("-1", "x", 10), (IndexRange{9, 10}));
  for (const char* bad : {"5:5", "5:2", "0:11", "-11:", "10", "a:b", "0:8:2"}) {
    EXPECT_THROW(resolve_indices(bad, "x", 10), Error) << bad;
  }
}

Box box_of(const std::string& sel, const std::string& variable = "t2m") {
  const Dataset dataset = sample();
  Selection selection(dataset, {parse_sel(sel)});
  return selection.box(dataset.at(variable));
}

TEST(Labels, PartialDatesAreTheirPeriods) {
  EXPECT_EQ(box_of("time=1990"), (Box{{0, 0}, {365, 3}}));
  EXPECT_EQ(box_of("time=1990-02"), (Box{{31, 0}, {28, 3}}));
  EXPECT_EQ(box_of("time=1990-12:1991-01"), (Box{{334, 0}, {62, 3}}));
  EXPECT_EQ(box_of("time=1991-12-30:"), (Box{{728, 0}, {2, 3}}));
  EXPECT_EQ(box_of("time=:1990-01-02T00:00"), (Box{{0, 0}, {2, 3}}));
  EXPECT_EQ(box_of("time=1990-01-02T00:00:1990-01-03T12:30:00"), (Box{{1, 0}, {2, 3}}));
  EXPECT_EQ(box_of("time=1990", "orog"), (Box{{0}, {3}}));
}

TEST(Labels, NumbersInTheirOwnTypeAndEitherDirection) {
  EXPECT_EQ(box_of("lat=45.1"), (Box{{0, 1}, {730, 1}}));
  EXPECT_EQ(box_of("lat=60:45.1"), (Box{{0, 0}, {730, 2}}));
  EXPECT_EQ(box_of("lat=45.1:60"), (Box{{0, 0}, {730, 2}}));
  EXPECT_EQ(box_of("lat=50:20"), (Box{{0, 1}, {730, 2}}));
  EXPECT_EQ(box_of("lat=50:"), (Box{{0, 1}, {730, 2}}));
}

// Station numbers in no order: 500 came along with 100:200.
TEST(Labels, WithoutOrderTheyMustBeARun) {
  const Variable station = testing::axis_with<int>("station", {100, 500, 200, 150});
  const Array values = read_array(station);
  const auto run = [&](const char* range) { return resolve_labels(range, station, values); };
  EXPECT_EQ(run("500"), (IndexRange{1, 2}));
  EXPECT_EQ(run("150:200"), (IndexRange{2, 4}));
  EXPECT_EQ(run("100:500"), (IndexRange{0, 4}));
  ErrorKind kind{};
  EXPECT_THAT(message_of([&] { run("100:200"); }, kind),
              HasSubstr("100 and 150 are in it, but 500 at position 1 between them is not; select "
                        "positions with --region station=a:b"));
  EXPECT_EQ(kind, ErrorKind::invalid);
  // It ends lower than it begins, and does not descend all the same: from 200 on are 500 and 200.
  const Variable other = testing::axis_with<int>("station", {500, 100, 200});
  EXPECT_THROW(resolve_labels("200:", other, read_array(other)), Error);
}

TEST(Labels, SayWhatThereIs) {
  ErrorKind kind{};
  EXPECT_THAT(message_of([] { box_of("time=1995"); }, kind),
              HasSubstr("it goes from 1990-01-01T00:00:00 to 1991-12-31T00:00:00"));
  EXPECT_EQ(kind, ErrorKind::invalid);
  EXPECT_THAT(message_of([] { box_of("lat=45"); }, kind), HasSubstr("nearest: 45.1"));
  EXPECT_THAT(message_of([] { box_of("lat=70:80"); }, kind), HasSubstr("from 60 to 30"));
  EXPECT_THAT(message_of([] { box_of("lta=70"); }, kind), HasSubstr("did you mean lat"));
  EXPECT_THAT(message_of([] { box_of("time=spring"); }, kind), HasSubstr("not a date"));
  EXPECT_THAT(message_of([] { box_of("nv=1", "tb"); }, kind), HasSubstr("--region nv="));
  EXPECT_THROW(parse_region("time"), Error);
  const Dataset dataset = sample();
  EXPECT_THROW(Selection(dataset, {parse_sel("lat=30"), parse_region("lat=0:1")}), Error);
}

}  // namespace
}  // namespace gridmill
