// partitioned_table.h: a table of Parquet files in a directory, a folder for each partition: how
// its rows get there, and how a run that was cut short goes on.
//
// The run goes through the rows once, in their order. Where the partitions' rows lie behind each
// other (months of a time axis), they are written as they come. Where they don't (stations, with
// times outermost), they are sorted by partition as many as memory holds, kept in
// OUT.gridmill/run/spill (row_spill.h), and written partition by partition when all are there.
// Either way the files follow from the rows and the target size alone.
//
// The table grows in OUT.gridmill/incoming and becomes visible in one rename (store/stage.h). Each
// file that is complete, and each spilled run, is noted in a journal: the next run with `resume`
// begins behind what they hold.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/sink/parquet_rows.h"
#include "gridmill/sink/parquet_sink.h"
#include "gridmill/sink/partitioning.h"

namespace gridmill {

// What decides about the files.
struct PartitionedLayout {
  std::string name;  // of the table, for messages
  RowRuns runs;
  std::vector<RowColumn> columns;  // that feed a unit
  ParquetSchema schema;
  std::shared_ptr<const ParquetRows> rows;
  std::shared_ptr<const Partitioning> partitions;
};

// `names`: what --partition says; none: all rows are one partition. Nothing of `target`'s writer is
// kept, nor its row groups: they follow from the size that files are to have, so that they are the
// same for any memory. Throws what partition_keys() and parquet_sink() throw.
PartitionedLayout partitioned_layout(ParquetTarget target, const std::vector<std::string>& names,
                                     std::int64_t target_bytes);

// A sink that packs rows and stores nothing: for a look at what a run takes.
std::shared_ptr<Sink> look_at_partitions(const PartitionedLayout& layout);

// What a run holds beside its tasks, of a table of so many columns.
std::int64_t partitioned_memory(std::int64_t memory, std::int64_t columns,
                                std::int64_t target_bytes);

struct PartitionedRequest {
  std::string output;
  std::int64_t target_bytes = 0;
  bool overwrite = false;
  bool resume = false;
  std::int64_t memory = 0;
  Json identity;  // all that decides about the bytes
  Json about;     // for the table's record
};

class PartitionedTable {
 public:
  virtual ~PartitionedTable() = default;
  // Of an ordered stage; keeps the table alive. Its units before first_unit() don't come.
  virtual std::shared_ptr<Sink> sink() = 0;
  virtual std::int64_t first_unit() const = 0;
  virtual std::int64_t rows_resumed() const = 0;
  // Where the run notes what it has skipped (engine/skipped_leaves.h); it goes with the run.
  virtual std::shared_ptr<Store> skipped() = 0;
  // Does `work` (all units from first_unit() on, if there are any), then writes what is left and
  // publishes. Returns {"partitions", "parts", "rows_resumed", "bytes_written"}. What is
  // thrown says what has become of the output.
  virtual Json complete(const std::function<void()>& work) = 0;
};

// Throws Error(conflict) if the output may not be written, or an unfinished run that was to be
// resumed wrote another table. `workplace` must outlive the table.
std::shared_ptr<PartitionedTable> open_partitioned_table(PartitionedLayout layout,
                                                         PartitionedRequest request,
                                                         const Workplace& workplace);

}  // namespace gridmill
