// arrow_sink.h: a table as record batches in memory, handed over while the run makes them.
//
// Columns are those of a Parquet table (parquet_sink.h): keys are timestamp[us] (UTC), int64,
// float64 or dictionaries of texts, values keep their type, NaN becomes null. Fields carry units
// and whatever else is said of a column as metadata, the schema the table's provenance. Batches
// come in the order of the rows, one for each unit of the sink.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "gridmill/sink/arrow_batch.h"
#include "gridmill/sink/parquet_sink.h"

namespace gridmill {

struct ArrowTarget {
  ParquetTarget table;                    // its writer and row groups aren't looked at
  std::shared_ptr<const ArrowForm> form;  // of the same table; null: it is made here
  // Takes the batches in order, one call at a time.
  std::function<void(std::shared_ptr<const ArrowBatch>)> put;
  // Sink::wait_for_room(); may be empty.
  std::function<void(const std::stop_token&)> wait_for_room;
};

// Throws what arrow_form() throws, and Error(unsupported) for values that are no numbers.
std::shared_ptr<Sink> arrow_sink(ArrowTarget target);

// The bytes of a row in a batch of many. Throws what typed_row_bytes() throws.
std::int64_t arrow_row_bytes(const TypedKeys& keys, const std::vector<ValueColumn>& values);

}  // namespace gridmill
