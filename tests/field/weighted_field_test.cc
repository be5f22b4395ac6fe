// Oracles: the elements' own numbers, and means added up one by one.
#include "gridmill/field/weighted_field.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "doubles/memory_leaves.h"
#include "gridmill/base/error.h"
#include "gridmill/field/field_json.h"
#include "gridmill/field/patches_source.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

// time, lat, level, lon; each element is its number in C order.
constexpr std::int64_t kTimes = 5, kLatitudes = 6, kLevels = 2, kLongitudes = 8;

Dataset numbered_dataset(bool has_missing) {
  const Shape shape{kTimes, kLatitudes, kLevels, kLongitudes};
  Array content(types::float32, shape);
  for (std::int64_t i = 0; i < content.size(); ++i) {
    const bool is_missing = has_missing && i % 5 == 2;
    content.values<float>()[i] = is_missing ? std::nanf("") : static_cast<float>(i);
  }
  Variable variable;
  variable.name = "t";
  variable.type = types::float32;
  variable.shape = shape;
  variable.dimensions = {"time", "lat", "level", "lon"};
  variable.blocks.push_back({Index::filled(4, 0),
                             std::make_shared<MemoryLeaves>(std::move(content), Shape{2, 4, 1, 3}),
                             "memory"});
  Dataset dataset;
  dataset.location = "memory";
  dataset.variables.push_back(std::move(variable));
  return dataset;
}

float element_at(std::int64_t time, std::int64_t latitude, std::int64_t level,
                 std::int64_t longitude) {
  return static_cast<float>(((time * kLatitudes + latitude) * kLevels + level) * kLongitudes +
                            longitude);
}

// What the engine does, on one thread.
Array values_in(const Field& field, const Box& region) {
  Array out(field.type(), region.shape);
  if (const auto* source = dynamic_cast<const Source*>(&field)) {
    CodecContext context;
    Buffer stored;
    source->leaves(region, [&](const Leaf& leaf) {
      std::vector<Part> parts;
      source->scatter(leaf, region, out.view(), parts);
      EXPECT_FALSE(parts.empty()) << "a leaf without a part would be read in vain";
      leaf.reader->fetch(leaf.position, stored);
      leaf.reader->decode(leaf.position, stored, parts, out.strings(), context);
    });
    return out;
  }
  const auto& operation = dynamic_cast<const Operator&>(field);
  const Array input = values_in(*operation.inputs()[0], operation.needs(0, region));
  const ArrayView view = input.view();
  operation.compute(std::span(&view, 1), region, out.view());
  return out;
}

const std::vector<Box>& some_patches() {
  // A rectangle across leaves, a single cell, a row, the rectangle again in part.
  static const std::vector<Box> kPatches{
      {{2, 1}, {3, 4}}, {{5, 7}, {1, 1}}, {{0, 0}, {1, 8}}, {{3, 2}, {2, 2}}};
  return kPatches;
}

std::vector<Index> cells_of_patches() {
  std::vector<Index> cells;
  for (const Box& patch : some_patches()) {
    for_each_position(patch, [&](const Index& at) { cells.push_back(at); });
  }
  return cells;
}

std::shared_ptr<const Source> some_cells(const Dataset& dataset) {
  return patches_source(variable_source(dataset.variables[0], "memory"), {1, 3},
                        std::make_shared<std::vector<Box>>(some_patches()));
}

TEST(PatchesSource, ReadsAnyRegionInOrder) {
  const Dataset dataset = numbered_dataset(false);
  const auto cells = some_cells(dataset);
  const std::vector<Index> positions = cells_of_patches();
  EXPECT_EQ(cells->shape(), (Shape{kTimes, kLevels, 25}));
  EXPECT_EQ(cells->dimensions(), (std::vector<std::string>{"time", "level", kCellsDimension}));
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    Box region = whole_box(cells->shape());
    for (int d = 0; d < 3; ++d) {
      const std::int64_t extent = cells->shape()[d];
      region.begin[d] = std::uniform_int_distribution<std::int64_t>(0, extent - 1)(random);
      region.shape[d] =
          std::uniform_int_distribution<std::int64_t>(1, extent - region.begin[d])(random);
    }
    const Array got = values_in(*cells, region);
    std::int64_t i = 0;
    for_each_position(region, [&](const Index& at) {
      const Index& cell = positions[static_cast<std::size_t>(at[2])];
      ASSERT_EQ(got.values<float>()[i++], element_at(at[0], cell[0], at[1], cell[1]));
    });
  }
}

TEST(PatchesSource, VisitsALeafOnceForAllItsPatches) {
  const Dataset dataset = numbered_dataset(false);
  const auto source = patches_source(variable_source(dataset.variables[0], "memory"), {1, 3},
                                     std::make_shared<std::vector<Box>>(std::vector<Box>{
                                         {{0, 0}, {2, 2}}, {{1, 1}, {2, 2}}, {{3, 4}, {2, 1}}}));
  int leaves = 0;
  source->leaves({{0, 0, 0}, {2, 1, 10}}, [&](const Leaf&) { ++leaves; });
  EXPECT_EQ(leaves, 3);  // of latitudes and longitudes (0, 0), (0, 1), (1, 1)
}

TEST(PatchesSource, HasTheMissingValueOfItsInput) {
  const Dataset dataset = numbered_dataset(false);
  const MissingValue own = variable_source(dataset.variables[0], "memory")->missing_value();
  const MissingValue missing = some_cells(dataset)->missing_value();
  EXPECT_FALSE(missing.element.empty());
  EXPECT_EQ(missing.element, own.element);
  EXPECT_EQ(missing.variable, own.variable);
}

