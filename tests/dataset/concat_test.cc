// Oracle: the values that the inputs were made of, laid end to end by hand.
#include "gridmill/dataset/concat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "memory_dataset.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::variable_with;

Dataset month(const std::string& name, const std::vector<std::int64_t>& times,
              const std::string& units = "hours since 1900-01-01",
              const std::vector<double>& latitudes = {10, 20},
              const std::string& calendar = "standard") {
  const auto n = static_cast<std::int64_t>(times.size());
  std::vector<float> values;
  for (const std::int64_t time : times) {
    values.push_back(static_cast<float>(time));
    values.push_back(static_cast<float>(-time));
  }
  return dataset_with(
      name, {axis_with<std::int64_t>("time", times, {{"units", units}, {"calendar", calendar}}),
             axis_with<double>("lat", latitudes, {{"units", "degrees_north"}}),
             variable_with<float>("t", {"time", "lat"}, {n, 2}, values),
             variable_with<int>("mask", {"lat"}, {2}, {0, 1})});
}

TEST(Concatenate, OrdersByTimeAndKeepsEveryValue) {
  const Dataset joined = concatenate({month("b", {3, 4}), month("a", {0, 1, 2}), month("c", {9})});
  EXPECT_EQ(joined.at("t").shape, Index({6, 2}));
  EXPECT_EQ(joined.at("t").blocks.size(), 3u);
  EXPECT_EQ(joined.groups[0].dimensions[0].size, 6);
  EXPECT_THAT(to_doubles(read_array(joined.at("time")).view()), ElementsAre(0, 1, 2, 3, 4, 9));
  EXPECT_THAT(to_doubles(read_array(joined.at("t")).view()),
              ElementsAre(0, 0, 1, -1, 2, -2, 3, -3, 4, -4, 9, -9));
  // A box across the seam.
  EXPECT_THAT(to_doubles(read_array(joined.at("t"), Box{{2, 1}, {2, 1}}).view()),
              ElementsAre(-2, -3));
  EXPECT_EQ(joined.at("mask").blocks.size(), 1u);
}

TEST(Concatenate, ReexpressesTimesWithAnotherReference) {
  const Dataset joined = concatenate({month("b", {0, 12}, "hours since 1900-01-02"),
                                      month("a", {0, 12}, "hours since 1900-01-01 00:00:00")});
  EXPECT_THAT(to_doubles(read_array(joined.at("time")).view()), ElementsAre(0, 12, 24, 36));
}

// xarray writes "days since" for a file that begins at midnight, "hours since" for the next.
TEST(Concatenate, TakesTheUnitsThatCanWriteAllTimes) {
  const Dataset joined = concatenate({month("a", {0, 1}, "days since 1900-01-01"),
                                      month("b", {0, 1}, "hours since 1900-01-03 06:00")});
  EXPECT_EQ(joined.at("time").attributes.text("units"), "hours since 1900-01-03 06:00");
  EXPECT_THAT(to_doubles(read_array(joined.at("time")).view()), ElementsAre(-54, -30, 0, 1));
  EXPECT_THAT(joined.notes, ::testing::Contains(HasSubstr("time is written in \"hours since")));
  const Dataset finer = concatenate({month("a", {0, 1}, "days since 1900-01-01"),
                                     month("b", {0, 1}, "days since 1900-01-03 06:00")});
  EXPECT_EQ(finer.at("time").attributes.text("units"), "hours since 1900-01-01");
  EXPECT_THAT(to_doubles(read_array(finer.at("time")).view()), ElementsAre(0, 24, 54, 78));
  ErrorKind kind{};
  EXPECT_THAT(message_of(
                  [] {
                    concatenate({month("a", {0, 1}, "days since 1900-01-01"),
                                 month("b", {0, 1}, "days since 1900-01-03 06:00:00.5")});
                  },
                  kind),
              HasSubstr("can't be written exactly"));
  EXPECT_EQ(kind, ErrorKind::corrupt);
}

