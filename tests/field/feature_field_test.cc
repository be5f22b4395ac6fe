// Oracles: closed forms step by step, and the same field computed in other pieces.
#include "gridmill/field/feature_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <numbers>
#include <random>

#include "doubles/memory_leaves.h"
#include "gridmill/array/copy.h"
#include "gridmill/field/field_json.h"
#include "gridmill/field/side.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kSteps = 60;
constexpr std::int64_t kPoints = 5;
constexpr Instant kHour_us = 3600 * kSecond_us;

class FeatureFieldTest : public ::testing::Test, public FieldSurroundings {
 protected:
  FeatureFieldTest() {
    std::mt19937 random(7);
    std::normal_distribution<double> normal(0, 1);
    std::vector<float> t, u;
    for (std::int64_t i = 0; i < kSteps * kPoints; ++i) {
      t.push_back(random() % 13 == 0 ? std::nanf("") : static_cast<float>(280 + normal(random)));
      u.push_back(static_cast<float>(normal(random)));
    }
    add("t", {"time", "point"}, {kSteps, kPoints}, t, "K");
    add("u", {"point", "time"}, {kPoints, kSteps}, u, "m s-1");
    add("v", {"time", "point"}, {kSteps, kPoints}, u, "m/s");
    add("oro", {"point"}, {kPoints}, {0, 10, 20, 30, 40}, "m");
    add("odd", {"time", "point"}, {kSteps, kPoints}, u, "(0 - 1)");
    add("angle", {"point"}, {kPoints}, {0, 30, 90, 180, 270}, "degrees");
    use_axis(even_axis(6));
  }

  void add(const std::string& name, std::vector<std::string> dimensions, const Shape& shape,
           const std::vector<float>& values, const std::string& units) {
    Array content(types::float32, shape);
    std::copy(values.begin(), values.end(), content.values<float>());
    Variable variable;
    variable.name = name;
    variable.type = types::float32;
    variable.dimensions = std::move(dimensions);
    variable.shape = shape;
    Shape chunk;
    for (const std::int64_t size : shape) chunk.push_back(std::max<std::int64_t>(1, size / 3));
    variable.blocks = {{Index::filled(shape.rank(), 0),
                        std::make_shared<MemoryLeaves>(std::move(content), chunk), "memory"}};
    units_[name] = units;
    data_.variables.push_back(std::move(variable));
    data_.location = "memory";
  }

  static std::vector<Instant> even_axis(std::int64_t hours) {
    std::vector<Instant> times;
    for (std::int64_t i = 0; i < kSteps; ++i) times.push_back(i * hours * kHour_us);
    return times;
  }

  void use_axis(std::vector<Instant> times, Calendar calendar = Calendar::standard) {
    around_ = {};
    around_.dimensions = {"time", "point"};
    around_.shape = {kSteps, kPoints};
    around_.axis = std::make_shared<FeatureAxis>("time", calendar, std::move(times));
    around_.names = data_.variable_paths();
    around_.variable = [this](const std::string& name) -> std::optional<FeatureVariable> {
      const Variable* variable = data_.find(name);
      if (variable == nullptr) return std::nullopt;
      return FeatureVariable{variable_source(*variable, "memory"), units_.at(name)};
    };
  }

  const Dataset& dataset(const std::string&) override { return data_; }
  std::shared_ptr<Store> store(const std::string&) override { return nullptr; }
  SidePtr side(const std::string&) override { return nullptr; }

  static void evaluate(const Field& field, const Box& region, const MutableArrayView& into) {
    if (const auto* source = dynamic_cast<const Source*>(&field)) {
      const SidePtr all = load_side("all", *source, 1 << 20);
      copy_array(all->values.view().part(region), into);
      return;
    }
    const auto& operation = dynamic_cast<const Operator&>(field);
    std::vector<Array> inputs;
    std::vector<ArrayView> views;
    for (std::size_t i = 0; i < operation.inputs().size(); ++i) {
      const Box needed = operation.needs(static_cast<int>(i), region);
      inputs.emplace_back(operation.inputs()[i]->type(), needed.shape);
      evaluate(*operation.inputs()[i], needed, inputs.back().view());
    }
    for (const Array& input : inputs) views.push_back(input.view());
    operation.compute(views, region, into);
  }