TEST(PatchesSource, RefusesWhatIsOutsideTheGrid) {
  const Dataset dataset = numbered_dataset(false);
  for (const Box& patch : {Box{{4, 0}, {3, 1}}, Box{{-1, 0}, {1, 1}}, Box{{0, 7}, {1, 2}}}) {
    EXPECT_THROW(patches_source(variable_source(dataset.variables[0], "memory"), {1, 3},
                                std::make_shared<std::vector<Box>>(1, patch)),
                 Error);
  }
}

// Three points: 12 cells, none, 13.
std::shared_ptr<const PointWeights> some_weights() {
  auto weights = std::make_shared<PointWeights>();
  weights->first = {0, 12, 12, 25};
  for (int i = 0; i < 25; ++i) weights->weights.push_back(0.25 + 0.5 * i);
  return weights;
}

TEST(WeightedField, IsTheMeanOfItsCells) {
  const auto weights = some_weights();
  const std::vector<Index> positions = cells_of_patches();
  for (const bool has_missing : {false, true}) {
    const Dataset dataset = numbered_dataset(has_missing);
    for (const MissingCells missing : {MissingCells::spread, MissingCells::left_out}) {
      const FieldPtr field = weighted_field(some_cells(dataset), weights, missing);
      EXPECT_EQ(field->shape(), (Shape{kTimes, kLevels, 3}));
      EXPECT_EQ(field->type(), types::float64);
      EXPECT_EQ(field->dimensions().back(), kPointsDimension);
      const Array got = values_in(*field, whole_box(field->shape()));
      std::int64_t i = 0;
      for_each_position(whole_box(field->shape()), [&](const Index& at) {
        double sum = 0, whole = 0;
        const auto point = static_cast<std::size_t>(at[2]);
        for (auto c = static_cast<std::size_t>(weights->first[point]);
             c < static_cast<std::size_t>(weights->first[point + 1]); ++c) {
          const float value = element_at(at[0], positions[c][0], at[1], positions[c][1]);
          const bool is_missing = has_missing && static_cast<std::int64_t>(value) % 5 == 2;
          if (is_missing && missing == MissingCells::left_out) continue;
          sum += is_missing ? std::nan("") : weights->weights[c] * static_cast<double>(value);
          whole += weights->weights[c];
        }
        const double mean = got.values<double>()[i++];
        if (whole > 0 && !std::isnan(sum)) {
          ASSERT_DOUBLE_EQ(mean, sum / whole) << to_string(at);
        } else {
          ASSERT_TRUE(std::isnan(mean)) << to_string(at);
        }
      });
    }
  }
}

TEST(WeightedField, PartsAreTheWholeBitForBit) {
  const Dataset dataset = numbered_dataset(true);
  const FieldPtr field =
      weighted_field(some_cells(dataset), some_weights(), MissingCells::left_out);
  const Array whole = values_in(*field, whole_box(field->shape()));
  const auto& operation = dynamic_cast<const Operator&>(*field);
  EXPECT_EQ(operation.needs(0, {{1, 0, 2}, {2, 1, 1}}), (Box{{1, 0, 12}, {2, 1, 13}}));
  std::int64_t i = 0;
  for_each_position(whole_box(field->shape()), [&](const Index& at) {
    const Array one = values_in(*field, {at, {1, 1, 1}});
    const double value = whole.values<double>()[i++];
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(one.values<double>()[0]));
    } else {
      EXPECT_EQ(one.values<double>()[0], value);
    }
  });
}

TEST(WeightedField, WhatDoesNotFitIsRefused) {
  const Dataset dataset = numbered_dataset(false);
  auto weights = std::make_shared<PointWeights>(*some_weights());
  weights->first.back() = 24;
  EXPECT_THROW((void)weighted_field(some_cells(dataset), weights, MissingCells::spread), Error);
  weights->first.back() = 25;
  weights->weights[3] = 0;
  EXPECT_THROW((void)weighted_field(some_cells(dataset), weights, MissingCells::spread), Error);
}

class WeightedJson : public ::testing::Test, public FieldSurroundings {
 protected:
  const Dataset& dataset(const std::string&) override { return dataset_; }
  std::shared_ptr<Store> store(const std::string&) override {
    throw Error(ErrorKind::corrupt, "no store");
  }
  SidePtr side(const std::string&) override { throw Error(ErrorKind::corrupt, "no side"); }

  Dataset dataset_ = numbered_dataset(true);
};

TEST_F(WeightedJson, ComesBack) {
  const FieldPtr field =
      weighted_field(some_cells(dataset_), some_weights(), MissingCells::left_out);
  const FieldPtr again = field_from_json(parse_json(dump_json(field->to_json())), *this);
  EXPECT_EQ(again->to_json(), field->to_json());
  EXPECT_EQ(again->shape(), field->shape());
  const Box region{{1, 0, 0}, {1, 1, 1}};
  EXPECT_EQ(values_in(*again, region).values<double>()[0],
            values_in(*field, region).values<double>()[0]);
  Json bad = field->to_json();
  bad["missing"] = "sometimes";
  EXPECT_THROW((void)field_from_json(bad, *this), Error);
  bad = field->to_json();
  bad["weights"] = "heavy";
  EXPECT_THROW((void)field_from_json(bad, *this), Error);
  bad = field->to_json();
  bad["input"]["patches"][0]["begin"] = {6, 0};
  EXPECT_THROW((void)field_from_json(bad, *this), Error);
}

}  // namespace
}  // namespace gridmill
