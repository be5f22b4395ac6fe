// parquet_input.h: a Parquet file that is there, and one that is made of the rows of such files:
// Arrow behind parquet_plugin.h.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gridmill/sink/parquet_file.h"
#include "gridmill/sink/parquet_plugin.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct ParquetField {
  std::string name;
  std::string type;    // as Arrow says it
  std::string stored;  // as the file says it
  TableNotes notes;
};

class ParquetInput {
 public:
  // `name` is for messages. Throws Error(corrupt) for what is no Parquet file, Error(unsupported)
  // where the program came without Arrow, and what `file` throws when it is read.
  ParquetInput(std::string name, std::unique_ptr<ValueReader> file);
  ~ParquetInput();
  ParquetInput(const ParquetInput&) = delete;
  ParquetInput& operator=(const ParquetInput&) = delete;

  const std::string& name() const noexcept { return name_; }
  const std::vector<ParquetField>& fields() const noexcept { return fields_; }
  const TableNotes& notes() const noexcept { return notes_; }  // of the schema
  std::int64_t rows() const noexcept { return about_->rows; }
  std::int64_t row_bytes() const noexcept { return about_->row_bytes; }    // waiting to be written
  std::int64_t held_bytes() const noexcept { return about_->held_bytes; }  // while it is read

 private:
  friend class ParquetCopy;
  static int read_at(void* self, std::int64_t offset, void* into, std::int64_t count);
  [[noreturn]] void fail(const std::string& message) const;

  const std::string name_;
  const std::unique_ptr<ValueReader> file_;
  const GmParquetPlugin& plugin_;
  GmParquetInput input_;
  std::exception_ptr failure_;
  GmParquetReader* reader_ = nullptr;
  const GmParquetAbout* about_ = nullptr;
  std::vector<ParquetField> fields_;
  TableNotes notes_;
};

class ParquetCopy {
 public:
  // A file with the columns of `like`, stored as its are. `notes` take the place of those of the
  // schema that have their names. `take` gets the file's bytes in order. Throws Error(unsupported)
  // if Arrow would store a column in another type.
  ParquetCopy(const ParquetInput& like, const TableNotes& notes, std::int64_t row_group_bytes,
              std::int64_t row_group_rows, std::function<void(ByteView)> take);
  ~ParquetCopy();  // unclosed: no footer is written
  ParquetCopy(const ParquetCopy&) = delete;
  ParquetCopy& operator=(const ParquetCopy&) = delete;

  // Gathers the next rows of `from`, which has so many left; returns the bytes that wait now.
  // Throws Error(corrupt) for what can't be decoded.
  std::int64_t gather(ParquetInput& from, std::int64_t rows);
  // What waits becomes a row group: its bytes are taken when this returns.
  void end_group();
  void close();
  std::int64_t bytes() const noexcept { return bytes_.count(); }  // taken so far

 private:
  void check(int status);

  const std::string name_;
  ParquetBytes bytes_;
  const GmParquetPlugin& plugin_;
  std::string message_;
  GmParquetCopy* copy_ = nullptr;
};

}  // namespace gridmill
