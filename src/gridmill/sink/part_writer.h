// part_writer.h: the rows of partitions, one partition after the other, as Parquet files of about
// a size that was asked for.
//
// What the files hold byte for byte follows from the rows, the schema and that size alone: rows are
// gathered into whole row groups before they are encoded, however they come.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/sink/parquet_file.h"
#include "gridmill/sink/parquet_rows.h"
#include "gridmill/sink/row_groups.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store.h"

namespace gridmill {

// A file of a partition that is complete.
struct TablePart {
  std::int64_t partition = 0;
  std::int64_t number = 0;  // in the partition
  std::int64_t rows = 0;
  KeyRecord record;
};

std::string part_key(const std::string& folder, std::int64_t number);

// Of a row group, as its rows wait to be written: a quarter of a usual file, or less of small ones.
std::int64_t part_group_bytes(std::int64_t target_bytes);

// A file that is being written, behind a row group.
struct PartFill {
  std::int64_t bytes = 0;
  std::int64_t rows = 0;
  std::int64_t last_group_bytes = 0;
  std::int64_t rows_left = 0;  // that are still to come, to this file or the next
};

// Whether the next one begins here: as near to the target as whole row groups come, unless a crumb
// would be left for it.
bool is_part_full(const PartFill& part, std::int64_t target_bytes);

// A partition that is about to be written, of which some parts may be there.
struct PartitionBegin {
  std::int64_t partition = 0;
  std::string folder;
  std::int64_t rows = 0;  // in all
  std::int64_t parts_there = 0;
  std::int64_t rows_there = 0;
};

class PartWriter {
 public:
  // All must outlive this. `done` is told of each part when it is stored.
  PartWriter(const ParquetRows& layout, const ParquetSchema& schema, Store& store,
             std::int64_t target_bytes, std::function<void(const TablePart&)> done);
  ~PartWriter();  // an unfinished part is not stored

  void begin(PartitionBegin partition);
  // Rows [row, row + count) of a block of `rows` packed rows; the partition's rows in order, those
  // that are there already left out.
  void add(const std::byte* block, std::int64_t rows, std::int64_t row, std::int64_t count);
  // The partition is complete. Throws Error(internal) if it has other rows than were announced.
  void end();

 private:
  struct OpenPart;

  void write_group(std::int64_t rows, std::span<const void* const> columns);
  void finish_part();

  const ParquetSchema& schema_;
  Store& store_;
  const std::int64_t target_bytes_;
  const std::function<void(const TablePart&)> done_;
  RowGroups groups_;
  PartitionBegin partition_;
  std::int64_t next_part_ = 0;
  std::int64_t rows_left_ = 0;  // not yet in a row group
  std::unique_ptr<OpenPart> part_;
};

}  // namespace gridmill