TEST(Concatenate, BoundsFollowTheirTimes) {
  const auto with_bounds = [](const std::string& name, const std::string& units) {
    return dataset_with(name,
                        {axis_with<double>("time", {0.5}, {{"units", units}, {"bounds", "tb"}}),
                         variable_with<double>("tb", {"time", "nv"}, {1, 2}, {0, 1})});
  };
  const Dataset joined = concatenate(
      {with_bounds("a", "days since 2000-01-01"), with_bounds("b", "days since 2000-02-01")});
  EXPECT_THAT(to_doubles(read_array(joined.at("time")).view()), ElementsAre(0.5, 31.5));
  EXPECT_THAT(to_doubles(read_array(joined.at("tb")).view()), ElementsAre(0, 1, 31, 32));
  // Also where the first input's times are written anew.
  const auto one = [](const std::string& name, const std::string& units, std::int64_t time) {
    return dataset_with(
        name, {axis_with<std::int64_t>("time", {time}, {{"units", units}, {"bounds", "tb"}}),
               variable_with<std::int64_t>("tb", {"time", "nv"}, {1, 2}, {time, time + 1})});
  };
  const Dataset mixed =
      concatenate({one("a", "days since 2000-01-01", 1), one("b", "hours since 2000-01-03", 6)});
  EXPECT_THAT(to_doubles(read_array(mixed.at("time")).view()), ElementsAre(-24, 6));
  EXPECT_THAT(to_doubles(read_array(mixed.at("tb")).view()), ElementsAre(-24, 0, 6, 7));
}

TEST(Concatenate, MergesVariablesAndYears) {
  const auto one = [](const std::string& variable, int year, float value) {
    return dataset_with(variable + std::to_string(year),
                        {axis_with<int>("time", {year}, {{"units", "days since 1900-01-01"}}),
                         variable_with<float>(variable, {"time"}, {1}, {value})});
  };
  const Dataset joined =
      concatenate({one("t", 1, 1), one("p", 2, 4), one("p", 1, 3), one("t", 2, 2)});
  EXPECT_THAT(to_doubles(read_array(joined.at("t")).view()), ElementsAre(1, 2));
  EXPECT_THAT(to_doubles(read_array(joined.at("p")).view()), ElementsAre(3, 4));
}

// t and u of two years, each with its own copy of ps: only the first files' were compared.
TEST(Concatenate, SharedVariablesAreComparedInEveryFile) {
  const auto one = [](const std::string& variable, int year, float ps) {
    const auto n = std::to_string(year);
    return dataset_with(variable + n,
                        {axis_with<int>("time", {year}, {{"units", "days since 1900-01-01"}}),
                         variable_with<float>("ps", {"time"}, {1}, {ps}),
                         variable_with<float>(variable, {"time"}, {1}, {ps + 1})});
  };
  const Dataset joined =
      concatenate({one("t", 1, 5), one("t", 2, 6), one("u", 1, 5), one("u", 2, 6)});
  EXPECT_THAT(to_doubles(read_array(joined.at("ps")).view()), ElementsAre(5, 6));
  ErrorKind kind{};
  const std::string message = message_of(
      [&] {
        concatenate({one("t", 1, 5), one("t", 2, 6), one("u", 1, 5), one("u", 2, 7)});
      },
      kind);
  EXPECT_EQ(kind, ErrorKind::corrupt);
  EXPECT_THAT(message, HasSubstr("variable ps: differs between t1"));
  EXPECT_THAT(message, HasSubstr("(1,)"));
}

// A level that is a dimension in one input and a scalar in the other: was dropped in silence.
TEST(Concatenate, AScalarIsNoDimension) {
  ErrorKind kind{};
  const std::string message = message_of(
      [] {
        concatenate({dataset_with("a", {axis_with<double>("level", {1, 2}, {{"units", "hPa"}}),
                                        variable_with<float>("t", {"level"}, {2}, {1, 2})}),
                     dataset_with("b", {variable_with<double>("level", {}, {}, {7}),
                                        variable_with<float>("u", {"x"}, {1}, {1})})});
      },
      kind);
  EXPECT_EQ(kind, ErrorKind::corrupt);
  EXPECT_THAT(message,
              HasSubstr("variable level: differs: dimensions is (level) in a and () in b"));
}

struct Refusal {
  const char* name;
  std::vector<Dataset> inputs;
  std::vector<const char*> words;
};

