// Schemas: what is read and refused, and which rules of one a dataset in memory breaks.
#include "gridmill/jobs/check_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "dataset/memory_dataset.h"
#include "doubles/real_data.h"
#include "doubles/temporary_directory.h"
#include "gridmill/base/error.h"
#include "gridmill/jobs/axis_faults.h"
#include "gridmill/jobs/check.h"
#include "gridmill/jobs/first_schema.h"
#include "jobs/silent_console.h"
#include "jobs/small_inputs.h"

namespace gridmill {
namespace {

using testing::axis_with;
using testing::dataset_with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::variable_with;

const double kNan = std::numeric_limits<double>::quiet_NaN();

Schema schema_in(const std::string& yaml) { return schema_from_yaml(yaml, "s.yaml"); }

std::string schema_refusal(const std::string& yaml) {
  ErrorKind kind = ErrorKind::internal;
  const std::string message = message_of([&] { (void)schema_in(yaml); }, kind);
  EXPECT_EQ(kind, ErrorKind::invalid) << yaml << "\n" << message;
  return message;
}

Dataset weather() {
  Dataset dataset = dataset_with(
      "memory",
      {axis_with<double>("time", {0, 1, 2}, {{"units", "days since 2000-01-01"}}),
       axis_with<float>("lat", {20, 10}, {{"units", "degrees_north"}}),
       variable_with<float>("t2m", {"time", "lat"}, {3, 2}, {250, 251, 252, 253, 254, 255},
                            {{"units", "K"}, {"standard_name", "air_temperature"}})});
  dataset.groups[0].attributes.set("title", AttributeValue::text("weather"));
  return dataset;
}

std::vector<std::string> broken_rules(const Dataset& dataset, const std::string& yaml) {
  std::vector<std::string> lines;
  for (const Violation& violation : check_metadata(dataset, schema_in(yaml))) {
    lines.push_back(violation_text(violation_json(violation)));
  }
  return lines;
}

// A leaf that nobody may read.
class UnreadLeaves final : public LeafReader {
 public:
  explicit UnreadLeaves(const LeafReader& like) : LeafReader(like.type(), like.grid()) {}
  std::int64_t stored_bound() const override { return 0; }
  std::int64_t scratch_bound() const override { return 0; }
  bool fetch(const Index&, Buffer&) const override {
    throw Error(ErrorKind::internal, "a chunk was read");
  }
  void decode(const Index&, ByteView, std::span<const Part>, StringArena&,
              CodecContext&) const override {}
  void fill(std::span<const Part>, StringArena&) const override {}
  std::string describe(const Index&) const override { return "a leaf"; }
};

Dataset without_values(Dataset dataset) {
  for (Variable& variable : dataset.variables) {
    for (Block& block : variable.blocks)
      block.reader = std::make_shared<UnreadLeaves>(*block.reader);
  }
  return dataset;
}

// ---- the document

TEST(SchemaDocument, IsWhatItSays) {
  const Schema schema = schema_in(R"(
dimensions: {time: {least: 4, most: 10, unlimited: true}, lat: 90, lon: {size: 180}, any: }
variables:
  t2m: {required: false, type: [float32, float64], dimensions: [time, lat], units: K,
        range: [-.inf, 340], nan_share: 0.5, rows: {least: 2},
        attributes: {a: 1, b: 1.5, c: "1", d: [1, 2], e: }}
  time: {monotonic: strictly increasing}
  id: {unique: true}
attributes: {Conventions: CF-1.8}
extra_variables: refuse
)");
  ASSERT_EQ(schema.dimensions.size(), 4U);
  EXPECT_EQ(schema.dimensions[0].length->least, 4);
  EXPECT_EQ(schema.dimensions[0].length->most, 10);
  EXPECT_EQ(schema.dimensions[0].is_unlimited, true);
  EXPECT_EQ(schema.dimensions[1].length->most, 90);
  EXPECT_EQ(schema.dimensions[2].length->least, 180);
  EXPECT_FALSE(schema.dimensions[3].length);
  const VariableRule& t2m = schema.variables.at(0);
  EXPECT_FALSE(t2m.is_required);
  EXPECT_THAT(t2m.types, ElementsAre("float32", "float64"));
  EXPECT_EQ(t2m.range->least, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(t2m.rows->least, 2);
  EXPECT_EQ(t2m.attributes[0].value, 1);
  EXPECT_EQ(t2m.attributes[1].value, 1.5);
  EXPECT_EQ(t2m.attributes[2].value, "1");
  EXPECT_EQ(t2m.attributes[3].value, Json::parse("[1, 2]"));
  EXPECT_TRUE(t2m.attributes[4].value.is_null());
  EXPECT_EQ(schema.find("time")->order, Order::strictly_increasing);
  EXPECT_TRUE(schema.find("id")->is_unique);
  EXPECT_TRUE(schema.refuses_extra_variables);
}

TEST(SchemaDocument, WrittenAndReadItIsTheSame) {
  const std::string yaml = schema_to_yaml(schema_in(R"(
dimensions: {time: {least: 4, unlimited: false}, lat: 90, "no": {}, z: {size: 3, unlimited: true}}
variables:
  "odd name: #1": {type: int16, dimensions: [], attributes: {x: "true", y: 1.5, z: [1, 2], w: }}
  t: {units: ["", K], standard_name: "a \"b\"", range: [-1e30, .inf], nan_share: 0, rows: 5}
  u: {required: false, monotonic: decreasing, unique: true}
  v: {}
)"),
                                          {"a remark"});
  EXPECT_EQ(schema_to_yaml(schema_in(yaml), {"a remark"}), yaml);
  EXPECT_THAT(yaml, HasSubstr("# a remark\n"));
  EXPECT_THAT(yaml, HasSubstr("\"no\": {}"));
  EXPECT_EQ(schema_in(yaml).variables[0].attributes[0].value, "true");
}

TEST(SchemaDocument, RefusalsNameFileAndLine) {
  EXPECT_THAT(schema_refusal("variables:\n  t: {rnage: [1, 2]}\n"),
              HasSubstr("schema s.yaml: line 2: variable t: there is no rule rnage (did you mean "
                        "range?)"));
  EXPECT_THAT(schema_refusal("variables:\n  t:\n    range: [2, 1]\n"), HasSubstr("line 3: "));
  EXPECT_THAT(schema_refusal("variables:\n  t: {range: [2, 1]}\n"), HasSubstr("reversed"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {range: [1, x]}\n"), HasSubstr("not a number"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {range: 3}\n"), HasSubstr("two numbers"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {range: [1, .nan]}\n"), HasSubstr("not a number"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {nan_share: 2}\n"), HasSubstr("no share"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {type: floot32}\n"), HasSubstr("float32"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {monotonic: up}\n"), HasSubstr("increasing"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {unique: 1}\n"), HasSubstr("neither true nor"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {dimensions: [a, b], unique: true}\n"),
              HasSubstr("one dimension"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {monotonic: strictly increasing, unique: false}\n"),
              HasSubstr("is unique"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {units: []}\n"), HasSubstr("allows nothing"));
  EXPECT_THAT(schema_refusal("variables:\n  t: {}\n  t: {}\n"), HasSubstr("line 3: "));
  EXPECT_THAT(schema_refusal("dimensions: {x: {least: 3, most: 2}}\n"), HasSubstr("less than"));
  EXPECT_THAT(schema_refusal("dimensions: {x: {size: 3, most: 2}}\n"), HasSubstr("no choice"));
  EXPECT_THAT(schema_refusal("dimensions: {x: -1}\n"), HasSubstr("whole number"));
  EXPECT_THAT(schema_refusal("dimensions: [x]\n"), HasSubstr("mapping"));
  EXPECT_THAT(schema_refusal("extra_variables: maybe\n"), HasSubstr("neither allow"));
  EXPECT_THAT(schema_refusal("variable: {}\n"), HasSubstr("did you mean variables?"));
  EXPECT_THAT(schema_refusal("variables: {t: [\n"), HasSubstr("not YAML"));
  EXPECT_THAT(schema_refusal(""), HasSubstr("empty"));
}

// ---- metadata

TEST(CheckSchema, WhatIsMetIsSilent) {
  EXPECT_THAT(broken_rules(weather(), R"(
dimensions: {time: {least: 3}, lat: 2}
variables:
  t2m: {type: float32, dimensions: [time, lat], units: [degC, K], standard_name: air_temperature,
        rows: 3}
  time: {monotonic: strictly increasing, range: [0, 2], nan_share: 0, rows: {most: 3}}
  lat: {monotonic: strictly decreasing, unique: true, range: [-90, 90]}
  absent: {required: false, type: int8}
attributes: {title: weather}
extra_variables: refuse
)"),
              IsEmpty());
}

TEST(CheckSchema, EveryViolationIsNamedInTheSchemasOrder) {
  EXPECT_THAT(
      broken_rules(weather(), R"(
dimensions: {time: {most: 2}, lat: {unlimited: true}, lon: {}}
variables:
  t2m: {type: [int16, float64], dimensions: [lat, time], units: degC, standard_name: t,
        attributes: {units: degC, note: }, rows: {least: 4}}
  lat: {monotonic: increasing, range: [-90, 15]}
  tm: {}
attributes: {title: climate}
)"),
      ElementsAre(
          "dimension time: size: wanted at most 2, found 3",
          "dimension lat: unlimited: wanted true, found false",
          HasSubstr("dimension lon: required: wanted a dimension of this name, found none"),
          "t2m: type: wanted int16 or float64, found float32",
          "t2m: dimensions: wanted (lat, time), found (time, lat)",
          "t2m: units: wanted degC, found K", "t2m: standard_name: wanted t, found air_temperature",
          "t2m: attributes.units: wanted degC, found K",
          "t2m: attributes.note: wanted any, found none", "t2m: rows: wanted at least 4, found 3",
          "lat: monotonic: wanted increasing, found positions 0 and 1 are 20 and 10, at "
          "(1), lat 10",
          "lat: range: wanted -90 to 15, found 1 of 2 values outside, the first is 20; "
          "they go from 10 to 20, at (0), lat 20",
          HasSubstr("tm: required: wanted a variable of this name, found none"),
          "attributes.title: wanted climate, found weather"));
  EXPECT_THAT(broken_rules(weather(), "variables: {t2m: {}, time: {}}\nextra_variables: refuse"),
              ElementsAre(HasSubstr("lat: extra_variables")));
}

TEST(CheckSchema, MetadataAloneReadNoChunk) {
  const Dataset dataset = without_values(weather());
  EXPECT_THAT(broken_rules(dataset, R"(
dimensions: {time: 3}
variables:
  t2m: {type: float32, dimensions: [time, lat], units: K, range: [0, 1], nan_share: 0, rows: 3}
  time: {units: days since 2000-01-01}
)"),
              IsEmpty());
  ErrorKind kind = ErrorKind::invalid;
  EXPECT_THAT(message_of([&] { broken_rules(dataset, "variables: {time: {unique: true}}"); }, kind),
              HasSubstr("a chunk was read"));
}

TEST(CheckSchema, AttributesAreComparedAsTheirTypeHasThem) {
  Dataset dataset = weather();
  Attributes& attributes = dataset.variables[2].attributes;
  attributes.set("scale", AttributeValue::floats(types::float32, {static_cast<double>(0.1F)}));
  attributes.set("levels", AttributeValue::integers(types::int32, {1, 2}));
  attributes.set("one", AttributeValue::integers(types::int16, {5}));
  EXPECT_THAT(broken_rules(dataset,
                           "variables: {t2m: {attributes: {scale: 0.1, levels: [1, 2], "
                           "one: 5}}}"),
              IsEmpty());
  EXPECT_THAT(broken_rules(dataset,
                           "variables: {t2m: {attributes: {scale: 0.2, levels: [1], "
                           "one: \"5\"}}}"),
              ElementsAre(HasSubstr("scale"), HasSubstr("levels"), HasSubstr("one")));
}

TEST(CheckSchema, ValuesThatAreNoNumbersHaveNoRange) {
  Dataset dataset = weather();
  dataset.variables[2].type = types::bytes(4);
  EXPECT_THAT(broken_rules(dataset, "variables: {t2m: {range: [0, 1]}}"),
              ElementsAre(HasSubstr("found values of type bytes(4)")));
}

// ---- order and uniqueness

template <class T>
std::optional<AxisFault> fault_of(const std::vector<T>& values, Order order) {
  const Variable axis = axis_with<T>("x", values);
  return order_fault(axis, read_array(axis), order);
}

TEST(AxisFaults, OrderIsStrictOrNot) {
  EXPECT_FALSE(fault_of<int>({1, 1, 2}, Order::increasing));
  EXPECT_FALSE(fault_of<int>({2, 1, 1}, Order::decreasing));
  EXPECT_EQ(fault_of<int>({1, 1, 2}, Order::strictly_increasing)->position, 1);
  EXPECT_EQ(fault_of<int>({3, 2, 2}, Order::strictly_decreasing)->position, 2);
  EXPECT_EQ(fault_of<double>({1, 3, 2}, Order::increasing)->what, "positions 1 and 2 are 3 and 2");
  EXPECT_EQ(fault_of<double>({1, kNan, 2}, Order::increasing)->position, 1);
  EXPECT_FALSE(fault_of<double>({}, Order::strictly_increasing));
  EXPECT_FALSE(fault_of<double>({5}, Order::strictly_decreasing));
}

TEST(AxisFaults, IntegersOf64BitsAreExact) {
  const std::int64_t large = (std::int64_t{1} << 60) + 1;
  EXPECT_FALSE(fault_of<std::int64_t>({large, large + 1}, Order::strictly_increasing));
  const Variable axis = axis_with<std::int64_t>("x", {large, large + 1, large});
  EXPECT_EQ(duplicate_fault(axis, read_array(axis))->position, 2);
}

TEST(AxisFaults, MissingValuesAreEqualToEachOther) {
  const Variable axis = axis_with<double>("x", {3, kNan, 1, kNan, 3});
  const auto fault = duplicate_fault(axis, read_array(axis));
  EXPECT_EQ(fault->what, "positions 1 and 3 are nan and nan");
  const Variable once = axis_with<double>("x", {3, kNan, 1});
  EXPECT_FALSE(duplicate_fault(once, read_array(once)));
}

TEST(AxisFaults, ScaledNumbersAreWhatTheyMean) {
  Variable axis = axis_with<std::int16_t>("x", {1, 2, 3});
  axis.attributes.set("scale_factor", AttributeValue::floats(types::float64, {-0.5}));
  EXPECT_FALSE(order_fault(axis, read_array(axis), Order::strictly_decreasing));
  EXPECT_EQ(order_fault(axis, read_array(axis), Order::increasing)->what,
            "positions 0 and 1 are -0.5 and -1");
}

RC_GTEST_PROP(AxisFaults, AgreesWithTheDefinition, (const std::vector<int>& values)) {
  const Variable axis = axis_with<int>("x", values);
  const Array stored = read_array(axis);
  const auto rises = std::adjacent_find(values.begin(), values.end(), std::greater<>());
  RC_ASSERT(!order_fault(axis, stored, Order::increasing) == (rises == values.end()));
  const std::set<int> distinct(values.begin(), values.end());
  RC_ASSERT(!duplicate_fault(axis, stored) == (distinct.size() == values.size()));
}

// ---- ranges

TEST(Widened, IsWiderInRoundNumbers) {
  const auto ends = [](double least, double greatest) {
    const Bounds wide = widened({least, greatest});
    return std::pair(wide.least, wide.greatest);
  };
  EXPECT_EQ(ends(223.4, 311.9), std::pair(210.0, 330.0));
  EXPECT_EQ(ends(-1.83, 30.1), std::pair(-6.0, 34.0));
  EXPECT_EQ(ends(0, 0.013), std::pair(0.0, 0.015));
  EXPECT_EQ(ends(-5, 0), std::pair(-5.5, 0.0));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ends(-infinity, infinity), std::pair(-infinity, infinity));
}

RC_GTEST_PROP(Widened, HoldsWhatWasFound, (double a, double b)) {
  RC_PRE(!std::isnan(a) && !std::isnan(b));
  const Bounds found{std::min(a, b), std::max(a, b)};
  const Bounds wide = widened(found);
  RC_ASSERT(wide.least <= found.least);
  RC_ASSERT(wide.greatest >= found.greatest);
  RC_ASSERT(found.least < 0 || wide.least >= 0);
}

RC_GTEST_PROP(RangeCounts, PartsMakeTheWhole, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(1, 40);
  const auto cut = *rc::gen::inRange<std::size_t>(0, size + 1);
  std::vector<double> values;
  for (std::size_t i = 0; i < size; ++i) {
    const int drawn = *rc::gen::inRange(-5, 6);
    values.push_back(drawn == 5 ? kNan : drawn);
  }
  const Bounds bounds{-2, 3};
  const auto count = [&](std::size_t begin, std::size_t end) {
    Array part(types::float64, {static_cast<std::int64_t>(end - begin)});
    std::copy(values.begin() + static_cast<std::ptrdiff_t>(begin),
              values.begin() + static_cast<std::ptrdiff_t>(end), part.values<double>());
    RangeCount found = count_range(part.view(), bounds);
    if (found.first_outside >= 0) found.first_outside += static_cast<std::int64_t>(begin);
    if (found.first_missing >= 0) found.first_missing += static_cast<std::int64_t>(begin);
    return found;
  };
  const RangeCount whole = count(0, size);
  const RangeCount parts = merged(count(cut, size), count(0, cut));  // in any order
  RC_ASSERT(parts.count == whole.count);
  RC_ASSERT(parts.missing == whole.missing);
  RC_ASSERT(parts.outside == whole.outside);
  RC_ASSERT(parts.first_outside == whole.first_outside);
  RC_ASSERT(parts.first_missing == whole.first_missing);
  RC_ASSERT(parts.minimum == whole.minimum || (std::isnan(parts.minimum) && whole.count == 0));
  const auto is_outside = [](double value) { return value < -2 || value > 3; };
  const auto first = std::find_if(values.begin(), values.end(), is_outside);
  RC_ASSERT(whole.first_outside == (first == values.end() ? -1 : first - values.begin()));
}

// ---- a first schema, and the check of it

class SchemaOfFiles : public ::testing::Test {
 protected:
  // Of the schema that the file itself gave.
  Json check_own(const std::string& path, bool values) {
    const Workplace workplace{directory_.files(), *clock_, console_, {}};
    FirstSchemaOptions first;
    first.inputs = {path};
    first.output = directory_ / "s.yaml";
    first.values = values;
    first.overwrite = true;
    first.resources.memory = 64 << 20;
    first.resources.threads = 2;
    const Json made = first_schema(first, workplace);
    EXPECT_EQ(schema_to_yaml(load_schema(first.output, directory_.files()), {}),
              schema_to_yaml(schema_in(made["yaml"].get<std::string>()), {}));
    CheckOptions options;
    options.inputs = {path};
    options.schema = first.output;
    options.resources = first.resources;
    return check(options, workplace);
  }

  void expect_met(const std::string& path) {
    for (const bool values : {false, true}) {
      const Json report = check_own(path, values);
      EXPECT_TRUE(report["ok"].get<bool>()) << path << "\n" << report.dump(2);
      EXPECT_EQ(report["bytes_read"].get<std::int64_t>() > 0, values) << path;
    }
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Clock> clock_ = system_clock();
  SilentConsole console_;
};

TEST_F(SchemaOfFiles, IsMetByThem) {
  for (const Input input : {Input::zarr, Input::classic, Input::hdf5, Input::grib}) {
    const std::string path = directory_ / std::string(name_of(input));
    make_small_input(input, directory_.files(), path);
    expect_met(path);
  }
}

TEST_F(SchemaOfFiles, IsMetByRealOnes) {
  const std::string folder = real_data();
  if (folder.empty()) GTEST_SKIP() << "no real data";
  for (const char* name : {"fields_with_missing_values.grib", "lambert_grid.grib",
                           "regular_gg_ml_g2.grib", "rotated_pole.nc", "ostia_monthly.nc",
                           "eraint_uvz.nc", "orca2_votemper.nc", "A1B_north_america.nc"}) {
    const Json report = check_own(folder + "/" + name, true);
    EXPECT_TRUE(report["ok"].get<bool>()) << name << "\n" << report.dump(2);
  }
}

}  // namespace
}  // namespace gridmill
