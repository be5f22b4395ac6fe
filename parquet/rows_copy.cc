#include "rows_copy.h"

#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace {

// What is read of a file at once, for each column.
constexpr std::int64_t kReadAtOnce = std::int64_t{64} << 10;
// A page, decompressed: Arrow's own, and most others', are no larger.
constexpr std::int64_t kUsualPage = std::int64_t{1} << 20;

// Of a value as it waits to be written; 0: that differs from row to row.
std::int64_t fixed_width(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) return sizeof(std::int32_t);
  if (!arrow::is_fixed_width(type.id())) return 0;
  return std::max(1, static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8);
}

bool is_text_dictionary(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) return false;
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
  return dictionary.index_type()->id() == arrow::Type::INT32 &&
         dictionary.value_type()->id() == arrow::Type::STRING;
}

// Each row group of each file has a dictionary of its own; of several Arrow's writer would make
// plain texts. The one that comes of them holds what the rows name, in the order in which they do.
arrow::Result<std::shared_ptr<arrow::ChunkedArray>> with_one_dictionary(
    const arrow::ChunkedArray& column) {
  std::unordered_map<std::string_view, std::int32_t> known;
  arrow::StringBuilder used(memory_pool());
  arrow::Int32Builder codes(memory_pool());
  ARROW_RETURN_NOT_OK(codes.Reserve(column.length()));
  for (const auto& chunk : column.chunks()) {
    const auto& rows = static_cast<const arrow::DictionaryArray&>(*chunk);
    const auto& texts = static_cast<const arrow::StringArray&>(*rows.dictionary());
    std::vector<std::int32_t> code_at(static_cast<std::size_t>(texts.length()), -1);
    for (std::int64_t row = 0; row < rows.length(); ++row) {
      const std::int64_t at = rows.IsNull(row) ? -1 : rows.GetValueIndex(row);
      if (at < 0 || texts.IsNull(at)) {
        codes.UnsafeAppendNull();
        continue;
      }
      std::int32_t& code = code_at[static_cast<std::size_t>(at)];
      if (code < 0) {
        const auto next = static_cast<std::int32_t>(known.size());
        const auto [found, is_new] = known.emplace(texts.GetView(at), next);
        if (is_new) ARROW_RETURN_NOT_OK(used.Append(found->first));
        code = found->second;
      }
      codes.UnsafeAppend(code);
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto dictionary, used.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto indices, codes.Finish());
  ARROW_ASSIGN_OR_RAISE(auto rows,
                        arrow::DictionaryArray::FromArrays(column.type(), indices, dictionary));
  return std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{std::move(rows)});
}

std::string type_text(const parquet::ColumnDescriptor& column) {
  const auto& logical = column.logical_type();
  return parquet::TypeToString(column.physical_type()) +
         (logical && !logical->is_none() ? " (" + logical->ToString() + ")" : "");
}

// Nothing that the type in which values are stored doesn't say: a signed integer of its own width.
bool says_nothing(const parquet::ColumnDescriptor& column) {
  const auto& logical = column.logical_type();
  if (logical == nullptr || logical->is_none()) return true;
  if (!logical->is_int()) return false;
  const auto& integer = static_cast<const parquet::IntLogicalType&>(*logical);
  return integer.is_signed() &&
         integer.bit_width() == (column.physical_type() == parquet::Type::INT32 ? 32 : 64);
}

bool is_stored_alike(const parquet::ColumnDescriptor& a, const parquet::ColumnDescriptor& b) {
  // The length of a type that has none is -1 in a schema that was made, and 0 in one that was read.
  const bool has_length = a.physical_type() == parquet::Type::FIXED_LEN_BYTE_ARRAY;
  // Names inside of lists have been "item" and "element".
  if (a.path()->ToDotString() != b.path()->ToDotString()) return false;
  if (a.physical_type() != b.physical_type() ||
      (has_length && a.type_length() != b.type_length()) ||
      a.max_definition_level() != b.max_definition_level() ||
      a.max_repetition_level() != b.max_repetition_level()) {
    return false;
  }
  if (says_nothing(a) && says_nothing(b)) return true;
  return a.logical_type() && b.logical_type() && a.logical_type()->Equals(*b.logical_type());
}

