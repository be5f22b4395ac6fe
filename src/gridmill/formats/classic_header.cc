#include "gridmill/formats/classic_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "gridmill/array/byte_order.h"
#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/formats/netcdf_attributes.h"
#include "gridmill/formats/utf8_text.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

constexpr std::uint32_t kDimensionTag = 10, kVariableTag = 11, kAttributeTag = 12;
constexpr std::int64_t kReadAhead = 64 << 10;
constexpr std::uint32_t kChar = 2;

// To whole words. A hostile size may lie within 3 of the largest number.
std::int64_t padded(std::int64_t bytes) { return checked_add(bytes, 3, "a padded size") / 4 * 4; }

// By the number that stands in the file; 7 and more only in CDF-5.
constexpr std::array<DataType, 12> kTypes = {
    types::bytes(1), types::int8,  types::bytes(1), types::int16,  types::int32, types::float32,
    types::float64,  types::uint8, types::uint16,   types::uint32, types::int64, types::uint64};

// Names become paths of groups and stores, and lines on a terminal.
const char* name_problem(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name == "." || name == "..") return "means a folder";
  for (const char c : name) {
    if (c == '/') return "holds a slash";
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "holds a control character";
  }
  return is_utf8(name) ? nullptr : "is not UTF-8";
}

// Reads big-endian numbers one after the other; never past the end of the file.
class Cursor {
 public:
  explicit Cursor(const ValueReader& file) : file_(file), size_(file.size()) {}

  std::uint32_t word() {
    const std::byte* at = take(4);
    return byte_swap(load_le<std::uint32_t>(at));
  }
  std::uint64_t long_word() {
    const std::byte* at = take(8);
    return byte_swap(load_le<std::uint64_t>(at));
  }
  // Counts and sizes: 8 bytes in CDF-5, 4 before.
  std::int64_t count() {
    const std::uint64_t value = wide_ ? long_word() : word();
    if (value > static_cast<std::uint64_t>(INT64_MAX)) fail("a negative count");
    return static_cast<std::int64_t>(value);
  }
  std::optional<std::int64_t> count_or_streaming() {
    const std::uint64_t streaming = wide_ ? UINT64_MAX : UINT32_MAX;
    const std::uint64_t value = wide_ ? long_word() : word();
    if (value == streaming) return std::nullopt;
    if (value > static_cast<std::uint64_t>(INT64_MAX)) fail("a negative number of records");
    return static_cast<std::int64_t>(value);
  }
  // `taken`: the names of its kind that were read before, to which it is added.
  std::string name(std::string_view what, std::unordered_set<std::string>& taken) {
    const std::int64_t begin = at_;
    const std::int64_t length = count();
    check_fits(length);
    std::string text(as_text(bytes(length)));
    skip(padded(length) - length);
    if (const char* problem = name_problem(text)) {
      fail_at(begin, fmt::format("the name of {} {}", what, problem));
    }
    if (!taken.insert(text).second) fail_at(begin, fmt::format("{} {} repeats", what, text));
    return text;
  }
  // The number of entries of a list that starts with `tag`, 0 if it is absent.
  std::int64_t list(std::uint32_t tag, std::string_view what) {
    const std::uint32_t found = word();
    const std::int64_t entries = count();
    if (found != tag && (found != 0 || entries != 0)) {
      fail(fmt::format("no list of {}", what));
    }
    check_fits(entries);
    return entries;
  }
  // What `count` entries of the header take can't be more than the rest of the file.
  void check_fits(std::int64_t bytes) const {
    if (bytes > size_ - at_) ends_early();
  }
  void skip(std::int64_t bytes) {
    check_fits(bytes);
    at_ += bytes;
  }
  std::uint32_t type() {
    const std::uint32_t type = word();
    if (type < 1 || type >= (wide_ ? kTypes.size() : 7)) fail(fmt::format("type {}", type));
    return type;
  }
  ByteView bytes(std::int64_t count) { return {take(count), static_cast<std::size_t>(count)}; }
  void set_wide(bool wide) { wide_ = wide; }
  [[noreturn]] void fail(const std::string& what) const { fail_at(at_, what); }

