// dump_format.h: a run of values as JSON, CSV or raw bytes.
//
// All three are C order. Decoded forms write missing values and NaN as null (JSON) or nothing
// (CSV), times as ISO dates (what is no time stays a number), and infinities in JSON as the texts
// "Infinity" and "-Infinity", since JSON has none.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/dataset/cf_time.h"
#include "gridmill/sink/text_cells.h"

namespace gridmill {

// Writes one element as it stands in a form.
class ElementText {
 public:
  // `times` is set for a variable that holds times.
  ElementText(DataType type, std::optional<TimeUnits> times)
      : type_(type), times_(std::move(times)) {}

  DataType type() const noexcept { return type_; }
  void put_json(TextBuffer& out, const std::byte* element) const;
  void put_csv(TextBuffer& out, const std::byte* element) const;
  void put_plain(TextBuffer& out, const std::byte* element) const;  // for people
  std::int64_t bound() const noexcept;                              // bytes; texts may exceed it

 private:
  std::optional<std::string> time_text(const std::byte* element) const;
  std::optional<std::string> iso_text_of(const std::byte* element) const;  // may throw

  DataType type_;
  std::optional<TimeUnits> times_;
};

// The rows of `box` (a C-order run inside `shape`) in each form; `view` holds them.
void format_raw(const ArrayView& view, Buffer& out);
void format_json(const Shape& shape, const Box& box, const ArrayView& view,
                 const ElementText& element, Buffer& out);
void format_csv(const Box& box, const ArrayView& view, const ElementText& element,
                const std::vector<std::shared_ptr<const CellTexts>>& labels, Buffer& out);

// Nested empty lists of an array without elements.
std::string empty_json(const Shape& shape, int from = 0);

}  // namespace gridmill
