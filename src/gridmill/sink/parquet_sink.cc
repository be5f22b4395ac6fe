#include "gridmill/sink/parquet_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <set>

#include "gridmill/array/copy.h"
#include "gridmill/base/error.h"
#include "gridmill/formats/utf8_text.h"
#include "gridmill/sink/parquet_plugin.h"
#include "gridmill/system/shared_library.h"

namespace gridmill {
namespace {

constexpr std::size_t kLongestMessage = 1024;
constexpr std::int64_t kMostRowsOfGroup = std::int64_t{1} << 20;

// Small where there are thousands of columns: each has pages of its own.
std::int64_t page_bytes(std::int64_t row_group_bytes, std::int64_t columns) {
  return std::clamp<std::int64_t>(row_group_bytes / columns, std::int64_t{16} << 10,
                                  std::int64_t{256} << 10);
}

// null: the program came without it.
const GmParquetPlugin* find_plugin() {
  static const GmParquetPlugin* const kPlugin = [] {
    void* entry = symbol_beside_program("libgridmill_parquet.so", "gridmill_parquet_plugin");
    return entry == nullptr ? nullptr : reinterpret_cast<GmParquetEntry>(entry)();
  }();
  return kPlugin != nullptr && kPlugin->version == GM_PARQUET_PLUGIN_VERSION ? kPlugin : nullptr;
}

const GmParquetPlugin& plugin() {
  if (const GmParquetPlugin* found = find_plugin()) return *found;
  throw Error(ErrorKind::unsupported,
              "Parquet is written by libgridmill_parquet.so, which is not beside this program: "
              "build it with Arrow (pyarrow in .venv: `make setup build`), or write a .csv table");
}

GmParquetKind kind_of(const ValueColumn& value) {
  const DataType type = value.rows.type;
  if (type == types::float32) return gm_float32;
  if (type == types::float64) return gm_float64;
  if (type.kind == ScalarKind::boolean) return gm_bool;
  const int level = type.size == 1 ? 0 : type.size == 2 ? 1 : type.size == 4 ? 2 : 3;
  if (type.kind == ScalarKind::integer) return static_cast<GmParquetKind>(gm_int8 + level);
  if (type.kind == ScalarKind::unsigned_) {
    return static_cast<GmParquetKind>(gm_uint8 + level);
  }
  throw Error(ErrorKind::unsupported,
              fmt::format("{} is {}, which a Parquet table of ours has no column for: leave it out "
                          "with --variables, or write a .csv table",
                          value.name, type.name()));
}

GmParquetKind kind_of(const KeyValues& key) {
  constexpr GmParquetKind kKinds[] = {gm_timestamp, gm_int64, gm_float64, gm_text};
  return kKinds[static_cast<int>(key.kind)];
}

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

struct ColumnPlace {
  GmParquetKind kind = gm_float64;
  std::int64_t bytes_before = 0;  // of a row, in a unit's bytes
};

// Columns of a unit lie behind each other, the widest first, so that all are aligned.
std::vector<ColumnPlace> places_of(const ParquetTarget& target) {
  std::vector<ColumnPlace> places;
  for (const auto& key : target.keys) places.push_back({kind_of(*key), 0});
  for (const ValueColumn& value : target.table.values) places.push_back({kind_of(value), 0});
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return size_of(places[a].kind) > size_of(places[b].kind);
  });
  std::int64_t before = 0;
  for (const std::size_t i : order) {
    places[i].bytes_before = before;
    before += size_of(places[i].kind);
  }
  return places;
}

// Arrow would write them, and no reader could open the file.
void check_text(const ParquetTarget& target, const std::string& what, const std::string& text) {
  if (is_utf8(text) && text.find('\0') == std::string::npos) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{}: the {} \"{}\" is no UTF-8 text, as Parquet wants it",
                          target.table.name, what, with_valid_utf8(text)));
}

