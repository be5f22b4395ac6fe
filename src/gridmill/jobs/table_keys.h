// table_keys.h: what a dimension's positions are in a table with types: times, numbers or texts.
#pragma once

#include <memory>
#include <string>

#include "gridmill/dataset/dataset.h"
#include "gridmill/sink/parquet_sink.h"

namespace gridmill {

// Of positions [begin, begin + count) of `dimension` as seen from `group`: times where they are
// dates of the Gregorian calendar, from its beginning on; dates of other calendars as texts;
// numbers of a coordinate; else what dimension_labels() says, without quotes; the index where there
// is no coordinate.
std::shared_ptr<const KeyValues> dimension_values(const Dataset& dataset, const std::string& group,
                                                  const std::string& dimension, std::int64_t begin,
                                                  std::int64_t count);

}  // namespace gridmill
