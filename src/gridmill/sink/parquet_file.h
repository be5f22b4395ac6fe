// parquet_file.h: a Parquet file that is being written: Arrow behind parquet_plugin.h, whose bytes
// go wherever its maker wants them.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "gridmill/base/bytes.h"
#include "gridmill/sink/parquet_plugin.h"
#include "gridmill/sink/typed_keys.h"

namespace gridmill {

struct ParquetColumn {
  std::string name;
  GmParquetKind kind = gm_float64;
  std::shared_ptr<const KeyValues> key;  // of a key column; null: values
  TableNotes notes;
};

struct ParquetSchema {
  std::string name;  // of the table, for messages
  std::vector<ParquetColumn> columns;
  TableNotes about;
  std::int64_t row_group_bytes = 0;  // of a row group, as its rows wait to be written
};

std::int64_t size_of(GmParquetKind kind);  // bytes of an element
std::int64_t row_bytes_of(const ParquetSchema& schema);
std::int64_t row_group_rows(const ParquetSchema& schema);  // at least one
// The same of rows of so many bytes.
std::int64_t row_group_rows(std::int64_t row_group_bytes, std::int64_t row_bytes);
// Of a column, before it is compressed: small where there are thousands, each with pages of its
// own.
std::int64_t parquet_page_bytes(std::int64_t row_group_bytes, std::int64_t columns);

// Throws Error(invalid) for names and texts that are no UTF-8 and names that come twice.
void check_texts(const ParquetSchema& schema);

// Arrow, which is loaded if it isn't yet. Throws Error(unsupported) where the program came without
// it, or it can't be loaded.
const GmParquetPlugin& parquet_plugin();
// Throws Error(unsupported) where the program came without it. Loads nothing.
void check_parquet_is_here();

// Loads Arrow on a thread of its own while this lives: relocations of 8 ms (of pyarrow 26), which
// the opening and decoding of inputs needn't wait for. It writes a row to nowhere, too: what is
// done first binds functions and maps pages, half the time of writing a small table. What goes
// wrong is told by parquet_plugin().
class ParquetLoading {
 public:
  ParquetLoading();

 private:
  std::jthread thread_;
};

// The plugin speaks with a zero at the end, in so much room.
inline constexpr std::size_t kParquetMessage = 1024;

// Bytes that Arrow writes, on their way to `take`. Exceptions don't pass through Arrow: one that
// `take` throws waits here.
class ParquetBytes {
 public:
  explicit ParquetBytes(std::function<void(ByteView)> take) : take_(std::move(take)) {}
  static int append(void* self, const void* bytes, std::int64_t count);
  // Nothing is taken any more: Arrow would write a footer when it lets a file go.
  void give_up() noexcept { is_given_up_ = true; }
  void rethrow() const;
  std::int64_t count() const noexcept { return count_; }

 private:
  const std::function<void(ByteView)> take_;
  std::exception_ptr failure_;
  bool is_given_up_ = false;
  std::int64_t count_ = 0;
};

class ParquetFile {
 public:
  // `take` gets the file's bytes in order; what it throws comes out of the call that led to it.
  // `schema`, whose texts have been checked, must outlive this. Throws Error(unsupported) where the
  // program came without Arrow.
  ParquetFile(const ParquetSchema& schema, std::function<void(ByteView)> take);
  ~ParquetFile();  // unclosed: no footer is written
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;

  // Adds rows as one row group, not more than row_group_rows(): its bytes are taken when this
  // returns. `columns`: each column's elements, contiguous.
  void write(std::int64_t rows, std::span<const void* const> columns);
  void close();
  std::int64_t bytes() const noexcept { return bytes_.count(); }  // taken so far

 private:
  void open();
  void check(int status);

  const ParquetSchema& schema_;
  ParquetBytes bytes_;
  const GmParquetPlugin& plugin_;
  std::string message_;
  GmParquetWriter* writer_ = nullptr;
};

// "Arrow 26.0.1"; "" where the program came without it.
std::string parquet_library();

// What a file of so many columns takes beside what computes its rows: a row group that is gathered,
// and what Arrow holds of one column at a time and remembers of all.
std::int64_t parquet_memory(std::int64_t row_group_bytes, std::int64_t columns);

}  // namespace gridmill