  static std::vector<double> values(const Field& field) {
    Array out(field.type(), field.shape());
    evaluate(field, whole_box(field.shape()), out.view());
    return to_doubles(out.view());
  }

  std::vector<double> values(const std::string& expression) {
    return values(*make_feature(expression, around_).field);
  }

  std::string refusal_of(const std::string& expression) {
    try {
      (void)make_feature(expression, around_);
    } catch (const Error& error) {
      kind_ = error.kind();
      return error.what();
    }
    ADD_FAILURE() << expression << " was taken";
    return "";
  }

  std::string units_of(const std::string& expression) {
    return make_feature(expression, around_).units;
  }

  Dataset data_;
  std::map<std::string, std::string> units_;
  FeatureSurroundings around_;
  ErrorKind kind_ = ErrorKind::internal;
};

std::size_t at(std::int64_t step, std::int64_t point) {
  return static_cast<std::size_t>(step * kPoints + point);
}

void expect_same_bits(double a, double b, const std::string& where) {
  if (std::isnan(a) && std::isnan(b)) return;
  EXPECT_EQ(std::bit_cast<std::uint64_t>(a), std::bit_cast<std::uint64_t>(b)) << where;
}

const std::vector<std::string> kExpressions{
    "t - 273.15",
    "u * 2 + number(oro) / 10",
    "mean(t, 5)",
    "mean(t, 24h, least=1)",
    "std(t, 9, least=2) / max(t, 2d, least=1)",
    "min(u, 7) < max(u, 3) and not isnan(t)",
    "sum(u, 11)",
    "quantile(u, 0.9, 8)",
    "lag(t, 6h) - lead(t, 12h)",
    "diff(mean(t, 4, least=1), 1d)",
    "anomaly(t, month)",
    "anomaly(mean(t, 3, least=1), hour) * hour_sin()",
    "anomaly(t, dayofyear, hour)",
    "wind_direction(u, v) + number(oro)",
    "where(u > 0, t, lag(t, 3)) * dayofyear_cos()",
    "deaccumulate(u)",
    "oro * oro",
    "hour() + 1",
    "lag(u, 100)",
};

TEST_F(FeatureFieldTest, PiecesAreTheSameBitForBit) {
  std::mt19937 random(11);
  std::vector<Instant> uneven;
  for (std::int64_t i = 0, time = 0; i < kSteps; ++i) {
    uneven.push_back(time * kHour_us);
    time += 3 * (1 + static_cast<std::int64_t>(random() % 3));
  }
  for (const bool is_even : {true, false}) {
    use_axis(is_even ? even_axis(6) : uneven);
    for (const std::string& expression : kExpressions) {
      const FieldPtr field = make_feature(expression, around_).field;
      const std::vector<double> whole = values(*field);
      const ChunkGrid all(field->shape(), Index::filled(field->shape().rank(), 1));
      for (int trial = 0; trial < 12; ++trial) {
        Shape piece;
        for (const std::int64_t size : field->shape()) {
          piece.push_back(1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(size)));
        }
        const ChunkGrid pieces(field->shape(), piece);
        const Box region = pieces.box_of(pieces.position(
            static_cast<std::int64_t>(random() % static_cast<unsigned>(pieces.size()))));
        Array out(types::float64, region.shape);
        evaluate(*field, region, out.view());
        std::size_t i = 0;
        for_each_position(region, [&](const Index& position) {
          expect_same_bits(out.values<double>()[i++],
                           whole[static_cast<std::size_t>(all.ordinal(position))], expression);
        });
      }
    }
  }
}

TEST_F(FeatureFieldTest, ValuesByClosedForms) {
  const auto t = values("t + 0"), u = values("u + 0");
  const auto mean = values("mean(u, 3)"), lag = values("lag(u, 12h)"), lead = values("lead(u, 1)");
  const auto sums = values("sum(u, 18h)"), diff = values("diff(u, 2)"),
             speed = values("hypot(u, v)");
  for (std::int64_t s = 0; s < kSteps; ++s) {
    for (std::int64_t p = 0; p < kPoints; ++p) {
      const std::string where = fmt::format("step {} point {}", s, p);
      if (s < 2) {
        EXPECT_TRUE(std::isnan(mean[at(s, p)]) && std::isnan(lag[at(s, p)])) << where;
        continue;
      }
      const double sum = u[at(s, p)] + u[at(s - 1, p)] + u[at(s - 2, p)];
      EXPECT_NEAR(mean[at(s, p)], sum / 3, 1e-12) << where;
      EXPECT_NEAR(sums[at(s, p)], sum, 1e-12) << where;
      EXPECT_EQ(lag[at(s, p)], u[at(s - 2, p)]) << where;
      EXPECT_EQ(diff[at(s, p)], u[at(s, p)] - u[at(s - 2, p)]) << where;
      if (s + 1 < kSteps) {
        EXPECT_EQ(lead[at(s, p)], u[at(s + 1, p)]) << where;
      }
    }
  }
  EXPECT_EQ(speed.size(), t.size());
}

