// parquet_sink.h: a Parquet file out of fields that share dimensions: the table of table_sink.h
// with typed columns.
//
// Keys are times (timestamp[us], UTC), integers, numbers or texts (dictionaries); values keep their
// type, and NaN becomes null. Columns carry units and whatever else is said of them as metadata of
// their fields, the table its provenance as metadata of the schema. Row groups hold about as many
// bytes as asked for, each with statistics, zstd behind the encodings that Arrow chooses. Written
// by Arrow, a part of the program that is loaded when it is wanted (parquet_plugin.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/sink/parquet_file.h"
#include "gridmill/sink/table_sink.h"
#include "gridmill/sink/typed_keys.h"

namespace gridmill {

struct ParquetTarget {
  TableTarget table;              // its keys' cells aren't looked at
  TypedKeys keys;                 // as table.keys
  std::vector<TableNotes> notes;  // of the keys, then of the values
  TableNotes about;               // of the table
  std::int64_t row_group_bytes = std::int64_t{64} << 20;
};

// The bytes of a row, as they wait to be written. Throws Error(unsupported) for columns that are no
// numbers.
std::int64_t typed_row_bytes(const TypedKeys& keys, const std::vector<ValueColumn>& values);

ParquetSchema parquet_schema(const ParquetTarget& target);

// Throws what typed_row_bytes() throws, and Error(unsupported) where the program came without
// Arrow.
std::shared_ptr<Sink> parquet_sink(ParquetTarget target);

}  // namespace gridmill