void check_texts(const ParquetTarget& target) {
  std::set<std::string> names;
  const auto check_name = [&](const std::string& name) {
    check_text(target, "column name", name);
    if (names.insert(name).second) return;
    throw Error(ErrorKind::invalid,
                fmt::format("{} would have two columns called {}: leave one out with --variables, "
                            "or name it by --feature",
                            target.table.name, name));
  };
  for (const KeyColumn& key : target.table.keys) check_name(key.name);
  for (const ValueColumn& value : target.table.values) check_name(value.name);
  for (const auto& key : target.keys) {
    for (const std::string& text : key->texts) check_text(target, "text", text);
  }
  for (const TableNotes& notes : target.notes) {
    for (const auto& [name, value] : notes) check_text(target, name, value);
  }
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

// A file that is being written: bytes flow from Arrow into the table's writer.
class ParquetFile {
 public:
  ParquetFile(const ParquetTarget& target, std::vector<ColumnPlace> places)
      : target_(target), places_(std::move(places)), plugin_(plugin()) {
    for (const ColumnPlace& place : places_) row_bytes_ += size_of(place.kind);
    check_texts(target);
    open();
  }
  ~ParquetFile() {
    is_given_up_ = true;  // Arrow would write a footer
    plugin_.release(writer_);
  }
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;

  void append(ByteView unit) {
    const std::int64_t rows = static_cast<std::int64_t>(unit.size()) / row_bytes_;
    std::vector<const void*> columns;
    for (const ColumnPlace& place : places_) {
      columns.push_back(unit.data() + rows * place.bytes_before);
    }
    check(plugin_.write(writer_, rows, columns.data(), message_.data(), message_.size()));
  }

  void close() { check(plugin_.close(writer_, message_.data(), message_.size())); }

 private:
  void open() {
    std::vector<GmParquetColumn> columns;
    std::vector<std::vector<const char*>> notes, dictionaries;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const bool is_key = i < target_.keys.size();
      notes.push_back(i < target_.notes.size() ? pointers_to(target_.notes[i])
                                               : std::vector<const char*>());
      dictionaries.emplace_back();
      if (is_key) {
        for (const std::string& text : target_.keys[i]->texts) {
          dictionaries[i].push_back(text.c_str());
        }
      }
      const std::string& name =
          is_key ? target_.table.keys[i].name : target_.table.values[i - target_.keys.size()].name;
      columns.push_back({name.c_str(), places_[i].kind, dictionaries[i].data(),
                         static_cast<std::int64_t>(dictionaries[i].size()), notes[i].data(),
                         static_cast<std::int64_t>(notes[i].size()), is_key ? 1 : 0});
    }
    const auto about = pointers_to(target_.about);
    const GmParquetFile file{
        columns.data(),
        static_cast<std::int64_t>(columns.size()),
        about.data(),
        static_cast<std::int64_t>(about.size()),
        std::clamp<std::int64_t>(target_.row_group_bytes / row_bytes_, 1, kMostRowsOfGroup),
        page_bytes(target_.row_group_bytes, static_cast<std::int64_t>(columns.size())),
        &ParquetFile::take,
        this};
    writer_ = plugin_.open(&file, message_.data(), message_.size());
    check(writer_ == nullptr ? 1 : 0);
  }

  // Exceptions don't pass through Arrow: this one waits on the other side.
  static int take(void* context, const void* bytes, std::int64_t count) {
    auto& self = *static_cast<ParquetFile*>(context);
    if (self.is_given_up_ || self.failure_) return 1;
    try {
      self.target_.table.writer->append(
          ByteView(static_cast<const std::byte*>(bytes), static_cast<std::size_t>(count)));
    } catch (...) {
      self.failure_ = std::current_exception();
      return 1;
    }
    return 0;
  }

  void check(int status) {
    if (failure_) std::rethrow_exception(failure_);
    if (status == 0) return;
    throw Error(ErrorKind::internal,
                fmt::format("{}: Arrow can't write it: {}", target_.table.name, message_.c_str()));
  }

  const ParquetTarget& target_;
  const std::vector<ColumnPlace> places_;
  const GmParquetPlugin& plugin_;
  std::int64_t row_bytes_ = 0;
  std::string message_ = std::string(kLongestMessage, '\0');
  std::exception_ptr failure_;
  bool is_given_up_ = false;
  GmParquetWriter* writer_ = nullptr;
};

