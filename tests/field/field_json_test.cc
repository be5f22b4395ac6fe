// Fields, written as JSON and built again, against what they read before.
#include "gridmill/field/field_json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "doubles/memory_leaves.h"
#include "gridmill/base/error.h"
#include "gridmill/field/mask.h"
#include "gridmill/field/sources.h"
#include "gridmill/field/unpack.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

class FieldJson : public ::testing::Test, public FieldSurroundings {
 protected:
  FieldJson() {
    Array values(types::int16, {6, 4, 5});
    for (std::int64_t i = 0; i < values.size(); ++i) {
      values.values<std::int16_t>()[i] = static_cast<std::int16_t>(i);
    }
    Variable variable;
    variable.name = "t";
    variable.type = types::int16;
    variable.shape = {6, 4, 5};
    variable.dimensions = {"time", "lat", "lon"};
    variable.blocks = {
        {{0, 0, 0}, std::make_shared<MemoryLeaves>(std::move(values), Shape{2, 4, 3}), "memory"}};
    data_.location = "memory";
    data_.variables = {variable};
    auto mask = std::make_shared<Side>();
    mask->name = "land";
    mask->dimensions = {"lat", "lon"};
    mask->values = Array(types::float32, {4, 5});
    for (std::int64_t i = 0; i < 20; ++i) {
      mask->values.values<float>()[i] = i % 3 == 0 ? 0 : i == 10 ? std::nanf("") : 1;
    }
    land_ = mask;
  }

  const Dataset& dataset(const std::string& name) override {
    if (name == "input") return data_;
    throw Error(ErrorKind::corrupt, "no dataset " + name);
  }
  std::shared_ptr<Store> store(const std::string&) override { return store_; }
  SidePtr side(const std::string& name) override {
    if (name == "land") return land_;
    throw Error(ErrorKind::corrupt, "no side " + name);
  }

  std::shared_ptr<const Source> variable() { return variable_source(data_.variables[0], "input"); }

  // All values of a field, as doubles.
  std::vector<double> values(const Field& field) {
    Array out(field.type(), field.shape());
    evaluate(field, whole_box(field.shape()), out.view());
    return to_doubles(out.view());
  }

  void evaluate(const Field& field, const Box& region, const MutableArrayView& into) {
    if (const auto* source = dynamic_cast<const Source*>(&field)) {
      const SidePtr all = load_side("all", *source, 1 << 20);
      copy_array(all->values.view().part(region), into);
      return;
    }
    const auto& operation = dynamic_cast<const Operator&>(field);
    const Box needed = operation.needs(0, region);
    Array input(operation.inputs()[0]->type(), needed.shape);
    evaluate(*operation.inputs()[0], needed, input.view());
    const ArrayView view = input.view();
    operation.compute(std::span(&view, 1), region, into);
  }

  void expect_same_again(const FieldPtr& field) {
    // As a document: what JSON can't hold shows.
    const Json json = parse_json(dump_json(field->to_json()));
    const FieldPtr again = field_from_json(json, *this);
    EXPECT_EQ(again->to_json(), field->to_json());
    EXPECT_EQ(again->dimensions(), field->dimensions());
    EXPECT_EQ(again->shape(), field->shape());
    EXPECT_EQ(again->type(), field->type());
    const std::vector<double> before = values(*field), after = values(*again);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_TRUE(before[i] == after[i] || (std::isnan(before[i]) && std::isnan(after[i]))) << i;
    }
  }

  ErrorKind kind_of(const Json& json) {
    try {
      (void)field_from_json(json, *this);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  }

  Dataset data_;
  SidePtr land_;
  std::shared_ptr<Store> store_ = memory_store();
};

TEST_F(FieldJson, SourcesComeBack) {
  expect_same_again(variable());
  const auto slice = slice_source(variable(), {{1, 0, 2}, {4, 3, 3}});
  expect_same_again(slice);
  EXPECT_EQ(values(*slice)[0], 1 * 20 + 2);
  const auto points = points_source(variable(), {1, 2}, {{{0, 1}}, {{3, 4}}, {{0, 1}}});
  expect_same_again(points);
  EXPECT_EQ(values(*points)[3], 20 + 1);
}

TEST_F(FieldJson, OperatorsComeBack) {
  Packing packing;
  packing.packed = packing.read_as = types::int16;
  packing.unpacked = types::float32;
  packing.scale_factor = 0.1;
  packing.add_offset = 273.15;
  packing.in_double = true;
  packing.missing = {7, 119};
  expect_same_again(unpack_field(variable(), packing));
}

