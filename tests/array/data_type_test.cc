#include "gridmill/array/data_type.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

const std::vector<DataType> kReal{types::int8,    types::int16,  types::int32,  types::int64,
                                  types::uint8,   types::uint16, types::uint32, types::uint64,
                                  types::float32, types::float64};

TEST(DataType, NamesRoundTrip) {
  for (const DataType type : kReal) EXPECT_EQ(data_type_from_name(type.name()), type);
  for (const char* name : {"bool", "int16", "uint8", "float16", "complex64", "string"}) {
    EXPECT_EQ(data_type_from_name(name).name(), name);
  }
  EXPECT_EQ(types::bytes(3).name(), "bytes(3)");
  EXPECT_EQ(types::unicode(4).name(), "unicode(4)");
  for (const char* bad : {"", "int", "int24", "float128", "Int16", "int16 "}) {
    EXPECT_THROW(data_type_from_name(bad), Error) << bad;
  }
}

TEST(DataType, KnowsWhereByteOrderMatters) {
  EXPECT_EQ(types::complex64.swap_unit(), 4);
  EXPECT_EQ(types::complex128.swap_unit(), 8);
  EXPECT_EQ(types::unicode(7).swap_unit(), 4);
  EXPECT_EQ(types::bytes(8).swap_unit(), 1);
  EXPECT_EQ(types::boolean.swap_unit(), 1);
  EXPECT_EQ(types::float16.swap_unit(), 2);
}

// The type that is visited is the one that the name says: by size, sign and kind.
TEST(DataType, VisitsTheRightType) {
  for (const DataType type : kReal) {
    int visits = 0;
    EXPECT_TRUE(visit_real(type, [&](auto element) {
      using Element = decltype(element);
      ++visits;
      EXPECT_EQ(sizeof(Element), static_cast<std::size_t>(type.size));
      EXPECT_EQ(std::is_floating_point_v<Element>, type.is_floating());
      EXPECT_EQ(std::is_signed_v<Element>, type.kind != ScalarKind::unsigned_);
    }));
    EXPECT_EQ(visits, 1) << type.name();
  }
  EXPECT_TRUE(visit_real(types::boolean, [](auto element) {
    EXPECT_TRUE((std::is_same_v<decltype(element), std::uint8_t>));
  }));
  for (const DataType type :
       {types::float16, types::complex64, types::bytes(4), types::unicode(1), types::string}) {
    EXPECT_FALSE(visit_real(type, [](auto) { ADD_FAILURE(); })) << type.name();
  }
}

TEST(Array, GivesItsValuesAsDoubles) {
  for (const DataType type : kReal) {
    Array array(type, {2, 3});
    visit_real(type, [&](auto element) {
      auto* values = array.values<decltype(element)>();
      for (int i = 0; i < 6; ++i) values[i] = static_cast<decltype(element)>(10 + i);
    });
    EXPECT_EQ(to_doubles(array.view()), (std::vector<double>{10, 11, 12, 13, 14, 15}));
    EXPECT_EQ(to_doubles(array.view().part({{0, 1}, {2, 2}})),
              (std::vector<double>{11, 12, 14, 15}));
  }
  Array scalar(types::float32, {});
  *scalar.values<float>() = 2.5F;
  EXPECT_EQ(to_doubles(scalar.view()), std::vector<double>{2.5});
  EXPECT_TRUE(to_doubles(Array(types::float32, {3, 0}).view()).empty());
  EXPECT_THROW(to_doubles(Array(types::bytes(2), {1}).view()), Error);
}

}  // namespace
}  // namespace gridmill
