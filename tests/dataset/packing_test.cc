// Oracle: xarray 2026.9, decode_cf_variable(decode_times=False), on the variables of
// packing_cases.csv, bit for bit (any NaN equals any other): 29 combinations of type, scale_factor,
// add_offset, _FillValue, missing_value, _Unsigned.
#include "gridmill/dataset/packing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gridmill/base/text.h"
#include "memory_dataset.h"
#include "table_file.h"

namespace gridmill {
namespace {

AttributeValue attribute_of(const std::string& type, const std::string& values) {
  if (type == "text") return AttributeValue::text(values);
  const DataType data_type = data_type_from_name(type);
  std::vector<double> floats;
  std::vector<std::int64_t> integers;
  for (const std::string& value : split(values, ' ')) {
    if (data_type.is_floating()) floats.push_back(parse_double(value));
    if (data_type.is_integer()) integers.push_back(parse_int(value));
  }
  return data_type.is_floating() ? AttributeValue::floats(data_type, floats)
                                 : AttributeValue::integers(data_type, integers);
}

Array packed_array(DataType type, const std::vector<std::string>& texts) {
  Array array(type, {static_cast<std::int64_t>(texts.size())});
  visit_real(type, [&](auto element) {
    using Element = decltype(element);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if constexpr (std::is_floating_point_v<Element>) {
        array.values<Element>()[i] = static_cast<Element>(parse_double(texts[i]));
      } else {
        array.values<Element>()[i] = static_cast<Element>(parse_int(texts[i]));
      }
    }
  });
  return array;
}

// Each element's bits as an unsigned number, or "nan".
std::string bits_of(const Array& array) {
  std::vector<std::string> texts;
  visit_real(array.type(), [&](auto element) {
    using Element = decltype(element);
    for (std::int64_t i = 0; i < array.size(); ++i) {
      const Element value = array.values<Element>()[i];
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof value);
      texts.push_back(value != value ? "nan" : std::to_string(bits));
    }
  });
  return join(texts, " ");
}

TEST(Packing, UnpacksAsXarray) {
  const std::vector<std::string> lines = testing::table_lines(__FILE__, "packing_cases.csv");
  for (const std::string& line : lines) {
    const std::vector<std::string> fields = split(line, ',');
    ASSERT_EQ(fields.size(), 5u) << line;
    const DataType type = data_type_from_name(fields[0]);
    Variable variable;
    variable.name = "v";
    variable.type = type;
    for (const std::string& attribute : split(fields[2], ';')) {
      const std::vector<std::string> parts = split(attribute, ':');
      variable.attributes.set(parts[0], attribute_of(parts[1], parts[2]));
    }
    const Array packed = packed_array(type, split(fields[1], ' '));
    const Packing packing = packing_of(variable);
    EXPECT_EQ(packing.unpacked.name(), fields[3]) << line;
    Array unpacked(packing.unpacked, packed.shape());
    unpack(packing, packed.view(), unpacked.view());
    EXPECT_EQ(bits_of(unpacked), fields[4]) << line;
  }
  EXPECT_EQ(lines.size(), 29u);
}

TEST(Packing, StridedAndScalarViews) {
  Variable variable =
      testing::variable_with<std::int16_t>("v", {"x", "y"}, {2, 3}, {1, 2, 3, 4, 5, 6});
  variable.attributes.set("scale_factor", AttributeValue::floats(types::float64, {0.5}));
  const Packing packing = packing_of(variable);
  const Array packed = read_array(variable);
  Array columns(types::float64, {3, 2});
  ArrayView turned = packed.view();
  std::swap(turned.shape[0], turned.shape[1]);
  std::swap(turned.strides[0], turned.strides[1]);
  unpack(packing, turned, columns.view());
  EXPECT_EQ(to_doubles(columns.view()), (std::vector<double>{0.5, 2, 1, 2.5, 1.5, 3}));
  Array one(types::float64, {});
  unpack(packing, view_of(ByteView(packed.view().data, 2), types::int16, {}), one.view());
  EXPECT_EQ(*one.values<double>(), 0.5);
}

TEST(Packing, RefusesAScaleThatIsNoNumber) {
  Variable variable;
  variable.name = "v";
  variable.type = types::int16;
  variable.attributes.set("scale_factor", AttributeValue::text("0.1"));
  EXPECT_THROW(packing_of(variable), Error);
}

}  // namespace
}  // namespace gridmill