 private:
  [[noreturn]] static void fail_at(std::int64_t at, const std::string& what) {
    throw Error(ErrorKind::corrupt, fmt::format("damaged netCDF header: {} at byte {}", what, at));
  }
  const std::byte* take(std::int64_t bytes) {
    check_fits(bytes);
    if (at_ < begin_ || at_ + bytes > begin_ + static_cast<std::int64_t>(held_.size())) {
      begin_ = at_;
      held_.resize(static_cast<std::size_t>(std::min(std::max(bytes, kReadAhead), size_ - at_)));
      if (file_.read_at(at_, held_.bytes()) != held_.size()) ends_early();
    }
    const std::byte* result = held_.data() + (at_ - begin_);
    at_ += bytes;
    return result;
  }
  [[noreturn]] void ends_early() const {
    throw Error(ErrorKind::corrupt,
                fmt::format("truncated: the file ends at byte {}, inside its header", size_));
  }

  const ValueReader& file_;
  const std::int64_t size_;
  Buffer held_;
  std::int64_t begin_ = 0;
  std::int64_t at_ = 0;
  bool wide_ = false;
};

AttributeValue read_value(Cursor& cursor, const std::string& name) {
  const std::uint32_t number = cursor.type();
  const DataType type = kTypes[number];
  const std::int64_t size = checked_mul(cursor.count(), type.size, "the size of an attribute");
  cursor.check_fits(size);
  const ByteView stored = cursor.bytes(size);
  AttributeValue value;
  if (number == kChar) {
    value = netcdf_text(name, as_text(stored));
  } else {
    std::vector<std::byte> native(stored.size());
    copy_swapped(stored.data(), native.data(), native.size(), type.swap_unit());
    value = netcdf_numbers(type, native);
  }
  cursor.skip(padded(size) - size);
  return value;
}

Attributes read_attributes(Cursor& cursor, const std::string& owner) {
  Attributes attributes;
  const std::int64_t entries = cursor.list(kAttributeTag, "attributes");
  check_attribute_count(owner, entries);
  std::unordered_set<std::string> names;
  for (std::int64_t i = 0; i < entries; ++i) {
    std::string name = cursor.name("an attribute", names);
    AttributeValue value = read_value(cursor, name);
    attributes.set(std::move(name), std::move(value));
  }
  return attributes;
}

void read_dimensions(Cursor& cursor, ClassicHeader& header) {
  const std::int64_t entries = cursor.list(kDimensionTag, "dimensions");
  bool has_records = false;
  std::unordered_set<std::string> names;
  for (std::int64_t i = 0; i < entries; ++i) {
    ClassicDimension dimension;
    dimension.name = cursor.name("a dimension", names);
    dimension.size = cursor.count();
    dimension.is_record = dimension.size == 0;
    if (dimension.is_record && has_records) cursor.fail("a second record dimension");
    has_records = has_records || dimension.is_record;
    header.dimensions.push_back(std::move(dimension));
  }
}

void read_extents(Cursor& cursor, const ClassicHeader& header, ClassicVariable& variable) {
  const std::int64_t rank = cursor.count();
  if (rank > kMaxRank) {
    throw Error(ErrorKind::unsupported,
                fmt::format("variable {} has {} dimensions (the limit is {})", variable.name, rank,
                            kMaxRank));
  }
  for (std::int64_t d = 0; d < rank; ++d) {
    const auto id = static_cast<std::size_t>(cursor.count());
    if (id >= header.dimensions.size()) {
      cursor.fail(fmt::format("variable {} has dimension {} of {}", variable.name, id,
                              header.dimensions.size()));
    }
    const ClassicDimension& dimension = header.dimensions[id];
    if (dimension.is_record && d > 0) {
      cursor.fail(
          fmt::format("variable {} has the record dimension in place {}", variable.name, d));
    }
    if (dimension.is_record) variable.is_record = true;
    variable.dimensions.push_back(id);
    variable.shape.push_back(dimension.size);
  }
}