bool has_integer_decimals(const parquet::SchemaDescriptor& schema) {
  for (int i = 0; i < schema.num_columns(); ++i) {
    const parquet::ColumnDescriptor& column = *schema.Column(i);
    const auto& logical = column.logical_type();
    if (logical && logical->is_decimal() &&
        (column.physical_type() == parquet::Type::INT32 ||
         column.physical_type() == parquet::Type::INT64)) {
      return true;
    }
  }
  return false;
}

}  // namespace

arrow::Status GmParquetReader::open(const GmParquetInput& input) {
  parquet::ReaderProperties properties(memory_pool());
  properties.enable_buffered_stream();  // else all of a column's row group is held as it is stored
  properties.set_buffer_size(kReadAtOnce);
  properties.set_page_checksum_verification(true);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::make_shared<CallbackInput>(input), properties));
  parquet::ArrowReaderProperties arrow_properties;
  arrow_properties.set_pre_buffer(false);
  builder.memory_pool(memory_pool())->properties(arrow_properties);
  ARROW_RETURN_NOT_OK(builder.Build(&file));
  ARROW_RETURN_NOT_OK(file->GetSchema(&schema));
  if (schema->num_fields() == 0) return arrow::Status::Invalid("it has no columns");
  describe();
  measure();
  return arrow::Status::OK();
}

arrow::Status GmParquetReader::open_columns() {
  if (!columns.empty()) return arrow::Status::OK();
  for (int i = 0; i < schema->num_fields(); ++i) {
    std::unique_ptr<parquet::arrow::ColumnReader> column;
    ARROW_RETURN_NOT_OK(file->GetColumn(i, &column));
    columns.push_back(std::move(column));
  }
  return arrow::Status::OK();
}

// Zeros would end it early.
const char* GmParquetReader::keep(std::string_view text) {
  std::string& kept = texts_.emplace_back();
  for (const char c : text) {
    if (c == '\0') {
      kept += "\\0";
    } else {
      kept += c;
    }
  }
  return kept.c_str();
}

const std::vector<const char*>& GmParquetReader::keep_all(
    const std::shared_ptr<const arrow::KeyValueMetadata>& texts) {
  std::vector<const char*>& list = lists_.emplace_back();
  for (std::int64_t i = 0; texts != nullptr && i < texts->size(); ++i) {
    list.push_back(keep(texts->key(i)));
    list.push_back(keep(texts->value(i)));
  }
  return list;
}

namespace {

// What nested fields say of themselves, e.g. their units.
void tell_notes(const arrow::DataType& type, std::ostream& text) {
  for (const auto& child : type.fields()) {
    if (child->HasMetadata()) text << " " << child->name() << child->metadata()->ToString();
    tell_notes(*child->type(), text);
  }
}

// A signed integer of its own width is stored with that said, or without: the same.
std::string without_plain_integers(std::string text) {
  for (const std::string_view plain :
       {" (Int(bitWidth=32, isSigned=true))", " (Int(bitWidth=64, isSigned=true))"}) {
    for (auto at = text.find(plain); at != std::string::npos; at = text.find(plain)) {
      text.erase(at, plain.size());
    }
  }
  return text;
}

}  // namespace

