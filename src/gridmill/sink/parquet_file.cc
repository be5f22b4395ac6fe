#include "gridmill/sink/parquet_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "gridmill/base/error.h"
#include "gridmill/formats/utf8_text.h"
#include "gridmill/system/shared_library.h"

namespace gridmill {
namespace {

constexpr std::int64_t kMostRowsOfGroup = std::int64_t{1} << 20;
constexpr const char* kPluginFile = "libgridmill_parquet.so";
// What a column's writer and its figures in the footer take.
constexpr std::int64_t kWriterBytes = std::int64_t{16} << 10;

// null: the program came without it.
const GmParquetPlugin* find_plugin() {
  static const GmParquetPlugin* const kPlugin = [] {
    void* entry = symbol_beside_program(kPluginFile, "gridmill_parquet_plugin");
    return entry == nullptr ? nullptr : reinterpret_cast<GmParquetEntry>(entry)();
  }();
  return kPlugin != nullptr && kPlugin->version == GM_PARQUET_PLUGIN_VERSION ? kPlugin : nullptr;
}

[[noreturn]] void refuse_parquet() {
  throw Error(ErrorKind::unsupported,
              "Parquet is written and read by libgridmill_parquet.so, which is not beside this "
              "program: build it with Arrow (pyarrow in .venv: `make setup build`), or write a "
              ".csv table");
}

// Arrow would write them, and no reader could open the file.
void check_text(const ParquetSchema& schema, const std::string& what, const std::string& text) {
  if (is_utf8(text) && text.find('\0') == std::string::npos) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{}: the {} \"{}\" is no UTF-8 text, as Parquet wants it", schema.name,
                          what, with_valid_utf8(text)));
}

// Texts as the plugin wants them; the strings must stay where they are.
std::vector<const char*> pointers_to(const TableNotes& notes) {
  std::vector<const char*> pointers;
  for (const auto& [name, value] : notes) {
    pointers.push_back(name.c_str());
    pointers.push_back(value.c_str());
  }
  return pointers;
}

}  // namespace

std::int64_t size_of(GmParquetKind kind) {
  switch (kind) {
    case gm_int8:
    case gm_uint8:
    case gm_bool:
      return 1;
    case gm_int16:
    case gm_uint16:
      return 2;
    case gm_int32:
    case gm_uint32:
    case gm_float32:
    case gm_text:
      return 4;
    default:
      return 8;
  }
}

std::int64_t row_bytes_of(const ParquetSchema& schema) {
  std::int64_t bytes = 0;
  for (const ParquetColumn& column : schema.columns) bytes += size_of(column.kind);
  return bytes;
}

std::int64_t row_group_rows(const ParquetSchema& schema) {
  return row_group_rows(schema.row_group_bytes, row_bytes_of(schema));
}

std::int64_t row_group_rows(std::int64_t row_group_bytes, std::int64_t row_bytes) {
  return std::clamp<std::int64_t>(row_group_bytes / row_bytes, 1, kMostRowsOfGroup);
}

std::int64_t parquet_page_bytes(std::int64_t row_group_bytes, std::int64_t columns) {
  return std::clamp<std::int64_t>(row_group_bytes / columns, std::int64_t{16} << 10,
                                  std::int64_t{256} << 10);
}

void check_texts(const ParquetSchema& schema) {
  std::set<std::string> names;
  for (const ParquetColumn& column : schema.columns) {
    check_text(schema, "column name", column.name);
    if (!names.insert(column.name).second) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} would have two columns called {}: leave one out with "
                              "--variables, or name it by --feature",
                              schema.name, column.name));
    }
  }
  for (const ParquetColumn& column : schema.columns) {
    if (column.key == nullptr) continue;
    for (const std::string& text : column.key->texts) check_text(schema, "text", text);
  }
  for (const ParquetColumn& column : schema.columns) {
    for (const auto& [name, value] : column.notes) check_text(schema, name, value);
  }
}

const GmParquetPlugin& parquet_plugin() {
  if (const GmParquetPlugin* found = find_plugin()) return *found;
  refuse_parquet();
}

void check_parquet_is_here() {
  if (!is_beside_program(kPluginFile)) refuse_parquet();
}

