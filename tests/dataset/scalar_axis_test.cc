// Oracle: the values that the inputs were made of, laid behind each other by hand.
#include "gridmill/dataset/scalar_axis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/unit_dimension.h"
#include "memory_dataset.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::message_of;
using testing::variable_with;
using Texts = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kUnits = "hours since 1900-01-01";

template <class T>
Variable scalar(const std::string& path, T value, const Texts& texts = {}) {
  return variable_with<T>(path, {}, {}, {value}, texts);
}

std::vector<double> values(const Dataset& dataset, const char* path) {
  return to_doubles(read_array(dataset.at(path)).view());
}

// As a GRIB file of one field looks: every coordinate that has one value is a scalar.
Dataset field(const std::string& name, std::int64_t time, double step, float value) {
  const Texts coordinates{{"coordinates", "time step valid_time lat"}};
  return dataset_with(
      name, {scalar<std::int64_t>("time", time, {{"units", kUnits}}), scalar("step", step),
             scalar("valid_time", static_cast<double>(time) + step, {{"units", kUnits}}),
             axis_with<double>("lat", {10, 20}, {{"units", "degrees_north"}}),
             variable_with<float>("t", {"lat"}, {2}, {value, -value}, coordinates),
             variable_with<int>("mask", {"lat"}, {2}, {0, 1})});
}

// The same with two times, as dimension.
Dataset fields(const std::string& name, std::int64_t time, float value) {
  const Texts coordinates{{"coordinates", "time step valid_time lat"}};
  const auto valid = static_cast<double>(time);
  return dataset_with(
      name,
      {axis_with<std::int64_t>("time", {time, time + 1}, {{"units", kUnits}}), scalar("step", 0.0),
       variable_with<double>("valid_time", {"time"}, {2}, {valid, valid + 1}, {{"units", kUnits}}),
       axis_with<double>("lat", {10, 20}, {{"units", "degrees_north"}}),
       variable_with<float>("t", {"time", "lat"}, {2, 2}, {value, -value, value + 1, -value - 1},
                            coordinates),
       variable_with<int>("mask", {"lat"}, {2}, {0, 1})});
}

TEST(ScalarAxis, SingleTimesBecomeADimension) {
  const Dataset joined =
      concatenate({field("b", 6, 0, 2), field("a", 0, 0, 1), field("c", 12, 0, 3)});
  EXPECT_EQ(joined.at("t").dimensions, (std::vector<std::string>{"time", "lat"}));
  EXPECT_EQ(joined.at("t").shape, Index({3, 2}));
  EXPECT_THAT(values(joined, "t"), ElementsAre(1, -1, 2, -2, 3, -3));
  EXPECT_THAT(values(joined, "time"), ElementsAre(0, 6, 12));
  EXPECT_EQ(joined.at("valid_time").dimensions, std::vector<std::string>{"time"});
  EXPECT_THAT(values(joined, "valid_time"), ElementsAre(0, 6, 12));
  // What does not depend on the time stays as it is.
  EXPECT_EQ(joined.at("step").shape.rank(), 0);
  EXPECT_EQ(joined.at("mask").shape, Index({2}));
  EXPECT_EQ(joined.at("lat").shape, Index({2}));
  EXPECT_EQ(joined.groups[0].dimensions[0].name, "time");
  EXPECT_EQ(joined.groups[0].dimensions[0].size, 3);
  // A box across files.
  EXPECT_THAT(to_doubles(read_array(joined.at("t"), Box{{1, 1}, {2, 1}}).view()),
              ElementsAre(-2, -3));
}

TEST(ScalarAxis, TheIndependentOneOfSeveralTimesIsTaken) {
  // One run, several steps: valid_time follows step.
  const Dataset steps = concatenate({field("a", 0, 3, 1), field("b", 0, 6, 2)});
  EXPECT_EQ(steps.at("t").dimensions[0], "step");
  EXPECT_EQ(steps.at("valid_time").dimensions, std::vector<std::string>{"step"});
  EXPECT_EQ(steps.at("time").shape.rank(), 0);
  // The same hour out of two runs: step follows time, valid_time is the same.
  const Dataset runs = concatenate({field("a", 0, 6, 1), field("b", 6, 0, 2)});
  EXPECT_EQ(runs.at("t").dimensions[0], "time");
  EXPECT_THAT(values(runs, "step"), ElementsAre(6, 0));
  EXPECT_EQ(runs.at("valid_time").shape.rank(), 0);
}

TEST(ScalarAxis, TimesWithAnotherReferenceAreReexpressed) {
  std::vector<Dataset> inputs{field("a", 0, 0, 1), field("b", 0, 0, 2)};
  for (Variable& variable : inputs[1].variables) {
    if (variable.attributes.find("units") == nullptr || variable.name == "lat") continue;
    variable.attributes.set("units", AttributeValue::text("hours since 1900-01-02"));
  }
  const Dataset joined = concatenate(inputs);
  EXPECT_THAT(values(joined, "time"), ElementsAre(0, 24));
  EXPECT_THAT(values(joined, "valid_time"), ElementsAre(0, 24));
}