void GmParquetReader::describe() {
  const parquet::schema::GroupNode& root = *metadata().schema()->group_node();
  for (int i = 0; i < schema->num_fields(); ++i) {
    const arrow::Field& field = *schema->field(i);
    std::ostringstream stored, notes_below;
    parquet::schema::PrintSchema(root.field(i).get(), stored);
    std::string text = without_plain_integers(stored.str());
    tell_notes(*field.type(), notes_below);
    while (!text.empty() && (text.back() == '\n' || text.back() == ';')) text.pop_back();
    text += notes_below.str();
    const auto& notes = keep_all(field.metadata());
    fields_.push_back({keep(field.name()), keep(field.type()->ToString()), keep(text), notes.data(),
                       static_cast<std::int64_t>(notes.size())});
  }
  const auto& notes = keep_all(schema->metadata());
  about.fields = fields_.data();
  about.field_count = static_cast<std::int64_t>(fields_.size());
  about.metadata = notes.data();
  about.metadata_size = static_cast<std::int64_t>(notes.size());
  about.rows = metadata().num_rows();
}

// Of what has no width of its own, what it takes as it is stored.
void GmParquetReader::measure() {
  const parquet::FileMetaData& all = metadata();
  const parquet::SchemaDescriptor& stored = *all.schema();
  std::vector<std::int64_t> widths(fields_.size());
  for (std::size_t i = 0; i < widths.size(); ++i) {
    widths[i] = fixed_width(*schema->field(static_cast<int>(i))->type());
  }
  std::int64_t other_bytes = 0;
  std::vector<std::int64_t> largest(static_cast<std::size_t>(stored.num_columns()));
  for (int group = 0; group < all.num_row_groups(); ++group) {
    const auto row_group = all.RowGroup(group);
    for (int i = 0; i < stored.num_columns(); ++i) {
      const std::int64_t bytes = row_group->ColumnChunk(i)->total_uncompressed_size();
      const int field = stored.group_node()->FieldIndex(*stored.GetColumnRoot(i));
      std::int64_t& most = largest[static_cast<std::size_t>(i)];
      most = std::max(most, bytes);
      if (field >= 0 && widths[static_cast<std::size_t>(field)] == 0) other_bytes += bytes;
    }
  }
  for (const std::int64_t width : widths) about.row_bytes += width;
  about.row_bytes += other_bytes / std::max<std::int64_t>(1, about.rows);
  about.row_bytes = std::max<std::int64_t>(1, about.row_bytes);
  for (const std::int64_t bytes : largest) {
    about.held_bytes += std::min(bytes, kReadAtOnce) + std::min(bytes, kUsualPage);
  }
}

