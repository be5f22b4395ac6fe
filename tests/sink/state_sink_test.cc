#include "gridmill/sink/state_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "gridmill/array/array.h"
#include "gridmill/base/error.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

Array random_values(const Shape& shape, std::mt19937& random) {
  Array array(types::float32, shape);
  for (std::int64_t i = 0; i < array.size(); ++i) {
    array.values<float>()[i] =
        i % 17 == 3 ? std::nanf("") : std::normal_distribution<float>(280, 30)(random);
  }
  return array;
}

StateTarget target_of(const std::shared_ptr<Store>& store, const Array& array, const Shape& unit) {
  return {store, Key("states/t"), statistics_fold(array.type()), array.type(),
          ChunkGrid(array.shape(), unit)};
}

// What the engine does with one unit.
void fold_unit(const StateTarget& target, const Array& array, std::int64_t ordinal) {
  const auto sink = state_sink(target);
  const Index unit = target.units.position(ordinal);
  const ArrayView view = array.view().part(sink->region(0, unit));
  Buffer encoded;
  CodecContext context;
  sink->encode(unit, std::span(&view, 1), encoded, context);
  const auto record = sink->store(unit, encoded);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->key, sink->key(unit)->text());
}

std::string fold_in_order(const Array& array, const Shape& unit,
                          const std::vector<std::int64_t>& order) {
  const std::shared_ptr<Store> store = memory_store();
  const StateTarget target = target_of(store, array, unit);
  for (const std::int64_t ordinal : order) fold_unit(target, array, ordinal);
  return dump_json(*state_of(target), -1);
}

TEST(StateSink, TellsWhatTheWholeArrayHolds) {
  std::mt19937 random(4);
  const Array array = random_values({13, 40}, random);
  double sum = 0, least = INFINITY, most = -INFINITY;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < array.size(); ++i) {
    const double value = array.values<float>()[i];
    if (std::isnan(value)) continue;
    ++count;
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const std::shared_ptr<Store> store = memory_store();
  const StateTarget target = target_of(store, array, {5, 16});
  for (std::int64_t i = 0; i < target.units.size(); ++i) fold_unit(target, array, i);
  const Json state = *state_of(target);
  EXPECT_EQ(state["count"], count);
  EXPECT_EQ(state["missing"], array.size() - count);
  EXPECT_EQ(state["minimum"], least);
  EXPECT_EQ(state["maximum"], most);
  EXPECT_NEAR(state["sum"].get<double>(), sum, 1e-9 * sum);
  EXPECT_NEAR(state["mean"].get<double>(), sum / static_cast<double>(count), 1e-9 * 280);
}

// To the last bit: sums of floats depend on their order, so the order must not.
TEST(StateSink, TheOrderOfArrivalAndRepetitionsChangeNothing) {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    const std::int64_t rows = 1 + static_cast<std::int64_t>(random() % 40);
    const Array array = random_values({rows, 31}, random);
    const Shape unit{1, 10};
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < rows * 4; ++i) order.push_back(i);
    const std::string expected = fold_in_order(array, unit, order);
    std::shuffle(order.begin(), order.end(), random);
    order.push_back(order.front());
    ASSERT_EQ(fold_in_order(array, unit, order), expected);
  }
}

TEST(StateSink, AMissingOrBrokenStateIsAnError) {
  std::mt19937 random(6);
  const Array array = random_values({4, 4}, random);
  const std::shared_ptr<Store> store = memory_store();
  const StateTarget target = target_of(store, array, {1, 4});
  for (const std::int64_t unit : {0, 1, 3}) fold_unit(target, array, unit);
  const auto kind_of = [&] {
    try {
      (void)state_of(target);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::internal;
  };
  EXPECT_EQ(kind_of(), ErrorKind::unavailable);
  store->put(Key("states/t/2"), as_bytes("short"));
  EXPECT_EQ(kind_of(), ErrorKind::corrupt);
  fold_unit(target, array, 2);
  EXPECT_EQ((*state_of(target))["count"], 15);
}

TEST(StateSink, AnEmptyFieldHasNoState) {
  const Array array(types::float32, {0, 4});
  EXPECT_FALSE(state_of(target_of(memory_store(), array, {1, 4})).has_value());
}

TEST(Fold, IsBuiltAgainFromItsJson) {
  const FoldPtr fold = statistics_fold(types::int16);
  EXPECT_EQ(fold_from_json(fold->to_json(), types::int16)->to_json(), fold->to_json());
  EXPECT_THROW((void)fold_from_json({{"fold", "norm"}}, types::int16), Error);
  EXPECT_THROW((void)statistics_fold(types::string), Error);
}

}  // namespace
}  // namespace gridmill