namespace {

// A row of each kind that tables have, to nowhere.
void write_nothing() {
  const auto texts = std::make_shared<KeyValues>();
  texts->texts = {"a"};
  const ParquetSchema schema{"a table",
                             {{"text", gm_text, texts, {}},
                              {"time", gm_timestamp, std::make_shared<KeyValues>(), {}},
                              {"place", gm_float64, std::make_shared<KeyValues>(), {}},
                              {"value", gm_float32, nullptr, {{"units", "1"}}}},
                             {{"gridmill", "{}"}},
                             std::int64_t{64} << 10};
  const double values[4] = {};  // zeros of any kind
  const void* const columns[] = {values, values + 1, values + 2, values + 3};
  ParquetFile file(schema, [](ByteView) {});
  file.write(1, columns);
  file.close();
}

}  // namespace

ParquetLoading::ParquetLoading() {
  if (!is_beside_program(kPluginFile)) return;  // and the folder is known before the loader is busy
  try {
    thread_ = std::jthread([] {
      try {
        if (find_plugin() != nullptr) write_nothing();
      } catch (...) {
        return;  // told again to who needs it
      }
    });
  } catch (const std::system_error&) {
    return;  // no more threads: who needs it loads it
  }
}

int ParquetBytes::append(void* self, const void* bytes, std::int64_t count) {
  auto& own = *static_cast<ParquetBytes*>(self);
  if (own.is_given_up_ || own.failure_) return 1;
  try {
    own.take_(ByteView(static_cast<const std::byte*>(bytes), static_cast<std::size_t>(count)));
    own.count_ += count;
  } catch (...) {
    own.failure_ = std::current_exception();
    return 1;
  }
  return 0;
}

void ParquetBytes::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

ParquetFile::ParquetFile(const ParquetSchema& schema, std::function<void(ByteView)> take)
    : schema_(schema),
      bytes_(std::move(take)),
      plugin_(parquet_plugin()),
      message_(kParquetMessage, '\0') {
  open();
}

ParquetFile::~ParquetFile() {
  bytes_.give_up();
  plugin_.release(writer_);
}

void ParquetFile::open() {
  std::vector<GmParquetColumn> columns;
  std::vector<std::vector<const char*>> notes, dictionaries;
  for (const ParquetColumn& column : schema_.columns) {
    notes.push_back(pointers_to(column.notes));
    dictionaries.emplace_back();
    if (column.key != nullptr) {
      for (const std::string& text : column.key->texts) dictionaries.back().push_back(text.c_str());
    }
    columns.push_back({column.name.c_str(), column.kind, dictionaries.back().data(),
                       static_cast<std::int64_t>(dictionaries.back().size()), notes.back().data(),
                       static_cast<std::int64_t>(notes.back().size()),
                       column.key != nullptr ? 1 : 0});
  }
  const auto about = pointers_to(schema_.about);
  const auto count = static_cast<std::int64_t>(columns.size());
  const GmParquetFile file{columns.data(),
                           count,
                           about.data(),
                           static_cast<std::int64_t>(about.size()),
                           row_group_rows(schema_),
                           parquet_page_bytes(schema_.row_group_bytes, count),
                           &ParquetBytes::append,
                           &bytes_};
  writer_ = plugin_.open(&file, message_.data(), message_.size());
  check(writer_ == nullptr ? 1 : 0);
}

void ParquetFile::write(std::int64_t rows, std::span<const void* const> columns) {
  check(plugin_.write(writer_, rows, columns.data(), message_.data(), message_.size()));
}

void ParquetFile::close() { check(plugin_.close(writer_, message_.data(), message_.size())); }

void ParquetFile::check(int status) {
  bytes_.rethrow();
  if (status == 0) return;
  throw Error(ErrorKind::internal,
              fmt::format("{}: Arrow can't write it: {}", schema_.name, message_.c_str()));
}

std::string parquet_library() {
  const GmParquetPlugin* found = find_plugin();
  return found == nullptr ? "" : found->library;
}

std::int64_t parquet_memory(std::int64_t row_group_bytes, std::int64_t columns) {
  return row_group_bytes + row_group_bytes / 4 + columns * kWriterBytes;
}

}  // namespace gridmill
