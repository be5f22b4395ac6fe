// Sinks that look at values and store nothing: what they find doesn't depend on how the values are
// cut into units.
#include "gridmill/sink/looking_sink.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"
#include "gridmill/sink/compare_sink.h"
#include "gridmill/sink/range_sink.h"

namespace gridmill {
namespace {

Array ascending(const Shape& shape) {
  Array array(types::float32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<float>()[i] = static_cast<float>(i);
  }
  return array;
}

// Gives every unit its part of each array, and sees that nothing is to be stored.
void show(Sink& sink, const std::vector<const Array*>& arrays) {
  CodecContext context;
  EXPECT_EQ(sink.columns(), static_cast<int>(arrays.size()));
  for (std::int64_t ordinal = 0; ordinal < sink.units().size(); ++ordinal) {
    const Index unit = sink.units().position(ordinal);
    std::vector<ArrayView> views;
    for (int c = 0; c < sink.columns(); ++c) {
      const Box region = sink.region(c, unit);
      EXPECT_EQ(sink.buffer_shape(c, unit), region.shape);
      EXPECT_EQ(sink.column_type(c), types::float32);
      views.push_back(arrays[static_cast<std::size_t>(c)]->view().part(region));
    }
    Buffer out(8);
    sink.encode(unit, views, out, context);
    EXPECT_EQ(out.size(), 0u);
    EXPECT_EQ(sink.store(unit, out), std::nullopt);
  }
  EXPECT_EQ(sink.encoded_bound(), 0);
  sink.finish();
}

TEST(LookingSink, ARangeIsCountedInAnyUnits) {
  Array values = ascending({7, 9});
  values.values<float>()[20] = NAN;
  for (const Shape& unit : {Shape{7, 9}, Shape{2, 4}, Shape{1, 9}, Shape{3, 1}}) {
    const auto tally = std::make_shared<RangeTally>(values.shape());
    const auto sink = range_sink({types::float32, ChunkGrid(values.shape(), unit), {5, 60}, tally});
    show(*sink, {&values});
    const RangeCount found = tally->total();
    EXPECT_EQ(found.missing, 1);
    EXPECT_EQ(found.first_missing, 20);
    EXPECT_EQ(found.outside, 5 + 2);
    EXPECT_EQ(found.first_outside, 0);
    EXPECT_TRUE(sink->describe({0, 0}).starts_with("values "));
  }
}

TEST(LookingSink, DifferencesAreToldByUnit) {
  const Array wanted = ascending({4, 6});
  Array found = ascending({4, 6});
  found.values<float>()[8] = -1;  // (1, 2)
  found.values<float>()[9] = -2;
  std::vector<Mismatch> told;
  CompareTarget target;
  target.type = types::float32;
  target.grid = ChunkGrid({4, 6}, {2, 3});
  target.has_reference = true;
  target.skip = [](const Index& unit) { return unit == Index{0, 1}; };  // it holds (1, 3)
  target.report = [&](const Mismatch& mismatch) { told.push_back(mismatch); };
  const auto sink = compare_sink(std::move(target));
  show(*sink, {&found, &wanted});
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].unit, (Index{0, 0}));
  EXPECT_EQ(told[0].what, "1 of 6 values differ from the source, first at (1, 2): -1 instead of 8");
  EXPECT_EQ(sink->describe({1, 0}), "chunk (1, 0)");
}

TEST(LookingSink, WithoutAReferenceValuesAreOnlyRead) {
  const Array values = ascending({4, 6});
  CompareTarget target;
  target.type = types::float32;
  target.grid = ChunkGrid({4, 6}, {3, 3});
  target.skip = [](const Index&) { return false; };
  target.report = [](const Mismatch& mismatch) { ADD_FAILURE() << mismatch.what; };
  show(*compare_sink(std::move(target)), {&values});
}

TEST(LookingSink, WhatIsReadBackOtherwiseIsAnErrorThatMayPass) {
  const Array wanted = ascending({4, 6});
  Array found = ascending({4, 6});
  found.values<float>()[23] = 0.5F;
  const auto sink = read_back_sink("t", types::float32, ChunkGrid({4, 6}, {4, 6}));
  try {
    show(*sink, {&found, &wanted});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_TRUE(error.retryable());
    EXPECT_NE(error.message().find("0.5 instead of 23"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace gridmill
