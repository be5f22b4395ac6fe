// row_spill.h: rows that come in one order and are wanted partition by partition: sorted by
// partition as many as memory holds, and kept in a store until they are read back.
//
// Each value of the store is a *run*: the rows [first, end) of the table, those of each partition
// together, in the order in which they came. Behind them stands where each partition begins, so
// that reading one partition of a run takes two short reads and its rows, whatever else the run
// holds. A run is complete or absent (store.h), and its key says which rows it holds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/sink/parquet_rows.h"
#include "gridmill/sink/partitioning.h"
#include "gridmill/store/manifest.h"
#include "gridmill/store/store.h"
#include "gridmill/system/memory.h"

namespace gridmill {

struct SpilledRun {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

std::string run_key(const SpilledRun& run);
// nullopt: it names no run.
std::optional<SpilledRun> run_of_key(const std::string& key);

class RowSpill {
 public:
  // `memory` is all that it holds; it is never less than a few rows. All must outlive this. `saved`
  // is told of each run when it is stored. Rows come from number `next` on.
  RowSpill(const ParquetRows& layout, const Partitioning& partitions, Store& store,
           std::int64_t memory, std::int64_t next,
           std::function<void(const SpilledRun&, const KeyRecord&)> saved);

  // Rows [row, row + count) of a block of `rows` packed rows, in the order of the table.
  void add(const std::byte* block, std::int64_t rows, std::int64_t row, std::int64_t count);
  // What is held becomes a run.
  void flush();

 private:
  std::vector<std::int64_t> sort();

  const ParquetRows& layout_;
  const Partitioning& partitions_;
  Store& store_;
  const std::function<void(const SpilledRun&, const KeyRecord&)> saved_;
  const std::int64_t capacity_;  // rows
  std::int64_t next_;            // the number of the next row
  std::int64_t held_ = 0;
  Buffer rows_;                       // packed, room for capacity_
  std::vector<std::uint32_t> order_;  // of the rows held, by partition
  std::vector<std::uint32_t> partition_of_;
};

// Reads back what a RowSpill has stored. One thread.
class SpillReader {
 public:
  // `runs`: in the order of their rows. All must outlive this. Throws Error(corrupt) where a run is
  // not what it should be.
  SpillReader(const ParquetRows& layout, const Partitioning& partitions, Store& store,
              std::vector<SpilledRun> runs);
  ~SpillReader();

  // The rows of a partition but the first `skip`, in blocks of packed rows.
  void read(std::int64_t partition, std::int64_t skip,
            const std::function<void(const std::byte* block, std::int64_t rows, std::int64_t row,
                                     std::int64_t count)>& take);

 private:
  class Run;

  const ParquetRows& layout_;
  const Partitioning& partitions_;
  Store& store_;
  const std::vector<SpilledRun> runs_;
  std::vector<std::unique_ptr<Run>> open_;  // the first ones stay open
  Buffer piece_;
};

}  // namespace gridmill
