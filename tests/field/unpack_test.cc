#include "gridmill/field/unpack.h"

#include <gtest/gtest.h>

#include <cmath>

#include "doubles/memory_leaves.h"
#include "gridmill/base/error.h"
#include "gridmill/field/sources.h"

namespace gridmill {
namespace {

Variable packed_variable() {
  Array content(types::int16, {2, 3});
  for (std::int64_t i = 0; i < 6; ++i) {
    content.values<std::int16_t>()[i] = static_cast<std::int16_t>(i * 100 - 200);
  }
  content.values<std::int16_t>()[4] = -32767;
  Variable variable;
  variable.name = "t";
  variable.type = types::int16;
  variable.dimensions = {"y", "x"};
  variable.shape = {2, 3};
  variable.attributes.set("scale_factor", AttributeValue::floats(types::float64, {0.5}));
  variable.attributes.set("add_offset", AttributeValue::floats(types::float64, {10}));
  variable.attributes.set("_FillValue", AttributeValue::integers(types::int16, {-32767}));
  variable.blocks.push_back(
      {{0, 0}, std::make_shared<MemoryLeaves>(std::move(content), Shape{2, 3}), "memory"});
  return variable;
}

TEST(UnpackField, ComputesValuesAndNan) {
  const Variable variable = packed_variable();
  const FieldPtr field = unpack_field(variable_source(variable, "m"), packing_of(variable));
  const auto* operation = dynamic_cast<const Operator*>(field.get());
  ASSERT_NE(operation, nullptr);
  EXPECT_EQ(field->type(), types::float64);
  EXPECT_EQ(field->shape(), Shape({2, 3}));
  EXPECT_EQ(field->dimensions(), variable.dimensions);
  const Box region{{1, 0}, {1, 3}};
  EXPECT_EQ(operation->needs(0, region), region);
  Array in(types::int16, {1, 3});
  in.values<std::int16_t>()[0] = 100;
  in.values<std::int16_t>()[1] = -32767;
  in.values<std::int16_t>()[2] = 300;
  Array out(types::float64, {1, 3});
  const ArrayView inputs[] = {in.view()};
  operation->compute(inputs, region, out.view());
  EXPECT_EQ(out.values<double>()[0], 60.0);
  EXPECT_TRUE(std::isnan(out.values<double>()[1]));
  EXPECT_EQ(out.values<double>()[2], 160.0);
  EXPECT_EQ(field->to_json()["operator"], "unpack");
}

TEST(UnpackField, WhatIsNotPackedStaysItself) {
  Variable variable = packed_variable();
  variable.attributes = {};
  const FieldPtr source = variable_source(variable, "m");
  EXPECT_EQ(unpack_field(source, packing_of(variable)), source);
}

TEST(UnpackField, AnotherTypeIsOurMistake) {
  Variable variable = packed_variable();
  const FieldPtr source = variable_source(variable, "m");
  variable.type = types::int32;
  EXPECT_THROW(unpack_field(source, packing_of(variable)), Error);
}

}  // namespace
}  // namespace gridmill
