#include "gridmill/jobs/table_keys.h"

#include <algorithm>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/dataset/coordinates.h"
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

// Numbers that are no times (NaN among them) stay numbers.
bool read_times(const Variable& coordinate, const Array& values, KeyValues& keys) {
  const auto units = decodable_times(coordinate);
  if (!units) return false;
  try {
    std::vector<Instant> times = decode_times(*units, values.view());
    if (are_gregorian(*units, times)) {
      keys.times_us = std::move(times);
    } else {
      for (const Instant time : times) keys.texts.push_back(units->iso(time));
    }
  } catch (const Error&) {
    return false;
  }
  return true;
}

// "a ""b""" of a CSV cell is a "b".
std::string unquoted(std::string_view cell) {
  if (!cell.starts_with('"')) return std::string(cell);
  std::string text;
  for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
    text += cell[i];
    if (cell[i] == '"') ++i;
  }
  return text;
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
    for (std::int64_t i = 0; i < count; ++i) {
      keys->numbers.push_back(static_cast<double>(begin + i));
    }
    return keys;
  }
  if (coordinate->type.is_real()) {
    const Array values = read_array(*coordinate, Box{{begin}, {count}});
    if (!read_times(*coordinate, values, *keys)) keys->numbers = to_doubles(values.view());
    return keys;
  }
  const auto labels = dimension_labels(dataset, group, dimension, begin, count);
  for (std::int64_t i = 0; i < count; ++i) keys->texts.push_back(unquoted((*labels)[i]));
  return keys;
}

}  // namespace gridmill
