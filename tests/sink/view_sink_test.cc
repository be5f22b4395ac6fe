#include "gridmill/sink/view_sink.h"

#include <gtest/gtest.h>

#include "gridmill/array/array.h"

namespace gridmill {
namespace {

TEST(ViewSink, PlacesEveryUnitInTheDestinationAndHoldsNothingItself) {
  Array whole(types::int32, {6, 10});
  for (std::int64_t i = 0; i < whole.size(); ++i) whole.values<std::int32_t>()[i] = -1;
  // The destination has strides of its own: a part of a larger array.
  const MutableArrayView destination = whole.view().part({{1, 2}, {4, 7}});
  const auto sink = view_sink(destination, {3, 4});

  EXPECT_EQ(sink->units().counts(), (Shape{2, 2}));
  EXPECT_EQ(sink->columns(), 1);
  EXPECT_EQ(sink->column_type(0), types::int32);
  EXPECT_EQ(sink->encoded_bound(), 0);
  EXPECT_EQ(sink->scratch_bound(), 0);
  EXPECT_FALSE(sink->is_ordered());

  CodecContext context;
  Buffer encoded;
  std::int32_t next = 0;
  for (std::int64_t i = 0; i < sink->units().size(); ++i) {
    const Index unit = sink->units().position(i);
    const Box region = sink->region(0, unit);
    EXPECT_EQ(sink->buffer_shape(0, unit), region.shape);
    const auto place = sink->place(0, unit);
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->shape, region.shape);
    for_each_position(whole_box(region.shape),
                      [&](const Index& at) { store_le<std::int32_t>(place->at(at), next++); });
    const std::vector<ArrayView> columns{*place};
    sink->encode(unit, columns, encoded, context);
    EXPECT_TRUE(encoded.empty());
    sink->store(unit, encoded);
  }
  sink->finish();

  // Units in C order: (0..2, 0..3), (0..2, 4..6), (3, 0..3), (3, 4..6) of the destination.
  const std::int32_t expected[6][10] = {
      {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}, {-1, -1, 0, 1, 2, 3, 12, 13, 14, -1},
      {-1, -1, 4, 5, 6, 7, 15, 16, 17, -1},     {-1, -1, 8, 9, 10, 11, 18, 19, 20, -1},
      {-1, -1, 21, 22, 23, 24, 25, 26, 27, -1}, {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}};
  for (std::int64_t row = 0; row < 6; ++row) {
    for (std::int64_t column = 0; column < 10; ++column) {
      EXPECT_EQ(whole.values<std::int32_t>()[row * 10 + column], expected[row][column])
          << row << ", " << column;
    }
  }
}

}  // namespace
}  // namespace gridmill
