// The writer of Parquet files, and the interface of sink/parquet_plugin.h with Arrow behind it.
#include "gridmill/sink/parquet_plugin.h"

#include <arrow/api.h>
#include <arrow/config.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "callback_files.h"
#include "rows_copy.h"

namespace {

std::shared_ptr<arrow::KeyValueMetadata> metadata_of(const char* const* texts, std::int64_t count) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  for (std::int64_t i = 0; i + 1 < count; i += 2) metadata->Append(texts[i], texts[i + 1]);
  return metadata;
}

std::shared_ptr<arrow::DataType> type_of(GmParquetKind kind) {
  switch (kind) {
    case gm_int8:
      return arrow::int8();
    case gm_int16:
      return arrow::int16();
    case gm_int32:
      return arrow::int32();
    case gm_int64:
      return arrow::int64();
    case gm_uint8:
      return arrow::uint8();
    case gm_uint16:
      return arrow::uint16();
    case gm_uint32:
      return arrow::uint32();
    case gm_uint64:
      return arrow::uint64();
    case gm_float32:
      return arrow::float32();
    case gm_float64:
      return arrow::float64();
    case gm_bool:
      return arrow::boolean();
    case gm_timestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case gm_text:
      return arrow::dictionary(arrow::int32(), arrow::utf8());
  }
  return nullptr;
}

// A bit per value that is a number; null if all are.
template <class Float>
arrow::Result<std::shared_ptr<arrow::Buffer>> numbers_of(const void* values, std::int64_t rows,
                                                         std::int64_t* missing) {
  const auto* value = static_cast<const Float*>(values);
  *missing = 0;
  for (std::int64_t i = 0; i < rows; ++i) *missing += std::isnan(value[i]) ? 1 : 0;
  if (*missing == 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(rows, memory_pool()));
  std::uint8_t* bit = bits->mutable_data();
  for (std::int64_t i = 0; i < rows; ++i) {
    if (!std::isnan(value[i])) bit[i / 8] = static_cast<std::uint8_t>(bit[i / 8] | (1U << (i % 8)));
  }
  return bits;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> bits_of(const void* bytes, std::int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(rows, memory_pool()));
  std::uint8_t* bit = bits->mutable_data();
  const auto* byte = static_cast<const std::uint8_t*>(bytes);
  for (std::int64_t i = 0; i < rows; ++i) {
    if (byte[i] != 0) bit[i / 8] = static_cast<std::uint8_t>(bit[i / 8] | (1U << (i % 8)));
  }
  return bits;
}

}  // namespace

struct GmParquetWriter {
  std::shared_ptr<CallbackStream> stream;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<GmParquetKind> kinds;
  std::vector<std::vector<const char*>> texts;  // of text columns
  std::unique_ptr<parquet::arrow::FileWriter> file;

  arrow::Status open(const GmParquetFile& wanted);
  arrow::Status write(std::int64_t rows, const void* const* columns);
  arrow::Status close();

 private:
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch(std::int64_t rows,
                                                           const void* const* columns) const;
  arrow::Result<std::shared_ptr<arrow::Array>> column(std::size_t i, std::int64_t rows,
                                                      const void* values) const;
  arrow::Result<std::shared_ptr<arrow::Array>> texts_of_rows(std::size_t i, std::int64_t rows,
                                                             const void* positions) const;
};

