// Oracles: whole fields against parts of them, bit for bit; the closed forms of the climate by
// regression; the boxes that were planted.
#include "gridmill/field/synthetic_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/field/synthetic_climate.h"

namespace gridmill {
namespace {

SyntheticRecipe weather(SyntheticKind kind, const Shape& shape) {
  SyntheticRecipe recipe;
  recipe.kind = kind;
  recipe.variable = "v";
  recipe.seed = 3;
  recipe.shape = shape;
  for (int d = 0; d < shape.rank(); ++d) recipe.dimensions.push_back("d" + std::to_string(d));
  recipe.first = 90;
  recipe.step = shape.rank() == 3 ? -180.0 / static_cast<double>(shape[1] - 1) : 1;
  recipe.quantum = 1.0 / 64;
  return recipe;
}

Array evaluate(const FieldPtr& field, const Box& region) {
  Array out(field->type(), region.shape);
  dynamic_cast<const Operator&>(*field).compute({}, region, out.view());
  return out;
}

Array whole(const FieldPtr& field) { return evaluate(field, whole_box(field->shape())); }

void expect_part(const Array& all, const FieldPtr& field, const Box& region) {
  const Array part = evaluate(field, region);
  Array expected(field->type(), region.shape);
  copy_array(all.view().part(region), expected.view());
  ASSERT_EQ(0, std::memcmp(part.view().data, expected.view().data,
                           static_cast<std::size_t>(part.view().byte_size())))
      << to_string(region);
}

TEST(SyntheticField, NoCutShows) {
  for (const SyntheticKind kind : {SyntheticKind::temperature, SyntheticKind::rain,
                                   SyntheticKind::zonal_wind, SyntheticKind::feature}) {
    SyntheticRecipe recipe = weather(kind, {7, 19, 36});
    recipe.ordinals = Ordinals({{0, 0}, {3, 2}, {5, 9}});
    recipe.missing = {{{1, 2, 3}, {2, 4, 20}}};
    recipe.rough = {{{0, 0, 0}, {4, 19, 36}}};
    const FieldPtr field = synthetic_field(recipe);
    const Array all = whole(field);
    for (const Box& region : {Box{{0, 0, 0}, {1, 19, 36}}, Box{{2, 3, 5}, {5, 16, 17}},
                              Box{{6, 18, 35}, {1, 1, 1}}, Box{{0, 0, 19}, {7, 1, 17}}}) {
      expect_part(all, field, region);
    }
  }
}

TEST(SyntheticField, NoCutShowsAtStations) {
  SyntheticRecipe recipe = weather(SyntheticKind::temperature, {200, 50});
  recipe.outages = 0.2;
  const FieldPtr field = synthetic_field(recipe);
  const Array all = whole(field);
  for (const Box& region : {Box{{0, 0}, {200, 1}}, Box{{47, 13}, {3, 30}}, Box{{60, 49}, {9, 1}}}) {
    expect_part(all, field, region);
  }
  double silent = 0;
  for (const double value : to_doubles(all.view())) silent += std::isnan(value) ? 1 : 0;
  EXPECT_NEAR(silent / 10000, 0.2, 0.08);
}

TEST(SyntheticField, WritesIntoAnyStrides) {
  const FieldPtr field = synthetic_field(weather(SyntheticKind::temperature, {2, 7, 12}));
  const Array all = whole(field);
  Array turned(types::float32, {12, 7, 2});
  MutableArrayView view = turned.view();
  std::swap(view.shape[0], view.shape[2]);
  std::swap(view.strides[0], view.strides[2]);
  dynamic_cast<const Operator&>(*field).compute({}, whole_box(field->shape()), view);
  for_each_position(whole_box(field->shape()), [&](const Index& at) {
    ASSERT_EQ(0, std::memcmp(view.at(at), all.view().at(at), sizeof(float)));
  });
}

TEST(SyntheticField, TheSameFieldComesOfItsJson) {
  SyntheticRecipe recipe = weather(SyntheticKind::rain, {5, 19, 36});
  recipe.ordinals = Ordinals({{0, 0}, {3, 2}});
  recipe.missing = {{{1, 2, 3}, {2, 4, 20}}};
  const FieldPtr field = synthetic_field(recipe);
  const Json json = parse_json(dump_json(field->to_json()));
  const FieldPtr again = synthetic_field(synthetic_recipe_from_json(json, "a test"));
  EXPECT_EQ(again->to_json(), field->to_json());
  const Array before = whole(field), after = whole(again);
  EXPECT_EQ(0, std::memcmp(before.view().data, after.view().data,
                           static_cast<std::size_t>(before.view().byte_size())));
}

TEST(SyntheticField, WhatStandsTwiceIsTheSame) {
  SyntheticRecipe recipe = weather(SyntheticKind::temperature, {4, 19, 36});
  recipe.ordinals = Ordinals({{0, 0}, {2, 1}});  // 0, 1, 1, 2
  const Array values = whole(synthetic_field(recipe));
  const auto* map = values.values<float>();
  constexpr std::size_t kMap = 19 * 36;
  EXPECT_TRUE(std::equal(map + kMap, map + 2 * kMap, map + 2 * kMap));
  EXPECT_FALSE(std::equal(map, map + kMap, map + kMap));
}

// By regression on cosine and sine of the local hour, at the equator.
TEST(SyntheticField, HasADay) {
  const FieldPtr field = synthetic_field(weather(SyntheticKind::temperature, {24 * 365, 5, 8}));
  const Array equator = evaluate(field, {{0, 2, 0}, {24 * 365, 1, 8}});
  double cosine = 0, sine = 0;
  for (int t = 0; t < 24 * 365; ++t) {
    for (int i = 0; i < 8; ++i) {
      const double angle = 2 * std::numbers::pi * (t / 24.0 + i / 8.0);
      const double value = equator.values<float>()[t * 8 + i];
      cosine += value * std::cos(angle) / (12.0 * 365 * 8);
      sine += value * std::sin(angle) / (12.0 * 365 * 8);
    }
  }
  EXPECT_NEAR(std::hypot(cosine, sine), climate_at(SyntheticKind::temperature, 0).day, 0.5);
  EXPECT_NEAR(std::atan2(sine, cosine) * 12 / std::numbers::pi, 14 - 24, 0.5);
}

TEST(SyntheticField, HasOppositeSummers) {
  const SyntheticRecipe recipe = weather(SyntheticKind::temperature, {24 * 365, 5, 8});
  const FieldPtr field = synthetic_field(recipe);
  const auto mean = [&](std::int64_t day, std::int64_t row) {
    double sum = 0;
    for (const double value :
         to_doubles(evaluate(field, {{24 * day, row, 0}, {24 * 30, 1, 8}}).view())) {
      sum += value / (24 * 30 * 8);
    }
    return sum;
  };
  EXPECT_GT(mean(181, 1), mean(0, 1) + 10);  // July and January, 45 degrees north
  EXPECT_LT(mean(181, 3), mean(0, 3) - 10);  // and south
}

TEST(SyntheticField, RainIsMostlyNone) {
  const Array values = whole(synthetic_field(weather(SyntheticKind::rain, {48, 19, 36})));
  double dry = 0, most = 0;
  for (const double value : to_doubles(values.view())) {
    ASSERT_GE(value, 0);
    dry += value == 0 ? 1 : 0;
    most = std::max(most, value);
  }
  const double share = dry / (48 * 19 * 36);
  EXPECT_GT(share, 0.5);
  EXPECT_LT(share, 0.95);
  EXPECT_GT(most, 1);
}

TEST(SyntheticField, IsRoundedButWhereItIsRough) {
  SyntheticRecipe recipe = weather(SyntheticKind::zonal_wind, {4, 19, 36});
  recipe.rough = {{{2, 0, 0}, {1, 19, 36}}};
  const Array values = whole(synthetic_field(recipe));
  int uneven = 0;
  for (int i = 0; i < 4 * 19 * 36; ++i) {
    const float quanta = values.values<float>()[i] * 64;
    const bool is_rough = i / (19 * 36) == 2;
    if (is_rough) {
      uneven += quanta != std::round(quanta) ? 1 : 0;
    } else {
      ASSERT_EQ(quanta, std::round(quanta));
    }
  }
  EXPECT_GT(uneven, 600);
}

TEST(SyntheticField, MissingIsWhatWasPlanted) {
  SyntheticRecipe recipe = weather(SyntheticKind::temperature, {4, 19, 36});
  const Box hole{{1, 5, 30}, {2, 3, 6}};
  recipe.missing = {hole};
  const Array values = whole(synthetic_field(recipe));
  for_each_position(whole_box(recipe.shape), [&](const Index& at) {
    float value = 0;
    std::memcpy(&value, values.view().at(at), sizeof value);
    ASSERT_EQ(std::isnan(value), contains(hole, {at, {1, 1, 1}})) << to_string(at);
  });
}

TEST(SyntheticField, Coordinates) {
  SyntheticRecipe recipe;
  recipe.kind = SyntheticKind::steps;
  recipe.variable = "time";
  recipe.type = types::int64;
  recipe.dimensions = {"time"};
  recipe.shape = {5};
  recipe.ordinals = Ordinals({{0, 0}, {2, 1}, {4, 7}});
  EXPECT_EQ(to_doubles(whole(synthetic_field(recipe)).view()),
            (std::vector<double>{0, 1, 1, 2, 7}));
  recipe.kind = SyntheticKind::latitude;
  recipe.type = types::float64;
  recipe.shape = {1000};
  double sum = 0;
  for (const double latitude : to_doubles(whole(synthetic_field(recipe)).view())) {
    ASSERT_LE(std::abs(latitude), 90);
    sum += std::sin(latitude * std::numbers::pi / 180) / 1000;
  }
  EXPECT_NEAR(sum, 0, 0.07);  // even on the sphere
  recipe.kind = SyntheticKind::name;
  recipe.type = types::string;
  const FieldPtr names = synthetic_field(recipe);
  const Array some = evaluate(names, {{42}, {2}});
  EXPECT_EQ(some.values<StringRef>()[0].view(), "S00042");
  EXPECT_EQ(some.values<StringRef>()[1].view(), "S00043");
}

TEST(SyntheticField, WhatItCantBeIsRefused) {
  EXPECT_THROW(synthetic_field(weather(SyntheticKind::feature, {4, 5})), Error);
  SyntheticRecipe recipe = weather(SyntheticKind::rain, {4, 19, 36});
  recipe.type = types::float64;
  EXPECT_THROW(synthetic_field(recipe), Error);
  recipe.type = types::float32;
  recipe.missing = {{{3, 0, 0}, {2, 1, 1}}};
  EXPECT_THROW(synthetic_field(recipe), Error);
  EXPECT_THROW(Ordinals({{1, 0}}), Error);
  EXPECT_THROW(Ordinals({{0, 0}, {0, 3}}), Error);
}

}  // namespace
}  // namespace gridmill
