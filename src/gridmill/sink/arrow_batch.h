// arrow_batch.h: record batches of a table, in Arrow's own layout, and how they and their schema go
// over Arrow's C data interface.
//
// A batch is one block of memory, which the arrays that are exported point into and keep alive:
// nothing is copied, and each of them may be moved and released by itself, in any order and from
// any thread. Texts are dictionaries (int32 -> utf8) that all batches share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/sink/arrow_abi.h"
#include "gridmill/sink/parquet_file.h"
#include "gridmill/system/memory.h"

namespace gridmill {

// Distinct texts as Arrow keeps them, and which of them stands at each position of a key.
struct ArrowTexts {
  std::vector<std::int32_t> offsets{0};
  std::string text;
  std::vector<std::int32_t> place_of;
};

struct ArrowColumn {
  std::string name;
  GmParquetKind kind = gm_float64;
  TableNotes notes;
  std::shared_ptr<const ArrowTexts> texts;  // null for other kinds
};

// What all batches of a table share; never changes.
struct ArrowForm {
  std::vector<ArrowColumn> columns;
  TableNotes about;
};

// Throws what check_texts() throws, Error(unsupported) for a key whose texts have 2 GiB and more.
std::shared_ptr<const ArrowForm> arrow_form(const ParquetSchema& schema);

// Where a batch of some number of rows has what, in bytes from the beginning of its block: first a
// count for each column, then the columns, each of them aligned to 64.
struct ArrowLayout {
  struct Place {
    std::int64_t valid = 0;  // a bit for each row; only of columns that may hold nulls
    std::int64_t data = 0;
  };
  std::vector<Place> columns;
  std::int64_t size = 0;
};

ArrowLayout arrow_layout(const ArrowForm& form, std::int64_t rows);

// Of floating point: NaN becomes null.
bool may_be_null(GmParquetKind kind) noexcept;

struct ArrowBatch {
  std::shared_ptr<const ArrowForm> form;
  std::int64_t rows = 0;
  Buffer block;  // as arrow_layout() has it; the counts are those of the columns' nulls
};

// Fill `out`, whose content is overwritten; if they throw (no memory), it is left alone.
void export_schema(const ArrowForm& form, ArrowSchema* out);
void export_batch(const std::shared_ptr<const ArrowBatch>& batch, ArrowArray* out);

}  // namespace gridmill