std::vector<Refusal> refusals() {
  std::vector<Refusal> all;
  all.push_back({"overlap", {}, {"overlap", "a.nc", "b.nc", "1900-01-01T02:00:00"}});
  all.back().inputs = {month("a.nc", {0, 1, 2}), month("b.nc", {2, 3})};
  all.push_back({"repeated input", {}, {"a.nc", "b.nc", "nothing tells"}});
  all.back().inputs = {month("a.nc", {0, 1}), month("b.nc", {0, 1})};
  all.push_back({"unsorted", {}, {"b.nc", "time", "not monotonic", "positions 1 and 2"}});
  all.back().inputs = {month("a.nc", {0, 1}), month("b.nc", {5, 7, 6})};
  all.push_back(
      {"grid", {}, {"different grids", "coordinate lat: values 20 and 20.5 at position 1"}});
  all.back().inputs = {month("a.nc", {0}),
                       month("b.nc", {1}, "hours since 1900-01-01", {10, 20.5})};
  all.push_back({"calendar", {}, {"calendars differ", "noleap", "standard", "a.nc", "b.nc"}});
  all.back().inputs = {month("a.nc", {0}),
                       month("b.nc", {1}, "hours since 1900-01-01", {10, 20}, "noleap")};
  all.push_back({"missing variable", {}, {"mask is in a.nc but not in b.nc"}});
  all.back().inputs = {month("a.nc", {0}), month("b.nc", {1})};
  all.back().inputs[1].variables.pop_back();
  all.push_back(
      {"packing", {}, {"variable t: differs: scale_factor is absent in a.nc and 0.5 in b.nc"}});
  all.back().inputs = {month("a.nc", {0}), month("b.nc", {1})};
  all.back().inputs[1].variables[2].attributes.set("scale_factor",
                                                   AttributeValue::floats(types::float64, {0.5}));
  all.push_back({"type", {}, {"data type is float32 in a.nc and float64 in b.nc"}});
  all.back().inputs = {month("a.nc", {0}), month("b.nc", {1})};
  all.back().inputs[1].variables[2] = variable_with<double>("t", {"time", "lat"}, {1, 2}, {1, 2});
  all.push_back({"static field", {}, {"variable mask: differs: 1 of 2 values", "(1,)"}});
  all.back().inputs = {month("a.nc", {0}), month("b.nc", {1})};
  all.back().inputs[1].variables[3] = variable_with<int>("mask", {"lat"}, {2}, {0, 7});
  return all;
}

TEST(Concatenate, RefusesWithNamesAndValues) {
  for (const Refusal& refusal : refusals()) {
    ErrorKind kind{};
    const std::string message = message_of([&] { concatenate(refusal.inputs); }, kind);
    EXPECT_EQ(kind, ErrorKind::corrupt) << refusal.name << ": " << message;
    for (const char* word : refusal.words) EXPECT_THAT(message, HasSubstr(word)) << refusal.name;
  }
}

TEST(Concatenate, NotesAttributesThatDiffer) {
  std::vector<Dataset> inputs{month("a", {0}), month("b", {1})};
  inputs[0].groups[0].attributes.set("history", AttributeValue::text("first"));
  inputs[1].groups[0].attributes.set("history", AttributeValue::text("second"));
  const Dataset joined = concatenate(inputs);
  EXPECT_EQ(joined.groups[0].attributes.text("history"), "first");
  ASSERT_EQ(joined.notes.size(), 1u);
  EXPECT_THAT(joined.notes[0], HasSubstr("global attribute history differs"));
}

TEST(Concatenate, ThousandsOfInputs) {
  std::vector<Dataset> inputs;
  for (int i = 2999; i >= 0; --i) inputs.push_back(month("f" + std::to_string(i), {i}));
  const Dataset joined = concatenate(std::move(inputs));
  const std::vector<double> times = to_doubles(read_array(joined.at("time")).view());
  ASSERT_EQ(times.size(), 3000u);
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_EQ(times[i], static_cast<double>(i));
}

TEST(CoordinateProblems, AreFoundInOneDataset) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Dataset bad =
      dataset_with("x", {axis_with<double>("lat", {1, nan}), axis_with<float>("lon", {3, 2, 2}),
                         axis_with<int>("station", {7, 3, 5}), axis_with<int>("id", {7, 3, 7}),
                         axis_with<double>("time", {1, 2}, {{"units", "days since never"}})});
  const std::vector<CoordinateProblem> problems = coordinate_problems(bad);
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_THAT(problems[0].what, HasSubstr("lat: position 1 is nan"));
  EXPECT_THAT(problems[1].what, HasSubstr("lon: positions 1 and 2 are 2 and 2: not unique"));
  EXPECT_THAT(problems[2].what, HasSubstr("id: positions 0 and 2 are 7 and 7"));
  EXPECT_THAT(problems[3].what, HasSubstr("days since never"));
  EXPECT_EQ(problems[0].variable, "lat");
  EXPECT_EQ(problems[3].variable, "time");
  EXPECT_THROW(check_coordinates(bad), Error);
}

}  // namespace
}  // namespace gridmill