ClassicVariable read_variable(Cursor& cursor, const ClassicHeader& header,
                              std::unordered_set<std::string>& names) {
  ClassicVariable variable;
  variable.name = cursor.name("a variable", names);
  read_extents(cursor, header, variable);
  variable.attributes = read_attributes(cursor, "variable " + variable.name);
  variable.type = kTypes[cursor.type()];
  variable.bytes = variable.type.size;
  for (int d = variable.is_record ? 1 : 0; d < variable.shape.rank(); ++d) {
    variable.bytes = checked_mul(variable.bytes, variable.shape[d], "the size of a variable");
  }
  cursor.count();  // vsize: redundant, and wrong by design beyond 4 GiB
  const std::uint64_t begin = header.version == 1 ? cursor.word() : cursor.long_word();
  if (begin > static_cast<std::uint64_t>(INT64_MAX)) cursor.fail("a negative offset");
  variable.begin = static_cast<std::int64_t>(begin);
  return variable;
}

// Records are padded to 4 bytes per variable, unless there is only one record variable.
std::int64_t bytes_of_record(const ClassicHeader& header) {
  std::int64_t variables = 0, raw = 0, total = 0;
  for (const ClassicVariable& variable : header.variables) {
    if (!variable.is_record) continue;
    ++variables;
    raw = variable.bytes;
    total = checked_add(total, padded(variable.bytes), "the length of a record");
  }
  return variables == 1 ? raw : total;
}

// Of a file that was written as a stream: the whole records behind the first one's begin.
std::int64_t records_held(const ClassicHeader& header, std::int64_t file_bytes) {
  std::int64_t begin = file_bytes;
  for (const ClassicVariable& variable : header.variables) {
    if (variable.is_record) begin = std::min(begin, variable.begin);
  }
  return header.record_bytes == 0 ? 0 : (file_bytes - begin) / header.record_bytes;
}

void set_records(ClassicHeader& header) {
  for (ClassicDimension& dimension : header.dimensions) {
    if (dimension.is_record) dimension.size = header.records;
  }
  for (ClassicVariable& variable : header.variables) {
    if (variable.is_record) variable.shape[0] = header.records;
  }
}

void check_size(const ClassicHeader& header, std::int64_t file_bytes) {
  const ClassicVariable* cut = nullptr;
  for (const ClassicVariable& variable : header.variables) {
    if (header.end_of(variable) <= file_bytes) continue;
    if (cut == nullptr || variable.begin < cut->begin) cut = &variable;
  }
  if (cut == nullptr) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("truncated: the file has {} bytes, but variable {} begins at byte {} and "
                          "ends at byte {}",
                          file_bytes, cut->name, cut->begin, header.end_of(*cut)));
}

}  // namespace

std::int64_t ClassicHeader::end_of(const ClassicVariable& variable) const {
  if (variable.bytes == 0) return 0;
  std::int64_t end = checked_add(variable.begin, variable.bytes, "the length of the file");
  if (variable.is_record) {
    if (records < 1) return 0;
    end = checked_add(end, checked_mul(records - 1, record_bytes, "the length of the file"),
                      "the length of the file");
  }
  return end;
}

ClassicHeader read_classic_header(const ValueReader& file) {
  const std::int64_t file_bytes = file.size();
  Cursor cursor(file);
  const std::uint32_t magic = cursor.word();
  ClassicHeader header;
  header.version = static_cast<int>(magic & 0xff);
  if (magic >> 8 != 0x434446 ||
      (header.version != 1 && header.version != 2 && header.version != 5)) {
    throw Error(ErrorKind::corrupt, "the file does not begin like a classic netCDF file");
  }
  cursor.set_wide(header.version == 5);
  const std::optional<std::int64_t> records = cursor.count_or_streaming();
  read_dimensions(cursor, header);
  header.attributes = read_attributes(cursor, "the file");
  const std::int64_t variables = cursor.list(kVariableTag, "variables");
  std::unordered_set<std::string> names;
  for (std::int64_t i = 0; i < variables; ++i) {
    header.variables.push_back(read_variable(cursor, header, names));
  }
  header.record_bytes = bytes_of_record(header);
  header.records = records ? *records : records_held(header, file_bytes);
  set_records(header);
  check_size(header, file_bytes);
  return header;
}

}  // namespace gridmill