namespace {

using Properties = parquet::WriterProperties::Builder;

void set_usual(const parquet::SchemaDescriptor& like, const GmParquetCopyFile& wanted,
               Properties& properties) {
  properties.memory_pool(memory_pool())
      ->compression(parquet::Compression::ZSTD)
      ->max_row_group_length(wanted.row_group_rows)
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->enable_statistics()
      ->disable_dictionary()
      ->data_pagesize(wanted.page_bytes)
      ->created_by("gridmill");
  if (has_integer_decimals(like)) properties.enable_store_decimal_as_integer();
}

// As the columns of the first row group are stored.
void set_encodings(const parquet::FileMetaData& like, const parquet::SchemaDescriptor& written,
                   Properties& properties) {
  using parquet::Encoding;
  if (like.num_row_groups() == 0) return;
  const auto group = like.RowGroup(0);
  for (int i = 0; i < written.num_columns(); ++i) {
    const auto chunk = group->ColumnChunk(i);
    const auto path = written.Column(i)->path();
    const std::vector<Encoding::type>& used = chunk->encodings();
    const auto has = [&](Encoding::type encoding) {
      return std::find(used.begin(), used.end(), encoding) != used.end();
    };
    properties.compression(path, chunk->compression());
    if (has(Encoding::RLE_DICTIONARY) || has(Encoding::PLAIN_DICTIONARY)) {
      properties.enable_dictionary(path);
    }
    for (const Encoding::type encoding :
         {Encoding::BYTE_STREAM_SPLIT, Encoding::DELTA_BINARY_PACKED,
          Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY}) {
      if (has(encoding)) properties.encoding(path, encoding);
    }
  }
}

arrow::Status check_stored_alike(const parquet::SchemaDescriptor& like,
                                 const parquet::SchemaDescriptor& written) {
  for (int i = 0; i < like.num_columns(); ++i) {
    if (i < written.num_columns() && is_stored_alike(*like.Column(i), *written.Column(i))) continue;
    return arrow::Status::Invalid(
        "the column ", like.Column(i)->path()->ToDotString(), " is stored as ",
        type_text(*like.Column(i)), ", which would become ",
        i < written.num_columns() ? type_text(*written.Column(i)) : "nothing");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status GmParquetCopy::open(const GmParquetReader& like, const GmParquetCopyFile& wanted) {
  auto notes = like.schema->metadata() ? like.schema->metadata()->Copy()
                                       : std::make_shared<arrow::KeyValueMetadata>();
  for (std::int64_t i = 0; i + 1 < wanted.metadata_size; i += 2) {
    ARROW_RETURN_NOT_OK(notes->Set(wanted.metadata[i], wanted.metadata[i + 1]));
  }
  schema = like.schema->WithMetadata(notes);
  parquet::ArrowWriterProperties::Builder arrow_builder;
  const auto arrow_properties = arrow_builder.store_schema()->build();
  const parquet::SchemaDescriptor& stored = *like.metadata().schema();
  Properties properties;
  set_usual(stored, wanted, properties);
  std::shared_ptr<parquet::SchemaDescriptor> written;
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(schema.get(), *properties.build(),
                                                      *arrow_properties, &written));
  ARROW_RETURN_NOT_OK(check_stored_alike(stored, *written));
  set_encodings(like.metadata(), *written, properties);
  stream = std::make_shared<CallbackStream>(wanted.append, wanted.context);
  gathered_.resize(static_cast<std::size_t>(schema->num_fields()));
  ARROW_ASSIGN_OR_RAISE(
      file, parquet::arrow::FileWriter::Open(*schema, memory_pool(), stream, properties.build(),
                                             arrow_properties));
  return arrow::Status::OK();
}

arrow::Status GmParquetCopy::gather(GmParquetReader& from, std::int64_t count) {
  ARROW_RETURN_NOT_OK(from.open_columns());
  if (!from.schema->Equals(*schema, false)) return arrow::Status::Invalid("it has other columns");
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    std::shared_ptr<arrow::ChunkedArray> rows;
    ARROW_RETURN_NOT_OK(from.columns[i]->NextBatch(count, &rows));
    if (rows == nullptr || rows->length() != count) {
      return arrow::Status::Invalid("the column ", schema->field(static_cast<int>(i))->name(),
                                    " has fewer rows than the file says");
    }
    bytes += arrow::util::TotalBufferSize(*rows);
    gathered_[i].insert(gathered_[i].end(), rows->chunks().begin(), rows->chunks().end());
  }
  rows_ += count;
  return arrow::Status::OK();
}

arrow::Status GmParquetCopy::end_group() {
  arrow::ChunkedArrayVector columns;
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    const auto& type = schema->field(static_cast<int>(i))->type();
    auto column = std::make_shared<arrow::ChunkedArray>(std::exchange(gathered_[i], {}), type);
    if (is_text_dictionary(*type)) {
      ARROW_ASSIGN_OR_RAISE(column, with_one_dictionary(*column));
    }
    columns.push_back(std::move(column));
  }
  bytes = 0;
  const std::int64_t count = std::exchange(rows_, 0);
  const auto table = arrow::Table::Make(schema, std::move(columns), count);
  ARROW_RETURN_NOT_OK(file->WriteTable(*table, count));
  return stream->Flush();
}

arrow::Status GmParquetCopy::close() {
  ARROW_RETURN_NOT_OK(file->Close());
  return stream->Close();
}
