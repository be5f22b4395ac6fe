// Oracle: each cell by itself, element by element, in C order.
#include "gridmill/array/fold.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "gridmill/array/array.h"
#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"

namespace gridmill {
namespace {

template <class Element>
Array random_numbers(DataType type, const Shape& shape, double missing) {
  std::mt19937 random(11);
  Array array(type, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    auto value = static_cast<Element>(static_cast<int>(random() % 20000) - 10000) / Element{7};
    if constexpr (std::is_floating_point_v<Element>) {
      if (std::bernoulli_distribution(missing)(random)) value = std::nan("");
    }
    array.values<Element>()[i] = static_cast<Element>(value);
  }
  return array;
}

struct Cell {
  double value = 0, missing = 0;
};

template <class Element>
Cell slow_cell(Folding how, const std::vector<Element>& elements) {
  Cell cell;
  if (how != Folding::sum) cell.value = std::nan("");
  for (const Element element : elements) {
    const auto value = static_cast<double>(element);
    if (std::isnan(value)) {
      if (how == Folding::sum) cell.missing += 1;
    } else if (how == Folding::sum) {
      cell.value += value;
    } else if (std::isnan(cell.value) ||
               (how == Folding::least ? value < cell.value : value > cell.value)) {
      cell.value = value;
    }
  }
  return cell;
}

bool same_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// The cells of `shape` whose elements share along `shared`.
struct Cells {
  Cells(const Shape& shape, const std::vector<int>& shared, Folding how)
      : planes(types::float64, {}) {
    Shape all{kFoldPlanes};
    for (int d = 0; d < shape.rank(); ++d) {
      const bool is_shared = std::find(shared.begin(), shared.end(), d) != shared.end();
      all.push_back(is_shared ? 1 : shape[d]);
    }
    planes = Array(types::float64, all);
    begin_fold(how, planes.view());
    into = {planes.view().data, types::float64, shape, Index::filled(shape.rank(), 0)};
    for (int d = 0; d < shape.rank(); ++d) {
      if (all[d + 1] == shape[d]) into.strides[d] = planes.view().strides[d + 1];
    }
    for (const int d : shared) into.strides[d] = 0;
    plane = planes.view().strides[0];
  }

