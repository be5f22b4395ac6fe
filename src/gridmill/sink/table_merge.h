// table_merge.h: files of a table that become fewer: the rows of one behind those of the other, and
// nothing of them changed.
//
// One file is open at a time; what is held of it are rows that become one row group, or a piece of
// text. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gridmill/base/hashing.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct MergeInput {
  std::string path;  // as messages name it
  std::int64_t bytes = 0;
  std::function<std::unique_ptr<ValueReader>()> open;  // null: it has gone
};

struct MergeOutput {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  Hash128 hash;
};

class TableMerge {
 public:
  // The file of that number, from 0 on.
  using OpenOutput = std::function<std::unique_ptr<ValueWriter>(std::int64_t number)>;
  // So many bytes of the inputs have been read since the last call. May throw, to stop.
  using OnRead = std::function<void(std::int64_t bytes)>;

  virtual ~TableMerge() = default;
  // Reads what the files say of themselves, and returns the memory that merge() takes. Throws
  // Error(corrupt) that names files and columns if their rows can't be those of one file: other
  // columns, types, units, or anything else that the files say of them; Error(unsupported) for what
  // would be stored in another way.
  virtual std::int64_t check(std::span<const MergeInput> inputs,
                             std::int64_t target_bytes) const = 0;
  // Writes files of about `target_bytes`, one at least. Throws what check() throws.
  virtual std::vector<MergeOutput> merge(std::span<const MergeInput> inputs,
                                         std::int64_t target_bytes, const OpenOutput& open,
                                         const OnRead& on_read) const = 0;
};

std::unique_ptr<ValueReader> open_input(const MergeInput& input);  // Error(conflict): it has gone

// Columns, types, compression and encodings are kept, and what the schema says; where files differ
// in nothing but the inputs that `gridmill` names, the merged ones name all of them.
std::unique_ptr<TableMerge> parquet_merge();

// Files with one header; a last line without an end gets one.
std::unique_ptr<TableMerge> csv_merge();

}  // namespace gridmill
