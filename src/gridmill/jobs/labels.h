// labels.h: what stands beside values in tables: a dimension's coordinate as people write it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/sink/text_cells.h"

namespace gridmill {

// The units of a variable of times; nullopt for any other, and for units that nobody can decode:
// numbers are better than nothing.
std::optional<TimeUnits> decodable_times(const Variable& variable);

// The labels of positions [begin, begin + count) of `dimension` as seen from `group`, quoted for
// CSV: times as ISO dates (those that are none as numbers), numbers in shortest form, text; the
// index where there is no coordinate.
std::shared_ptr<const CellTexts> dimension_labels(const Dataset& dataset, const std::string& group,
                                                  const std::string& dimension, std::int64_t begin,
                                                  std::int64_t count);

// "a ""b""" of a CSV cell is a "b".
std::string unquoted_cell(std::string_view cell);

}  // namespace gridmill
