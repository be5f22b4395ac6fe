// rows_copy.h: Parquet files whose rows are put into others, whatever their types.
//
// Rows are read column by column, so many at a time as the caller wants, and gathered until they
// are a row group. Nothing is computed with them.
#pragma once

#include <arrow/api.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/metadata.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "callback_files.h"
#include "gridmill/sink/parquet_plugin.h"

struct GmParquetReader {
  std::unique_ptr<parquet::arrow::FileReader> file;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::unique_ptr<parquet::arrow::ColumnReader>> columns;  // once rows are read
  GmParquetAbout about{};

  arrow::Status open(const GmParquetInput& input);
  arrow::Status open_columns();
  const parquet::FileMetaData& metadata() const { return *file->parquet_reader()->metadata(); }

 private:
  void describe();
  void measure();
  const char* keep(std::string_view text);
  const std::vector<const char*>& keep_all(
      const std::shared_ptr<const arrow::KeyValueMetadata>& texts);

  std::deque<std::string> texts_;
  std::deque<std::vector<const char*>> lists_;
  std::vector<GmParquetField> fields_;
};

struct GmParquetCopy {
  std::shared_ptr<CallbackStream> stream;
  std::shared_ptr<arrow::Schema> schema;
  std::unique_ptr<parquet::arrow::FileWriter> file;
  std::int64_t bytes = 0;  // gathered

  arrow::Status open(const GmParquetReader& like, const GmParquetCopyFile& wanted);
  arrow::Status gather(GmParquetReader& from, std::int64_t count);
  arrow::Status end_group();
  arrow::Status close();

 private:
  std::vector<arrow::ArrayVector> gathered_;  // by column
  std::int64_t rows_ = 0;
};