arrow::Status GmParquetWriter::open(const GmParquetFile& wanted) {
  arrow::FieldVector fields;
  for (std::int64_t i = 0; i < wanted.column_count; ++i) {
    const GmParquetColumn& column = wanted.columns[i];
    kinds.push_back(column.kind);
    fields.push_back(arrow::field(column.name, type_of(column.kind), true,
                                  metadata_of(column.metadata, column.metadata_size)));
    texts.emplace_back(column.dictionary, column.dictionary + column.dictionary_size);
  }
  schema = arrow::schema(fields, metadata_of(wanted.metadata, wanted.metadata_size));
  stream = std::make_shared<CallbackStream>(wanted.append, wanted.context);
  parquet::WriterProperties::Builder properties;
  properties.memory_pool(memory_pool())
      ->compression(parquet::Compression::ZSTD)
      ->max_row_group_length(wanted.row_group_rows)
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->enable_statistics()
      ->disable_dictionary()  // of measured values it is a hash table that gains nothing
      ->data_pagesize(wanted.page_bytes)
      ->created_by("gridmill");
  for (std::int64_t i = 0; i < wanted.column_count; ++i) {
    if (wanted.columns[i].repeats != 0) properties.enable_dictionary(wanted.columns[i].name);
  }
  parquet::ArrowWriterProperties::Builder arrow_properties;
  arrow_properties.store_schema();
  ARROW_ASSIGN_OR_RAISE(
      file, parquet::arrow::FileWriter::Open(*schema, memory_pool(), stream, properties.build(),
                                             arrow_properties.build()));
  return arrow::Status::OK();
}

// Values stay where they are: the caller's memory outlives the call, which copies what it keeps.
arrow::Result<std::shared_ptr<arrow::Array>> GmParquetWriter::column(std::size_t i,
                                                                     std::int64_t rows,
                                                                     const void* values) const {
  const auto type = schema->field(static_cast<int>(i))->type();
  if (kinds[i] == gm_bool) {
    ARROW_ASSIGN_OR_RAISE(auto bits, bits_of(values, rows));
    return arrow::MakeArray(arrow::ArrayData::Make(type, rows, {nullptr, std::move(bits)}, 0));
  }
  std::int64_t missing = 0;
  std::shared_ptr<arrow::Buffer> valid;
  if (kinds[i] == gm_float32) {
    ARROW_ASSIGN_OR_RAISE(valid, numbers_of<float>(values, rows, &missing));
  } else if (kinds[i] == gm_float64) {
    ARROW_ASSIGN_OR_RAISE(valid, numbers_of<double>(values, rows, &missing));
  }
  auto buffer = std::make_shared<arrow::Buffer>(static_cast<const std::uint8_t*>(values),
                                                rows * type->byte_width());
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, rows, {std::move(valid), std::move(buffer)}, missing));
}

// In the order in which the rows name them: thousands of names of which a file holds one would
// stand in each file otherwise.
arrow::Result<std::shared_ptr<arrow::Array>> GmParquetWriter::texts_of_rows(
    std::size_t i, std::int64_t rows, const void* positions) const {
  const auto* position = static_cast<const std::int32_t*>(positions);
  std::vector<std::int32_t> code_at(texts[i].size(), -1);
  std::unordered_map<std::string_view, std::int32_t> known;
  arrow::StringBuilder used(memory_pool());
  arrow::Int32Builder codes(memory_pool());
  ARROW_RETURN_NOT_OK(codes.Reserve(rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto at = static_cast<std::size_t>(position[row]);
    if (code_at[at] < 0) {
      const auto next = static_cast<std::int32_t>(known.size());
      const auto [found, is_new] = known.emplace(texts[i][at], next);
      if (is_new) ARROW_RETURN_NOT_OK(used.Append(found->first));
      code_at[at] = found->second;
    }
    codes.UnsafeAppend(code_at[at]);
  }
  ARROW_ASSIGN_OR_RAISE(const auto dictionary, used.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto indices, codes.Finish());
  return arrow::DictionaryArray::FromArrays(schema->field(static_cast<int>(i))->type(), indices,
                                            dictionary);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> GmParquetWriter::batch(
    std::int64_t rows, const void* const* columns) const {
  arrow::ArrayVector arrays;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    std::shared_ptr<arrow::Array> array;
    if (kinds[i] != gm_text) {
      ARROW_ASSIGN_OR_RAISE(array, column(i, rows, columns[i]));
    } else {
      ARROW_ASSIGN_OR_RAISE(array, texts_of_rows(i, rows, columns[i]));
    }
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(arrays));
}

// Column after column, each on its way before the next.
arrow::Status GmParquetWriter::write(std::int64_t rows, const void* const* columns) {
  ARROW_ASSIGN_OR_RAISE(auto rows_of_all, batch(rows, columns));
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        arrow::Table::FromRecordBatches(schema, {std::move(rows_of_all)}));
  ARROW_RETURN_NOT_OK(file->WriteTable(*table, rows));
  return stream->Flush();
}