TEST_F(FeatureFieldTest, StaticVariablesAreRepeated) {
  const FieldPtr field = make_feature("u * 0 + number(oro)", around_).field;
  EXPECT_EQ(field->dimensions(), (std::vector<std::string>{"time", "point"}));
  EXPECT_EQ(values(*field)[at(17, 3)], 30);
  const FieldPtr still = make_feature("2 * oro", around_).field;
  EXPECT_EQ(still->dimensions(), std::vector<std::string>{"point"});
  EXPECT_EQ(values(*still), (std::vector<double>{0, 20, 40, 60, 80}));
  EXPECT_EQ(make_feature("month()", around_).field->dimensions(), std::vector<std::string>{"time"});
}

TEST_F(FeatureFieldTest, ReadsNoFurtherThanItReaches) {
  const FieldPtr field = make_feature("mean(t, 5) + lag(t, 12h) + number(u)", around_).field;
  const auto& operation = dynamic_cast<const Operator&>(*field);
  ASSERT_EQ(operation.inputs().size(), 2u);
  const Box region{{20, 1}, {10, 2}};
  EXPECT_EQ(operation.needs(0, region), (Box{{16, 1}, {14, 2}}));
  EXPECT_EQ(operation.needs(1, region), (Box{{1, 20}, {2, 10}}));
  const FieldPtr whole = make_feature("anomaly(t, month)", around_).field;
  EXPECT_EQ(dynamic_cast<const Operator&>(*whole).needs(0, region), (Box{{0, 1}, {kSteps, 2}}));
}

TEST_F(FeatureFieldTest, CalendarOfEveryKind) {
  use_axis(even_axis(24));
  EXPECT_EQ(values("dayofyear()")[59], 60);
  EXPECT_EQ(values("month()")[31], 2);
  EXPECT_EQ(values("year()")[0], 1970);
  use_axis(even_axis(24), Calendar::day_360);
  EXPECT_EQ(values("month()")[30], 2);
  EXPECT_NEAR(values("dayofyear_sin()")[30], std::sin(2 * std::numbers::pi * 30 / 360), 1e-15);
  use_axis(even_axis(6));
  EXPECT_EQ(values("hour()")[3], 18);
  EXPECT_NEAR(values("hour_sin()")[1], 1, 1e-15);
  EXPECT_NEAR(values("hour_cos()")[2], -1, 1e-15);
}

TEST_F(FeatureFieldTest, TimesAreLookedUpWhereTheAxisIsUneven) {
  std::vector<Instant> times;
  for (std::int64_t i = 0; i < kSteps; ++i) times.push_back((i < 4 ? i : 2 * i) * kHour_us);
  use_axis(times);  // 0 1 2 3 8 10 12 ... hours
  const auto u = values("u + 0"), lag = values("lag(u, 2h)");
  EXPECT_TRUE(std::isnan(lag[at(1, 0)]) && std::isnan(lag[at(4, 0)]));
  EXPECT_EQ(lag[at(2, 0)], u[at(0, 0)]);
  EXPECT_EQ(lag[at(5, 0)], u[at(4, 0)]);
  const auto window = values("sum(u, 3h, least=1)");
  EXPECT_EQ(window[at(4, 0)], u[at(4, 0)]);
  EXPECT_NEAR(window[at(5, 0)], u[at(4, 0)] + u[at(5, 0)], 1e-12);
}

