#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/sink/table_merge.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

constexpr std::int64_t kTextPiece = std::int64_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Where lines end: a break inside of quotes belongs to its cell.
class LineScan {
 public:
  // The number of bytes up to the end of the line, with its break; all of them if it isn't there.
  std::size_t line(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"') is_quoted_ = !is_quoted_;
      if (text[i] != '\n' || is_quoted_) continue;
      is_at_begin_ = true;
      return i + 1;
    }
    if (!text.empty()) is_at_begin_ = false;
    return text.size();
  }
  bool is_at_begin() const noexcept { return is_at_begin_; }  // of a line
  bool is_quoted() const noexcept { return is_quoted_; }

 private:
  bool is_quoted_ = false;
  bool is_at_begin_ = true;
};

// A file of lines, read once, piece by piece.
class CsvInput {
 public:
  explicit CsvInput(const MergeInput& input)
      : path_(input.path), file_(open_input(input)), piece_(static_cast<std::size_t>(kTextPiece)) {
    read_header();
  }

  const std::string& path() const noexcept { return path_; }
  const std::string& header() const noexcept { return header_; }  // with its break
  std::int64_t bytes() const { return file_->size(); }
  std::int64_t bytes_behind_header() const { return bytes() - header_bytes_; }

  // The lines below the header, in pieces; the last one ends with a break. Returns how many.
  template <class Take>
  std::int64_t each_piece(Take&& take) {
    std::int64_t rows = 0;
    LineScan lines;
    for (std::int64_t at = header_bytes_; at < bytes();) {
      const std::string_view text = read(at);
      at += std::ssize(text);
      for (std::string_view rest = text; !rest.empty();) {
        rest.remove_prefix(lines.line(rest));
        if (lines.is_at_begin()) ++rows;
      }
      take(text);
    }
    if (lines.is_quoted()) fail("ends inside of a cell in quotes");
    if (!lines.is_at_begin()) {
      take(line_break());
      ++rows;
    }
    return rows;
  }

 private:
  void read_header() {
    const std::string_view text = read(0);
    LineScan lines;
    header_bytes_ = static_cast<std::int64_t>(lines.line(text));
    header_ = text.substr(0, static_cast<std::size_t>(header_bytes_));
    if (header_.empty()) fail("is empty: it lacks its header");
    check_header();
    if (lines.is_at_begin()) return;
    if (lines.is_quoted() && header_bytes_ == bytes()) fail("ends inside of a cell in quotes");
    if (header_bytes_ < bytes())
      fail(fmt::format("has no header of less than {} bytes", kTextPiece));
    header_ += "\n";
  }

  // What would be taken for a header, and isn't, would be left out of the merged file.
  void check_header() const {
    if (header_.find('\0') != std::string::npos) fail("is no text in UTF-8");
    const std::string_view line =
        std::string_view(header_).substr(0, header_.find_last_not_of("\r\n") + 1);
    if (line.find('\r') != std::string_view::npos) fail("has line ends of the old kind, CR alone");
    if (line.starts_with('#')) fail("begins with a comment, not with its header");
    for (const std::string& cell : split(line, ',')) {
      double number = 0;
      const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
      const bool is_number = error == std::errc() && end == cell.data() + cell.size();
      if (is_number) fail("begins with values: its header is missing");
    }
  }

  std::string_view line_break() const { return header_.ends_with("\r\n") ? "\r\n" : "\n"; }

  std::string_view read(std::int64_t at) {
    const auto most = static_cast<std::size_t>(std::min(kTextPiece, bytes() - at));
    const std::size_t got = file_->read_at(at, piece_.bytes().first(most));
    if (got == most) return as_text(piece_.bytes().first(most));
    fail(fmt::format("shrank: {} of {} bytes were read at offset {}", got, most, at));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::corrupt, fmt::format("{} {}", path_, what));
  }

  const std::string path_;
  const std::unique_ptr<ValueReader> file_;
  Buffer piece_;
  std::string header_;
  std::int64_t header_bytes_ = 0;  // as the file has it
};

std::string_view columns_of(std::string_view header) {
  if (header.starts_with(kByteOrderMark)) header.remove_prefix(kByteOrderMark.size());
  while (header.ends_with('\n') || header.ends_with('\r')) header.remove_suffix(1);
  return header;
}

void check_same_header(const CsvInput& a, const CsvInput& b) {
  if (columns_of(a.header()) == columns_of(b.header())) return;
  throw Error(ErrorKind::corrupt,
              fmt::format("{} and {} can't become one file, because their columns differ: {} and "
                          "{}; make them alike, or move one of them to another table",
                          a.path(), b.path(), columns_of(a.header()), columns_of(b.header())));
}

class CsvOutput {
 public:
  CsvOutput(std::unique_ptr<ValueWriter> writer, const std::string& header)
      : writer_(std::move(writer)) {
    append(header);
  }
  void append(std::string_view text) {
    writer_->append(as_bytes(text));
    hasher_.add(as_bytes(text));
    bytes_ += std::ssize(text);
  }
  void add_rows(std::int64_t rows) { rows_ += rows; }
  std::int64_t bytes() const noexcept { return bytes_; }
  MergeOutput finish() {
    (void)writer_->commit();
    return {rows_, bytes_, hasher_.result()};
  }

 private:
  const std::unique_ptr<ValueWriter> writer_;
  Hasher hasher_;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
};

class CsvMerge final : public TableMerge {
 public:
  std::int64_t check(std::span<const MergeInput> inputs, std::int64_t) const override {
    const CsvInput first(inputs[0]);
    for (const MergeInput& input : inputs.subspan(1)) check_same_header(first, CsvInput(input));
    return 2 * kTextPiece;
  }

  // Files are not cut: of small ones no more fit into one than its size allows.
  std::vector<MergeOutput> merge(std::span<const MergeInput> inputs, std::int64_t target_bytes,
                                 const OpenOutput& open, const OnRead& on_read) const override {
    const CsvInput first(inputs[0]);
    std::vector<MergeOutput> written;
    std::unique_ptr<CsvOutput> output;
    std::int64_t left = 0;
    for (const MergeInput& input : inputs) left += input.bytes;
    for (const MergeInput& input : inputs) {
      CsvInput from(input);
      check_same_header(first, from);
      const bool is_full = output && left >= target_bytes / 4 &&
                           output->bytes() + from.bytes_behind_header() > target_bytes;
      if (is_full) {
        written.push_back(output->finish());
        output.reset();
      }
      if (!output) output = std::make_unique<CsvOutput>(open(std::ssize(written)), first.header());
      output->add_rows(from.each_piece([&](std::string_view text) {
        output->append(text);
        on_read(0);
      }));
      on_read(input.bytes);
      left -= input.bytes;
    }
    written.push_back(output->finish());
    return written;
  }
};

}  // namespace

std::unique_ptr<TableMerge> csv_merge() { return std::make_unique<CsvMerge>(); }

}  // namespace gridmill