TEST_F(FieldJson, AMaskKeepsWhatItsSideAllows) {
  const std::int16_t missing = -999;
  const auto fill =
      FillValue::of_element(types::int16, reinterpret_cast<const std::byte*>(&missing));
  const FieldPtr masked = mask_field(variable(), land_, fill);
  expect_same_again(masked);
  const std::vector<double> kept = values(*masked);
  for (std::int64_t i = 0; i < 6 * 20; ++i) {
    const bool is_land = i % 20 % 3 != 0 && i % 20 != 10;
    EXPECT_EQ(kept[static_cast<std::size_t>(i)], is_land ? static_cast<double>(i) : -999.0) << i;
  }
  // A region in the middle: the side is looked up where the region lies.
  Array part(types::int16, {1, 2, 2});
  evaluate(*masked, {{3, 1, 1}, {1, 2, 2}}, part.view());
  EXPECT_EQ(part.values<std::int16_t>()[0], -999);  // (1, 1): 6 % 3 == 0
  EXPECT_EQ(part.values<std::int16_t>()[1], 60 + 7);
}

TEST_F(FieldJson, AMaskOfAnotherGridIsRefused) {
  const FieldPtr cut = slice_source(variable(), {{0, 0, 0}, {6, 4, 4}});
  EXPECT_THROW((void)mask_field(cut, land_, FillValue::zero(types::int16)), Error);
}

TEST_F(FieldJson, ArraysOfARunRefuseWhatIsNotThere) {
  ArrayMetadata metadata = new_array_metadata(2, types::int16, {4, 4}, {2, 4});
  metadata.fill = FillValue::null(types::int16);
  metadata.codecs = CodecChain();
  const auto source = array_source(store_, "spill", Key("t/2x4"), metadata, {"y", "x"});
  const FieldPtr again = field_from_json(source->to_json(), *this);
  EXPECT_EQ(again->to_json(), source->to_json());
  std::vector<std::int16_t> chunk(8, 5);
  store_->put(Key("t/2x4/0.0"), std::as_bytes(std::span(chunk)));
  Array out(types::int16, {2, 4});
  try {
    (void)load_side("all", dynamic_cast<const Source&>(*again), 1 << 20);
    FAIL() << "a chunk that nobody wrote was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  }
  store_->put(Key("t/2x4/1.0"), std::as_bytes(std::span(chunk)));
  EXPECT_EQ(values(*again), std::vector<double>(16, 5.0));
}

TEST_F(FieldJson, WhatIsNoFieldIsRefused) {
  const Json good = slice_source(variable(), {{0, 0, 0}, {1, 1, 1}})->to_json();
  EXPECT_EQ(kind_of(Json::array()), ErrorKind::corrupt);
  EXPECT_EQ(kind_of({{"source", 5}}), ErrorKind::corrupt);
  EXPECT_EQ(kind_of({{"source", "tap"}}), ErrorKind::unsupported);
  EXPECT_EQ(kind_of({{"operator", "bake"}, {"input", good}}), ErrorKind::unsupported);
  Json bad = good;
  bad["region"]["begin"] = {6, 0, 0};
  EXPECT_EQ(kind_of(bad), ErrorKind::invalid);
  bad["region"]["begin"] = {-1, 0, 0};
  EXPECT_EQ(kind_of(bad), ErrorKind::invalid);
  bad["region"]["begin"] = "here";
  EXPECT_EQ(kind_of(bad), ErrorKind::corrupt);
  bad = good;
  bad["input"]["variable"] = "q";
  EXPECT_EQ(kind_of(bad), ErrorKind::not_found);
  bad = good;
  bad["input"]["dataset"] = "sea";
  EXPECT_EQ(kind_of(bad), ErrorKind::corrupt);
}

TEST_F(FieldJson, ASidesDigestTellsItsContent) {
  const SidePtr side = load_side("t", *variable(), 1 << 20);
  EXPECT_EQ(side->bytes(), 6 * 4 * 5 * 2);
  EXPECT_EQ(side->digest(), load_side("other name", *variable(), 1 << 20)->digest());
  const auto part = slice_source(variable(), {{0, 0, 0}, {6, 4, 4}});
  EXPECT_NE(side->digest(), load_side("t", *part, 1 << 20)->digest());
  EXPECT_THROW((void)load_side("t", *variable(), 100), Error);
}

}  // namespace
}  // namespace gridmill
