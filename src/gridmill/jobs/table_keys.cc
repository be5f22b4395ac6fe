#include "gridmill/jobs/table_keys.h"

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/jobs/labels.h"

namespace gridmill {
namespace {

// 1582-10-15: before it the standard calendar is the Julian one, which no timestamp knows.
constexpr Instant kGregorianFrom_us = -12'219'292'800 * kSecond_us;

bool are_gregorian(const TimeUnits& units, const std::vector<Instant>& times) {
  if (units.calendar() == Calendar::proleptic_gregorian) return true;
  return units.calendar() == Calendar::standard &&
         std::all_of(times.begin(), times.end(),
                     [](Instant time) { return time >= kGregorianFrom_us; });
}

// Whether they can be timestamps is asked of the whole axis: a selection must not change the type
// of a column. Numbers that are no times (NaN among them) stay numbers.
bool read_times(const Variable& coordinate, const Array& values, const IndexRange& range,
                KeyValues& keys) {
  const auto units = decodable_times(coordinate);
  if (!units) return false;
  try {
    const std::vector<Instant> times = decode_times(*units, values.view());
    const auto first = times.begin() + range.begin, last = times.begin() + range.end;
    if (are_gregorian(*units, times)) {
      keys.kind = KeyValues::Kind::times;
      keys.integers.assign(first, last);
    } else {
      for (auto time = first; time != last; ++time) keys.texts.push_back(units->iso(*time));
    }
  } catch (const Error&) {
    return false;
  }
  return true;
}

template <class Integer>
void take_integers(const Array& values, const IndexRange& range, KeyValues& keys) {
  keys.kind = KeyValues::Kind::integers;
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    keys.integers.push_back(static_cast<std::int64_t>(values.values<Integer>()[i]));
  }
}

// Integers stay integers where 64 bits with a sign hold them.
void read_numbers(const Array& values, const IndexRange& range, KeyValues& keys) {
  const DataType type = values.type();
  if (type == types::int8) return take_integers<std::int8_t>(values, range, keys);
  if (type == types::int16) return take_integers<std::int16_t>(values, range, keys);
  if (type == types::int32) return take_integers<std::int32_t>(values, range, keys);
  if (type == types::int64) return take_integers<std::int64_t>(values, range, keys);
  if (type == types::uint8) return take_integers<std::uint8_t>(values, range, keys);
  if (type == types::uint16) return take_integers<std::uint16_t>(values, range, keys);
  if (type == types::uint32) return take_integers<std::uint32_t>(values, range, keys);
  keys.kind = KeyValues::Kind::numbers;
  keys.numbers = to_doubles(values.view().part({{range.begin}, {range.end - range.begin}}));
}

}  // namespace

std::shared_ptr<const KeyValues> dimension_values(const Dataset& dataset, const std::string& group,
                                                  const std::string& dimension, std::int64_t begin,
                                                  std::int64_t count) {
  auto keys = std::make_shared<KeyValues>();
  const Variable* coordinate = find_dimension_coordinate(dataset, group, dimension);
  const bool has_values = coordinate != nullptr && coordinate->shape.rank() == 1 &&
                          coordinate->shape[0] >= begin + count;
  if (!has_values) {
    keys->kind = KeyValues::Kind::integers;
    for (std::int64_t i = 0; i < count; ++i) keys->integers.push_back(begin + i);
    return keys;
  }
  if (coordinate->type.is_real()) {
    const Array values = read_array(*coordinate);
    const IndexRange range{begin, begin + count};
    if (!read_times(*coordinate, values, range, *keys)) read_numbers(values, range, *keys);
    return keys;
  }
  const auto labels = dimension_labels(dataset, group, dimension, begin, count);
  for (std::int64_t i = 0; i < count; ++i) keys->texts.push_back(unquoted_cell((*labels)[i]));
  return keys;
}

}  // namespace gridmill