TEST_F(FeatureFieldTest, WindsAndAccumulations) {
  data_.variables.clear();
  std::vector<float> u(kSteps * kPoints, 0), v(kSteps * kPoints, 0), rain;
  const float us[] = {0, 0, -5, 5, 0}, vs[] = {-5, 5, 0, 0, 0};
  for (std::int64_t i = 0; i < kSteps * kPoints; ++i) {
    u[static_cast<std::size_t>(i)] = us[i % kPoints];
    v[static_cast<std::size_t>(i)] = vs[i % kPoints];
    rain.push_back(static_cast<float>((i / kPoints) % 4 * 2 + 1));  // 1 3 5 7 1 3 ...
  }
  add("u", {"time", "point"}, {kSteps, kPoints}, u, "m s-1");
  add("v", {"time", "point"}, {kSteps, kPoints}, v, "m s-1");
  add("tp", {"time", "point"}, {kSteps, kPoints}, rain, "m");
  const auto direction = values("wind_direction(u, v)");
  EXPECT_EQ(direction[0], 0);    // from the north
  EXPECT_EQ(direction[1], 180);  // from the south
  EXPECT_EQ(direction[2], 90);
  EXPECT_EQ(direction[3], 270);
  EXPECT_TRUE(std::isnan(direction[4]));
  EXPECT_EQ(values("wind_speed(u, v)")[2], 5);
  const auto amounts = values("deaccumulate(tp)");
  EXPECT_TRUE(std::isnan(amounts[at(0, 0)]));
  EXPECT_EQ(amounts[at(1, 0)], 2);
  EXPECT_EQ(amounts[at(4, 0)], 1);
}

TEST_F(FeatureFieldTest, UnitsFollow) {
  EXPECT_EQ(units_of("t"), "K");
  EXPECT_EQ(units_of("t - 273.15"), "K");
  EXPECT_EQ(units_of("u / 2"), "m s-1");
  EXPECT_EQ(units_of("wind_speed(u, v)"), "m s-1");
  EXPECT_EQ(units_of("wind_direction(u, v)"), "degree");
  EXPECT_EQ(units_of("u > 0"), "1");
  EXPECT_EQ(units_of("oro ** 2"), "m2");
  EXPECT_EQ(units_of("sqrt(oro ** 2)"), "m");
  EXPECT_EQ(units_of("sin(angle)"), "1");
  EXPECT_NEAR(values("sin(angle)")[1], 0.5, 1e-12);
  EXPECT_EQ(units_of("exp(t / lag(t, 1))"), "1");
  EXPECT_EQ(units_of("number(t) * 2"), "1");
}

TEST_F(FeatureFieldTest, MistakesAreRefusedBeforeAnythingIsRead) {
  EXPECT_THAT(refusal_of("tt + 1"), HasSubstr("column 1: there is no variable tt (did you mean t"));
  EXPECT_EQ(kind_, ErrorKind::not_found);
  EXPECT_THAT(refusal_of("mea(t, 3)"), HasSubstr("did you mean mean"));
  EXPECT_THAT(refusal_of("t + u"), HasSubstr("\"K\" and \"m s-1\""));
  EXPECT_THAT(refusal_of("exp(t)"), HasSubstr("exp wants a number without units"));
  EXPECT_THAT(refusal_of("sqrt(oro)"), HasSubstr("number(x)"));
  EXPECT_THAT(refusal_of("mean(oro, 3)"), HasSubstr("the dimension of time"));
  EXPECT_THAT(refusal_of("mean(t)"), HasSubstr("w is missing: it is mean(x, w[, least])"));
  EXPECT_THAT(refusal_of("mean(t, 3, 1, 1)"), HasSubstr("too many"));
  EXPECT_THAT(refusal_of("mean(t, w=3, w=4)"), HasSubstr("second time"));
  EXPECT_THAT(refusal_of("mean(t, width=3)"), HasSubstr("there is no argument width"));
  EXPECT_THAT(refusal_of("mean(t, 0)"), HasSubstr("whole number from 1"));
  EXPECT_THAT(refusal_of("mean(t, 3, least=4)"), HasSubstr("never holds"));
  EXPECT_THAT(refusal_of("max(t, 0)"), HasSubstr("max2(a, b)"));
  EXPECT_THAT(refusal_of("lag(t, 5h)"), HasSubstr("no multiple"));
  EXPECT_THAT(refusal_of("quantile(t, 2, 5)"), HasSubstr("share from 0 to 1"));
  EXPECT_THAT(refusal_of("anomaly(t, week)"), HasSubstr("month, dayofyear or hour"));
  EXPECT_THAT(refusal_of("t + 6h"), HasSubstr("duration 6h"));
  EXPECT_THAT(refusal_of("1 + 2"), HasSubstr("names no variable"));
  std::vector<Instant> falling = even_axis(6);
  std::reverse(falling.begin(), falling.end());
  use_axis(falling);
  EXPECT_THAT(refusal_of("lag(t, 1)"), HasSubstr("times that rise"));
}