TEST(ScalarAxis, BoundsFollow) {
  const auto one = [](const std::string& name, double day) {
    return dataset_with(
        name, {scalar("time", day, {{"units", "days since 2000-01-01"}, {"bounds", "tb"}}),
               variable_with<double>("tb", {"nv"}, {2}, {day - 0.5, day + 0.5}),
               variable_with<float>("t", {"x"}, {1}, {1}, {{"coordinates", "time"}})});
  };
  const Dataset joined = concatenate({one("a", 1), one("b", 2)});
  EXPECT_EQ(joined.at("tb").dimensions, (std::vector<std::string>{"time", "nv"}));
  EXPECT_THAT(values(joined, "tb"), ElementsAre(0.5, 1.5, 1.5, 2.5));
}

TEST(ScalarAxis, ATimeThatNobodyNamesStillTellsFilesApart) {
  const auto one = [](const std::string& name, double day) {
    return dataset_with(name, {scalar("time", day, {{"units", "days since 2000-01-01"}}),
                               variable_with<float>("hyam", {"lev"}, {2}, {1, 2}),
                               variable_with<float>("t", {"y", "x"}, {1, 2}, {7, 8})});
  };
  const Dataset joined = concatenate({one("a", 1), one("b", 2)});
  EXPECT_EQ(joined.at("t").shape, Index({2, 1, 2}));
  EXPECT_EQ(joined.at("hyam").shape, Index({2}));
}