arrow::Status GmParquetWriter::close() {
  ARROW_RETURN_NOT_OK(file->Close());
  return stream->Close();
}

namespace {

void say(const std::string& message, char* error, std::size_t room) {
  const std::size_t length = std::min(message.size(), room - 1);
  std::memcpy(error, message.data(), length);
  error[length] = '\0';
}

// No exception leaves the library.
template <class Action>
int guarded(Action&& action, char* error, std::size_t room) {
  try {
    const arrow::Status status = action();
    if (status.ok()) return 0;
    say(status.message(), error, room);
  } catch (const std::exception& exception) {
    say(exception.what(), error, room);
  }
  return 1;
}

GmParquetWriter* open_file(const GmParquetFile* file, char* error, std::size_t room) {
  auto writer = std::make_unique<GmParquetWriter>();
  if (guarded([&] { return writer->open(*file); }, error, room) != 0) return nullptr;
  return writer.release();
}

int write_rows(GmParquetWriter* writer, std::int64_t rows, const void* const* columns, char* error,
               std::size_t room) {
  return guarded([&] { return writer->write(rows, columns); }, error, room);
}

int close_file(GmParquetWriter* writer, char* error, std::size_t room) {
  return guarded([&] { return writer->close(); }, error, room);
}

void release_file(GmParquetWriter* writer) { delete writer; }

GmParquetReader* open_input(const GmParquetInput* input, char* error, std::size_t room) {
  auto reader = std::make_unique<GmParquetReader>();
  if (guarded([&] { return reader->open(*input); }, error, room) != 0) return nullptr;
  return reader.release();
}

const GmParquetAbout* about_input(const GmParquetReader* reader) { return &reader->about; }

void release_input(GmParquetReader* reader) { delete reader; }

GmParquetCopy* open_copy(const GmParquetReader* like, const GmParquetCopyFile* file, char* error,
                         std::size_t room) {
  auto copy = std::make_unique<GmParquetCopy>();
  if (guarded([&] { return copy->open(*like, *file); }, error, room) != 0) return nullptr;
  return copy.release();
}

int gather_rows(GmParquetCopy* copy, GmParquetReader* from, std::int64_t rows, std::int64_t* bytes,
                char* error, std::size_t room) {
  const int status = guarded([&] { return copy->gather(*from, rows); }, error, room);
  *bytes = copy->bytes;
  return status;
}

int end_group(GmParquetCopy* copy, char* error, std::size_t room) {
  return guarded([&] { return copy->end_group(); }, error, room);
}

int close_copy(GmParquetCopy* copy, char* error, std::size_t room) {
  return guarded([&] { return copy->close(); }, error, room);
}

void release_copy(GmParquetCopy* copy) { delete copy; }

constexpr GmParquetPlugin kPlugin{GM_PARQUET_PLUGIN_VERSION,
                                  "Arrow " ARROW_VERSION_STRING,
                                  &open_file,
                                  &write_rows,
                                  &close_file,
                                  &release_file,
                                  &open_input,
                                  &about_input,
                                  &release_input,
                                  &open_copy,
                                  &gather_rows,
                                  &end_group,
                                  &close_copy,
                                  &release_copy};

}  // namespace

extern "C" __attribute__((visibility("default"))) const GmParquetPlugin* gridmill_parquet_plugin() {
  return &kPlugin;
}
