// Labels of every kind of text: what tells them apart is what they hold, not how they are shown.
#include "gridmill/dataset/coordinates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "dataset/memory_dataset.h"
#include "gridmill/codec/text_elements.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {
namespace {

using testing::dataset_with;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Dataset labelled(DataType type, const std::function<void(Array&)>& fill, std::int64_t size) {
  auto array = std::make_shared<Array>(type, Shape{size});
  fill(*array);
  Variable variable;
  variable.name = "station";
  variable.type = type;
  variable.dimensions = {"station"};
  variable.shape = {size};
  variable.blocks.push_back({{0}, memory_leaf_reader(std::move(array), "station"), "memory"});
  return dataset_with("x", {std::move(variable)});
}

Dataset with_texts(DataType type, const std::vector<std::string>& texts) {
  return labelled(
      type,
      [&](Array& array) {
        for (std::size_t i = 0; i < texts.size(); ++i) {
          std::byte* element = array.view().data + static_cast<std::int64_t>(i) * type.size;
          put_text(texts[i], element, type, array.strings(), "test");
        }
      },
      static_cast<std::int64_t>(texts.size()));
}

TEST(Labels, TextsOfEveryTypeAreToldApart) {
  for (const DataType type : {types::unicode(7), types::bytes(8), types::string}) {
    SCOPED_TRACE(type.name());
    const Dataset good = with_texts(type, {"Gen\xC3\xA8ve", "", "\xC3\x85lborg", "Gen"});
    EXPECT_THAT(coordinate_problems(good), IsEmpty());
    const auto bad = coordinate_problems(with_texts(type, {"b", "a", "\xC3\x85l", "a"}));
    ASSERT_EQ(bad.size(), 1u);
    EXPECT_THAT(bad[0].what, HasSubstr("positions 1 and 3 are \"a\" and \"a\": not unique"));
  }
}

TEST(Labels, WhatIsShownAlikeIsNotTheSame) {
  const Dataset bytes = labelled(
      types::bytes(3), [](Array& array) { std::memcpy(array.view().data, "a\0ba\0c", 6); }, 2);
  EXPECT_THAT(coordinate_problems(bytes), IsEmpty());
  const auto no_characters = [](std::uint32_t second) {
    return labelled(
        types::unicode(1),
        [second](Array& array) {
          store_le<std::uint32_t>(array.view().data, 0x110000);
          store_le<std::uint32_t>(array.view().data + 4, second);
        },
        2);
  };
  EXPECT_THAT(coordinate_problems(no_characters(0x110001)), IsEmpty());
  const auto same = coordinate_problems(no_characters(0x110000));
  ASSERT_EQ(same.size(), 1u);
  EXPECT_THAT(same[0].what, HasSubstr("<unicode(1)>"));
}

TEST(Labels, AreSelectedByTheirText) {
  for (const DataType type : {types::unicode(7), types::bytes(8), types::string}) {
    SCOPED_TRACE(type.name());
    const Dataset dataset = with_texts(type, {"Gen\xC3\xA8ve", "\xC3\x85lborg", "Rom"});
    const Variable& station = dataset.at("station");
    const Array values = read_array(station);
    EXPECT_EQ(coordinate_text(station, values, 1), "\"\xC3\x85lborg\"");
    Selection selection(dataset, {parse_sel("station=\xC3\x85lborg")});
    EXPECT_EQ(selection.box(station), (Box{{1}, {1}}));
  }
}

TEST(Labels, GridsThatDifferNameThem) {
  const auto read = [](const Dataset& dataset) { return read_array(dataset.at("station")); };
  const Array a = read(with_texts(types::unicode(3), {"x", "\xC3\xA5"}));
  const Array b = read(with_texts(types::unicode(3), {"x", "y"}));
  EXPECT_EQ(grid_difference(a, a), std::nullopt);
  EXPECT_EQ(grid_difference(a, b), "values \"\xC3\xA5\" and \"y\" at position 1");
}

}  // namespace
}  // namespace gridmill