TEST(ScalarAxis, AFileOfOneTimeBesideFilesOfMany) {
  const Dataset joined =
      concatenate({fields("a", 0, 1), field("last", 4, 0, 5), fields("b", 2, 3)});
  EXPECT_THAT(values(joined, "time"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(values(joined, "valid_time"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(values(joined, "t"), ElementsAre(1, -1, 2, -2, 3, -3, 4, -4, 5, -5));
  EXPECT_EQ(joined.at("step").shape.rank(), 0);
  // The place of the new dimension is that of the others.
  const auto member = [](const std::string& name, std::vector<std::int64_t> times) {
    const auto n = static_cast<std::int64_t>(times.size());
    const Texts coordinates{{"coordinates", "number time"}};
    Variable time = axis_with<std::int64_t>("time", times, {{"units", kUnits}});
    std::vector<float> numbers;
    for (const float number : {100.f, 200.f}) {
      for (const auto t : times) numbers.push_back(number + static_cast<float>(t));
    }
    Variable t = variable_with<float>("t", {"number", "time"}, {2, n}, numbers, coordinates);
    if (n == 1) {
      time = scalar<std::int64_t>("time", times[0], {{"units", kUnits}});
      t = variable_with<float>("t", {"number"}, {2}, numbers, coordinates);
    }
    return dataset_with(name, {axis_with<int>("number", {0, 1}), time, t});
  };
  const Dataset ensemble = concatenate({member("b", {3}), member("a", {1, 2})});
  EXPECT_EQ(ensemble.at("t").dimensions, (std::vector<std::string>{"number", "time"}));
  EXPECT_THAT(values(ensemble, "t"), ElementsAre(101, 102, 103, 201, 202, 203));
}

TEST(ScalarAxis, VariablesAndTimesInAnyOrder) {
  const auto one = [](const std::string& variable, double day, float value) {
    return dataset_with(
        variable + std::to_string(day),
        {scalar("time", day, {{"units", "days since 2000-01-01"}}),
         variable_with<float>(variable, {"x"}, {1}, {value}, {{"coordinates", "time"}})});
  };
  const Dataset joined =
      concatenate({one("t", 1, 1), one("p", 2, 4), one("p", 1, 3), one("t", 2, 2)});
  EXPECT_THAT(values(joined, "t"), ElementsAre(1, 2));
  EXPECT_THAT(values(joined, "p"), ElementsAre(3, 4));
}

TEST(ScalarAxis, LevelsGoTheWayThatTheySay) {
  const auto level = [](const std::string& name, double pressure) {
    return dataset_with(name,
                        {scalar("isobaricInhPa", pressure, {{"stored_direction", "decreasing"}}),
                         variable_with<float>("t", {"x"}, {1}, {static_cast<float>(pressure)},
                                              {{"coordinates", "isobaricInhPa"}})});
  };
  const Dataset joined = concatenate({level("a", 500), level("b", 850)});
  EXPECT_THAT(values(joined, "t"), ElementsAre(850, 500));
}

// GRIB files with levels that do not go together: each group has times of its own.
TEST(ScalarAxis, GroupsJoinSideBySide) {
  const auto group = [](Dataset& dataset, const std::string& path, Dataset part) {
    dataset.groups.push_back({path, part.groups[0].dimensions, {}});
    for (Variable& variable : part.variables) {
      variable.group = path;
      dataset.variables.push_back(std::move(variable));
    }
  };
  const auto one = [&](const std::string& name, std::int64_t time, float value, bool many) {
    Dataset dataset = dataset_with(name, {});
    for (const char* path : {"surface", "upper"}) {
      group(dataset, path, many ? fields(name, time, value) : field(name, time, 0, value));
    }
    return dataset;
  };
  for (const bool many : {false, true}) {
    const Dataset joined = concatenate({one("b", 2, 3, false), one("a", 0, 1, many)});
    const std::vector<double> wanted =
        many ? std::vector<double>{1, -1, 2, -2, 3, -3} : std::vector<double>{1, -1, 3, -3};
    for (const std::string path : {"surface", "upper"}) {
      EXPECT_THAT(values(joined, (path + "/t").c_str()), ElementsAreArray(wanted));
      EXPECT_EQ(joined.at(path + "/time").shape[0], many ? 3 : 2);
    }
    EXPECT_EQ(joined.groups[1].dimensions[0].size, many ? 3 : 2);
  }
  const Dataset whole = concatenate({one("a", 0, 1, true), one("b", 2, 3, true)});
  EXPECT_THAT(values(whole, "upper/time"), ElementsAre(0, 1, 2, 3));
  // Another order in one of the groups.
  Dataset crossed = one("c", 0, 1, false);
  Dataset later = one("d", 6, 1, false);
  std::swap(crossed.variables[0], later.variables[0]);
  EXPECT_EQ(crossed.variables[0].path(), "surface/time");
  ErrorKind kind{};
  EXPECT_THAT(message_of(
                  [&] {
                    concatenate({crossed, later});
                  },
                  kind),
              HasSubstr("want different orders"));
  EXPECT_EQ(kind, ErrorKind::corrupt);
}

struct ScalarRefusal {
  const char* name;
  std::vector<Dataset> inputs;
  std::vector<const char*> words;
};

TEST(ScalarAxis, RefusesWithNamesAndValues) {
  std::vector<ScalarRefusal> refusals;
  refusals.push_back({"repeated", {field("a", 0, 0, 1), field("b", 0, 0, 2)}, {"nothing tells"}});
  refusals.push_back({"twice",
                      {field("a", 0, 0, 1), field("b", 6, 0, 2), field("c", 0, 0, 3)},
                      {"coordinate time", "1900-01-01T00:00:00", "a has", "c has"}});
  refusals.push_back({"static field", {field("a", 0, 0, 1), field("b", 6, 0, 2)}, {"mask"}});
  refusals.back().inputs[1].variables.back() = variable_with<int>("mask", {"lat"}, {2}, {0, 7});
  refusals.push_back({"two",
                      {field("a", 0, 0, 1), field("b", 6, 0, 2)},
                      {"differ in 3 scalars", "time", "level", "join those"}});
  for (std::size_t i = 0; i < 2; ++i) {
    refusals.back().inputs[i].variables.push_back(
        scalar("level", static_cast<double>(i), {{"axis", "Z"}}));
  }
  refusals.push_back(
      {"calendar", {field("a", 0, 0, 1), field("b", 6, 0, 2)}, {"calendars differ"}});
  refusals.back().inputs[1].variables[0].attributes.set("calendar", AttributeValue::text("noleap"));
  for (const ScalarRefusal& refusal : refusals) {
    ErrorKind kind{};
    const std::string message = message_of([&] { concatenate(refusal.inputs); }, kind);
    EXPECT_EQ(kind, ErrorKind::corrupt) << refusal.name << ": " << message;
    for (const char* word : refusal.words) EXPECT_THAT(message, HasSubstr(word)) << refusal.name;
  }
}

TEST(UnitDimension, IsInsertedAnywhere) {
  const Variable plain = variable_with<int>("v", {"a", "b"}, {2, 3}, {0, 1, 2, 3, 4, 5});
  for (int at = 0; at <= 2; ++at) {
    const Variable wide = with_unit_dimension(plain, "new", at);
    EXPECT_EQ(wide.dimensions[static_cast<std::size_t>(at)], "new");
    EXPECT_EQ(wide.shape[at], 1);
    EXPECT_THAT(to_doubles(read_array(wide).view()), ElementsAre(0, 1, 2, 3, 4, 5));
    Box box = whole_box(wide.shape);
    const int b = at <= 1 ? 2 : 1;
    box.begin[b] = 1, box.shape[b] = 2;
    EXPECT_THAT(to_doubles(read_array(wide, box).view()), ElementsAre(1, 2, 4, 5));
  }
}

}  // namespace
}  // namespace gridmill