TEST_F(FeatureFieldTest, UnknownUnitsPassWithANote) {
  const Feature feature = make_feature("odd + t", around_);
  EXPECT_EQ(feature.units, "");
  ASSERT_EQ(feature.notes.size(), 1u);
  EXPECT_THAT(feature.notes[0], HasSubstr("(0 - 1)"));
  EXPECT_EQ(make_feature("odd + t", around_, "K").units, "K");
  const Feature wind = make_feature("wind_speed(u, v)", around_, "meters per second");
  EXPECT_EQ(wind.units, "meters per second");
  EXPECT_EQ(wind.conversion, "");
}

void expect_scaled(const std::vector<double>& own, const std::vector<double>& converted,
                   double factor, double offset, const std::string& where) {
  ASSERT_EQ(own.size(), converted.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (std::isnan(own[i])) {
      EXPECT_TRUE(std::isnan(converted[i])) << where;
    } else {
      EXPECT_NEAR(converted[i], own[i] * factor + offset, 1e-10) << where;
    }
  }
}

TEST_F(FeatureFieldTest, DeclaredUnitsConvert) {
  struct Case {
    std::string expression, declared;
    double factor, offset;
  };
  const std::vector<Case> cases{
      {"t", "degC", 1, -273.15},
      {"mean(t, 3, least=1)", "degF", 1.8, -459.67},
      {"where(u > 0, t, nan)", "degC", 1, -273.15},
      {"t - anomaly(t, month)", "degC", 1, -273.15},
      {"wind_speed(u, v)", "km/h", 3.6, 0},
      {"oro / oro", "%", 100, 0},
      {"t / lag(t, 1)", "m", 1, 0},  // only gains the name
      {"number(t) - 273.15", "degC", 1, 0},
      {"number(t)", "%", 1, 0},
      // Differences have no offset.
      {"anomaly(t, month)", "degC", 1, 0},
      {"anomaly(t, month) * 2", "K", 1, 0},
      {"diff(t, 1)", "degF", 1.8, 0},
      {"t - lag(t, 24h)", "degC", 1, 0},
      {"std(t, 9, least=2)", "degC", 1, 0},
      {"mean(diff(t, 1), 3, least=1)", "degC", 1, 0},
      {"abs(t - lag(t, 1))", "degC", 1, 0},
      {"(t - lag(t, 1)) + diff(t, 2)", "degC", 1, 0},
      {"hypot(diff(t, 1), diff(t, 2))", "degC", 1, 0},
  };
  for (const Case& one : cases) {
    const std::string where = one.expression + " in " + one.declared;
    const Feature feature = make_feature(one.expression, around_, one.declared);
    EXPECT_EQ(feature.units, one.declared) << where;
    const auto own = values(one.expression), converted = values(*feature.field);
    expect_scaled(own, converted, one.factor, one.offset, where);
    const FieldPtr again = field_from_json(parse_json(dump_json(feature.field->to_json())), *this);
    const auto repeated = values(*again);
    ASSERT_EQ(converted.size(), repeated.size()) << where;
    for (std::size_t i = 0; i < converted.size(); ++i) {
      expect_same_bits(converted[i], repeated[i], where);
    }
  }
  EXPECT_EQ(make_feature("t", around_, "degC").conversion, "x in \"K\" is x - 273.15 in \"degC\"");
  EXPECT_EQ(make_feature("u", around_, "km/h").conversion, "x in \"m s-1\" is x * 3.6 in \"km/h\"");
}