  Array planes;
  MutableArrayView into;
  std::int64_t plane = 0;
};

template <class Element>
void compare_folds(const ArrayView& from, const std::vector<int>& shared, const Cells& cells,
                   Folding how) {
  Box groups = whole_box(from.shape), members = whole_box(from.shape);
  for (int d = 0; d < from.rank(); ++d) {
    const bool is_shared = std::find(shared.begin(), shared.end(), d) != shared.end();
    (is_shared ? groups : members).shape[d] = 1;
  }
  for_each_position(groups, [&](const Index& group) {
    std::vector<Element> elements;
    for_each_position(members, [&](const Index& member) {
      Index at = group;
      for (int d = 0; d < at.rank(); ++d) at[d] += member[d];
      elements.push_back(*reinterpret_cast<const Element*>(from.at(at)));
    });
    const Cell expected = slow_cell(how, elements);
    const std::byte* cell = cells.into.at(group);
    ASSERT_TRUE(same_bits(*reinterpret_cast<const double*>(cell), expected.value))
        << to_string(group);
    ASSERT_EQ(*reinterpret_cast<const double*>(cell + cells.plane), expected.missing);
  });
}

constexpr Folding kFoldings[] = {Folding::sum, Folding::least, Folding::greatest};

template <class Element>
void try_all(DataType type, double missing) {
  const Array array = random_numbers<Element>(type, {6, 11, 37}, missing);
  const ArrayView from = array.view();
  for (const Folding how : kFoldings) {
    for (const std::vector<int>& shared :
         {std::vector<int>{}, {0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}}) {
      const Cells cells(from.shape, shared, how);
      fold_array(from, false, how, cells.into, cells.plane);
      compare_folds<Element>(from, shared, cells, how);
    }
  }
}

TEST(Folds, OfEveryTypeAreWhatTheirElementsMake) {
  for (const double missing : {0.0, 0.02, 0.7}) {
    try_all<float>(types::float32, missing);
    try_all<double>(types::float64, missing);
  }
  try_all<std::int16_t>(types::int16, 0);
  try_all<std::int64_t>(types::int64, 0);
  try_all<std::uint8_t>(types::uint8, 0);
}

TEST(Folds, OfMoreCellsThanABlockHas) {
  const Array array = random_numbers<float>(types::float32, {9, 1300}, 0.001);
  for (const Folding how : kFoldings) {
    const Cells cells({9, 1300}, {0}, how);
    fold_array(array.view(), false, how, cells.into, cells.plane);
    compare_folds<float>(array.view(), {0}, cells, how);
  }
}

// As decoders hand over their blocks: whole rows, ends and beginnings of rows.
TEST(Folds, TheSameBitsHoweverTheElementsAreCut) {
  const Array array = random_numbers<float>(types::float32, {64, 53}, 0.01);
  const ArrayView from = array.view();
  std::mt19937 random(5);
  for (const Folding how : kFoldings) {
    for (int round = 0; round < 20; ++round) {
      const Cells cells({64, 53}, {0}, how);
      for (std::int64_t first = 0; first < array.size();) {
        const std::int64_t row = first / 53, column = first % 53;
        const bool is_rows = column == 0 && random() % 2 == 0;
        const auto most = is_rows ? 64 - row : 53 - column;
        const auto count = std::uniform_int_distribution<std::int64_t>(1, most)(random);
        const Box box{{row, column}, {is_rows ? count : 1, is_rows ? 53 : count}};
        fold_array(from.part(box), false, how, cells.into.part(box), cells.plane);
        first += volume(box.shape);
      }
      compare_folds<float>(from, {0}, cells, how);
    }
  }
}

TEST(Folds, OfTheOtherByteOrder) {
  const Array array = random_numbers<float>(types::float32, {5, 700}, 0.01);
  Array swapped(types::float32, {5, 700});
  copy_array(array.view(), swapped.view(), true);
  for (const std::vector<int>& shared : {std::vector<int>{0}, {1}, {0, 1}}) {
    const Cells cells({5, 700}, shared, Folding::sum);
    fold_array(swapped.view(), true, Folding::sum, cells.into, cells.plane);
    compare_folds<float>(array.view(), shared, cells, Folding::sum);
  }
}

TEST(Folds, OfOneValueOverAndOver) {
  const Cells cells({4, 3}, {0}, Folding::sum);
  const float value = 2.5F;
  fold_value(reinterpret_cast<const std::byte*>(&value), types::float32, Folding::sum, cells.into,
             cells.plane);
  const float none = std::nanf("");
  fold_value(reinterpret_cast<const std::byte*>(&none), types::float32, Folding::sum, cells.into,
             cells.plane);
  for (std::int64_t k = 0; k < 3; ++k) {
    EXPECT_EQ(cells.planes.values<double>()[k], 10);
    EXPECT_EQ(cells.planes.values<double>()[3 + k], 4);
  }
}

TEST(Folds, OfOneElementAndOfNone) {
  Array one(types::int32, {});
  one.values<std::int32_t>()[0] = 7;
  const Cells cell({}, {}, Folding::sum);
  fold_array(one.view(), false, Folding::sum, cell.into, cell.plane);
  EXPECT_EQ(cell.planes.values<double>()[0], 7);
  const Array none(types::int32, {0, 3});
  const Cells cells({0, 3}, {0}, Folding::greatest);
  fold_array(none.view(), false, Folding::greatest, cells.into, cells.plane);
  EXPECT_TRUE(std::isnan(cells.planes.values<double>()[0]));
}

// Chunks of a leaf lie one after the other, checksums between them.
TEST(Folds, OfElementsAtAnyAddress) {
  const Array array = random_numbers<double>(types::float64, {7, 30}, 0.01);
  std::vector<std::byte> moved(static_cast<std::size_t>(array.view().byte_size()) + 4);
  std::memcpy(moved.data() + 4, array.view().data, moved.size() - 4);
  const ArrayView from{moved.data() + 4, types::float64, {7, 30}, array.view().strides};
  for (const Folding how : kFoldings) {
    const Cells cells({7, 30}, {0}, how);
    fold_array(from, false, how, cells.into, cells.plane);
    compare_folds<double>(array.view(), {0}, cells, how);
  }
}

TEST(Folds, BeginAnewWhereTheyAreEmptied) {
  const Array array = random_numbers<float>(types::float32, {8, 20}, 0.1);
  for (const Folding how : kFoldings) {
    const Cells cells({8, 20}, {0}, how);
    const Box some{{0, 5}, {8, 9}};
    fold_array(array.view().part(some), false, how, cells.into.part(some), cells.plane);
    MutableArrayView emptied = cells.into.part(some);
    emptied.shape[0] = 1;
    empty_cells(how, emptied, cells.plane);
    fold_array(array.view(), false, how, cells.into, cells.plane);
    compare_folds<float>(array.view(), {0}, cells, how);
  }
}

// A sum that is no number needs no missing element.
TEST(Folds, InfinitiesAreNumbers) {
  Array array(types::float64, {4, 2});
  const double numbers[] = {INFINITY, 1, 3, 2, -INFINITY, 3, 1, std::nan("")};
  std::copy(std::begin(numbers), std::end(numbers), array.values<double>());
  const Cells cells({4, 2}, {0}, Folding::sum);
  fold_array(array.view(), false, Folding::sum, cells.into, cells.plane);
  const double* cell = cells.planes.values<double>();
  EXPECT_TRUE(std::isnan(cell[0]));
  EXPECT_EQ(cell[1], 6);
  EXPECT_EQ(cell[2], 0);
  EXPECT_EQ(cell[3], 1);
}

TEST(Folds, RefuseWhatDoesNotFit) {
  const Array texts(types::bytes(3), {2}), halves(types::float16, {2}), floats(types::float32, {3});
  const Cells cells({2}, {0}, Folding::sum);
  for (const Array* array : {&texts, &halves, &floats}) {
    EXPECT_THROW(fold_array(array->view(), false, Folding::sum, cells.into, cells.plane), Error);
  }
}

}  // namespace
}  // namespace gridmill