template <class Value, class Read>
void fill(const Box& rows, std::byte* to, Read&& read) {
  auto* out = reinterpret_cast<Value*>(to);
  for_each_position(rows, [&](const Index& at) { *out++ = read(at); });
}

// What the sink's callbacks share.
class ParquetTable {
 public:
  explicit ParquetTable(ParquetTarget target)
      : target_(std::move(target)), places_(places_of(target_)), file_(target_, places_) {}

  void pack(const Box& box, std::span<const ArrayView> views, Buffer& out) const {
    if (target_.table.observe) target_.table.observe(box, views);
    const std::int64_t rows = volume(box.shape);
    out.resize(
        static_cast<std::size_t>(rows * typed_row_bytes(target_.keys, target_.table.values)));
    for (std::size_t i = 0; i < target_.keys.size(); ++i) {
      pack_key(i, box, out.data() + rows * places_[i].bytes_before);
    }
    for (std::size_t i = 0; i < views.size(); ++i) {
      const ColumnPlace& place = places_[target_.keys.size() + i];
      pack_value(i, box, views[i], out.data() + rows * place.bytes_before);
    }
  }

  void append(ByteView unit) { file_.append(unit); }
  void commit() {
    file_.close();
    (void)target_.table.writer->commit();
  }

 private:
  void pack_key(std::size_t i, const Box& box, std::byte* to) const {
    const KeyValues& key = *target_.keys[i];
    const int d = target_.table.keys[i].dimension;
    const auto at_of = [d](const Index& at) { return static_cast<std::size_t>(at[d]); };
    switch (places_[i].kind) {
      case gm_timestamp:
      case gm_int64:
        return fill<std::int64_t>(box, to,
                                  [&](const Index& at) { return key.integers[at_of(at)]; });
      case gm_float64:
        return fill<double>(box, to, [&](const Index& at) { return key.numbers[at_of(at)]; });
      default:
        return fill<std::int32_t>(
            box, to, [&](const Index& at) { return static_cast<std::int32_t>(at[d]); });
    }
  }

  // The column's elements in the order of the rows, repeated along what it lacks.
  void pack_value(std::size_t i, const Box& box, const ArrayView& view, std::byte* to) const {
    const RowColumn& column = target_.table.values[i].rows;
    const ArrayView rows{view.data, view.type, box.shape, row_strides(column, view, box.rank())};
    copy_array(rows, {to, view.type, box.shape, c_strides(box.shape, view.type.size)});
  }

  const ParquetTarget target_;
  const std::vector<ColumnPlace> places_;
  ParquetFile file_;
};

}  // namespace

std::int64_t typed_row_bytes(const TypedKeys& keys, const std::vector<ValueColumn>& values) {
  std::int64_t bytes = 0;
  for (const auto& key : keys) bytes += size_of(kind_of(*key));
  for (const ValueColumn& value : values) bytes += size_of(kind_of(value));
  return bytes;
}

std::shared_ptr<Sink> parquet_sink(ParquetTarget target) {
  RowsTarget rows;
  rows.name = target.table.name;
  rows.runs = target.table.runs;
  rows.row_bound = typed_row_bytes(target.keys, target.table.values);
  for (const ValueColumn& value : target.table.values) rows.columns.push_back(value.rows);
  const auto table = std::make_shared<ParquetTable>(std::move(target));
  rows.format = [table](const Box& box, std::span<const ArrayView> views, Buffer& out) {
    table->pack(box, views, out);
  };
  rows.append = [table](ByteView bytes) { table->append(bytes); };
  rows.finish = [table] { table->commit(); };
  return rows_sink(std::move(rows));
}

std::int64_t parquet_memory(std::int64_t row_group_bytes, std::int64_t columns) {
  constexpr std::int64_t kWriterBytes = std::int64_t{16} << 10;
  return 2 * row_group_bytes + columns * (2 * page_bytes(row_group_bytes, columns) + kWriterBytes);
}

std::string parquet_library() {
  const GmParquetPlugin* found = find_plugin();
  return found == nullptr ? "" : found->library;
}

}  // namespace gridmill