TEST_F(FeatureFieldTest, WhatDoesNotConvertIsRefusedWithTheWayOut) {
  const auto refused = [&](const std::string& expression, const std::string& declared) {
    try {
      (void)make_feature(expression, around_, declared);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      return std::string(error.what());
    }
    ADD_FAILURE() << expression << " was taken in " << declared;
    return std::string();
  };
  EXPECT_EQ(
      refused("t", "m"),
      "its units are \"K\" by the expression, and not \"m\"; number(x) is x without its units");
  // Seconds and hertz are no two scales of one thing.
  add("period", {"point"}, {kPoints}, {1, 2, 3, 4, 5}, "s");
  use_axis(even_axis(6));
  EXPECT_THAT(refused("period", "Hz"), HasSubstr("and not \"Hz\""));
  // 273.15 K may be a value or a difference.
  for (const std::string expression : {"t - 273.15", "t + t", "-t", "sum(t, 3)"}) {
    EXPECT_THAT(refused(expression, "degC"), HasSubstr("unclear whether")) << expression;
    EXPECT_EQ(make_feature(expression, around_, "kelvin").units, "kelvin") << expression;
  }
  // A number may be there to convert: it must not happen twice.
  for (const std::string expression :
       {"u * 3.6", "3.6 * u", "u / (1 / 3.6)", "mean(u * 3.6, 3)", "sqrt((u * 3.6) ** 2)",
        "u * 3.6 + v", "abs(u * 3.6)", "where(u > 0, u * 3.6, v)", "max2(u * 3.6, v)"}) {
    EXPECT_THAT(refused(expression, "km/h"), HasSubstr("a number multiplies there")) << expression;
    EXPECT_EQ(make_feature(expression, around_, "m/s").units, "m/s") << expression;
  }
}

TEST_F(FeatureFieldTest, DifferencesGoWithTheValuesOfTheirScale) {
  std::vector<float> celsius;
  for (std::int64_t i = 0; i < kSteps * kPoints; ++i) celsius.push_back(static_cast<float>(i % 37));
  add("c", {"time", "point"}, {kSteps, kPoints}, celsius, "degC");
  use_axis(even_axis(6));
  EXPECT_EQ(units_of("c - anomaly(c, month)"), "degC");
  EXPECT_EQ(units_of("c + anomaly(c, month)"), "degC");
  EXPECT_EQ(units_of("anomaly(c, month) + c"), "degC");
  EXPECT_EQ(units_of("c - c + c"), "degC");
  EXPECT_EQ(units_of("c + diff(t, 1)"), "degC");
  EXPECT_EQ(units_of("t + anomaly(c, month)"), "K");
  EXPECT_EQ(units_of("c - c"), "K");
  EXPECT_EQ(units_of("diff(c, 1) - diff(t, 1)"), "K");
  EXPECT_EQ(units_of("c - 2 * std(c, 5)"), "degC");
  EXPECT_EQ(values("c - c + c")[at(7, 2)], 0);  // 7 * 5 + 2 is 37
  expect_scaled(values("c + 0"), values(*make_feature("c - c + c", around_, "K").field), 1, 273.15,
                "c - c + c in K");
  EXPECT_THAT(refusal_of("t - c"), HasSubstr("x in \"degC\" is x + 273.15 in \"K\""));
  EXPECT_THAT(refusal_of("c + diff(u, 1)"), HasSubstr("units of different things"));
  // No offset leads from one to the other.
  for (const std::string expression :
       {"c > anomaly(c, month)", "anomaly(c, month) - c", "max2(c, diff(c, 1))", "c + (t - 273.15)",
        "where(c > 0, c, std(c, 5))"}) {
    const std::string refusal = refusal_of(expression);
    EXPECT_THAT(refusal, HasSubstr("don't go together")) << expression;
    EXPECT_THAT(refusal, Not(HasSubstr("273.15"))) << expression;
  }
}

TEST_F(FeatureFieldTest, ComesBackFromJson) {
  for (const std::string& expression : kExpressions) {
    const FieldPtr field = make_feature(expression, around_).field;
    const Json json = parse_json(dump_json(field->to_json()));
    const FieldPtr again = field_from_json(json, *this);
    EXPECT_EQ(again->to_json(), field->to_json());
    const auto before = values(*field), after = values(*again);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      expect_same_bits(before[i], after[i], expression);
    }
  }
}

TEST_F(FeatureFieldTest, WorkingMemoryIsWhatItSaid) {
  for (const std::string& expression : kExpressions) {
    const FieldPtr field = make_feature(expression, around_).field;
    const auto& operation = dynamic_cast<const Operator&>(*field);
    EXPECT_GT(operation.scratch_bytes(whole_box(field->shape())), 0) << expression;
    EXPECT_EQ(operation.with_inputs(operation.inputs())->shape(), field->shape());
  }
}

}  // namespace
}  // namespace gridmill
