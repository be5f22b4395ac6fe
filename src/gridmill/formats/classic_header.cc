#include "gridmill/formats/classic_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gridmill/base/checked.h"
#include "gridmill/base/text.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

constexpr std::uint32_t kDimensionTag = 10, kVariableTag = 11, kAttributeTag = 12;
constexpr std::int64_t kReadAhead = 64 << 10;

std::int64_t padded(std::int64_t bytes) { return ceil_div(bytes, 4) * 4; }

std::int64_t type_bytes(std::uint32_t type) {
  constexpr std::int64_t kBytes[] = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};
  if (type < 1 || type > 11) {
    throw Error(ErrorKind::corrupt, fmt::format("{} is no type of a classic netCDF file", type));
  }
  return kBytes[type];
}

// Reads big-endian numbers one after the other; never past the end of the file.
class Cursor {
 public:
  explicit Cursor(const ReadableFile& file) : file_(file), size_(file.status().size) {}

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
  std::string name() {
    const std::int64_t length = count();
    check_fits(length);
    std::string text(as_text({take(length), static_cast<std::size_t>(length)}));
    skip(padded(length) - length);
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
  void set_wide(bool wide) { wide_ = wide; }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::corrupt, fmt::format("damaged netCDF header: {} at byte {}", what, at_));
  }

 private:
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

  const ReadableFile& file_;
  const std::int64_t size_;
  Buffer held_;
  std::int64_t begin_ = 0;
  std::int64_t at_ = 0;
  bool wide_ = false;
};

void skip_attributes(Cursor& cursor) {
  const std::int64_t entries = cursor.list(kAttributeTag, "attributes");
  for (std::int64_t i = 0; i < entries; ++i) {
    cursor.name();
    const std::int64_t element = type_bytes(cursor.word());
    cursor.skip(padded(checked_mul(cursor.count(), element, "the size of an attribute")));
  }
}

ClassicVariable read_variable(Cursor& cursor, const std::vector<std::int64_t>& dimensions,
                              bool long_offsets) {
  ClassicVariable variable;
  variable.name = cursor.name();
  const std::int64_t rank = cursor.count();
  cursor.check_fits(rank);
  std::int64_t elements = 1;
  for (std::int64_t d = 0; d < rank; ++d) {
    const std::int64_t id = cursor.count();
    if (id >= static_cast<std::int64_t>(dimensions.size())) {
      cursor.fail(
          fmt::format("variable {} has dimension {} of {}", variable.name, id, dimensions.size()));
    }
    const std::int64_t extent = dimensions[static_cast<std::size_t>(id)];
    if (d == 0 && extent == 0) {
      variable.is_record = true;
    } else {
      elements = checked_mul(elements, extent, "the size of variable " + variable.name);
    }
  }
  skip_attributes(cursor);
  const std::int64_t element = type_bytes(cursor.word());
  variable.bytes = checked_mul(elements, element, "the size of variable " + variable.name);
  cursor.count();  // vsize: redundant, and wrong by design beyond 4 GiB
  const std::uint64_t begin = long_offsets ? cursor.long_word() : cursor.word();
  if (begin > static_cast<std::uint64_t>(INT64_MAX)) cursor.fail("a negative offset");
  variable.begin = static_cast<std::int64_t>(begin);
  return variable;
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

ClassicHeader read_classic_header(const ReadableFile& file) {
  Cursor cursor(file);
  const std::uint32_t magic = cursor.word();
  const std::uint32_t version = magic & 0xff;
  if (magic >> 8 != 0x434446 || (version != 1 && version != 2 && version != 5)) {
    throw Error(ErrorKind::corrupt, "the file does not begin like a classic netCDF file");
  }
  cursor.set_wide(version == 5);
  ClassicHeader header;
  header.records = cursor.count_or_streaming().value_or(-1);
  std::vector<std::int64_t> dimensions;
  const std::int64_t dimension_count = cursor.list(kDimensionTag, "dimensions");
  for (std::int64_t i = 0; i < dimension_count; ++i) {
    cursor.name();
    dimensions.push_back(cursor.count());
  }
  skip_attributes(cursor);
  const std::int64_t variable_count = cursor.list(kVariableTag, "variables");
  for (std::int64_t i = 0; i < variable_count; ++i) {
    header.variables.push_back(read_variable(cursor, dimensions, version != 1));
  }
  // Records are padded to 4 bytes per variable, unless there is only one record variable.
  std::int64_t record_variables = 0, raw_bytes = 0;
  for (const ClassicVariable& variable : header.variables) {
    if (!variable.is_record) continue;
    ++record_variables;
    raw_bytes = variable.bytes;
    header.record_bytes =
        checked_add(header.record_bytes, padded(variable.bytes), "the length of a record");
  }
  if (record_variables == 1) header.record_bytes = raw_bytes;
  return header;
}

void check_classic_size(const ClassicHeader& header, std::int64_t file_bytes) {
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

}  // namespace gridmill
