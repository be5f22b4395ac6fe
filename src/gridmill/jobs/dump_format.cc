#include "gridmill/jobs/dump_format.h"

#include <cmath>

#include "gridmill/array/copy.h"
#include "gridmill/array/half.h"
#include "gridmill/array/strings.h"
#include "gridmill/base/error.h"
#include "gridmill/base/json.h"

namespace gridmill {
namespace {

// 1, -1: infinite; 0: not.
int infinity_of(const std::byte* element, DataType type) {
  double value = 0;
  if (type == types::float16) value = double_from_half(load_le<std::uint16_t>(element));
  if (type == types::float32) value = static_cast<double>(load_le<float>(element));
  if (type == types::float64) value = load_le<double>(element);
  return std::isinf(value) ? (value > 0 ? 1 : -1) : 0;
}

void put_number(TextBuffer& out, const std::byte* element, DataType type) {
  out.advance(write_number(out.room(kLongestNumber), element, type));
}

// Visits the positions of a box with their elements.
template <class Visit>
void for_each_element(const Box& box, const ArrayView& view, Visit&& visit) {
  for_each_position(box, [&](const Index& at) {
    const std::byte* element = view.data;
    for (int d = 0; d < at.rank(); ++d) element += (at[d] - box.begin[d]) * view.strides[d];
    visit(at, element);
  });
}

}  // namespace

std::optional<std::string> ElementText::time_text(const std::byte* element) const {
  if (!times_ || is_nan(element, type_)) return std::nullopt;
  try {
    return iso_text_of(element);
  } catch (const Error&) {
    return std::nullopt;  // no time that the calendar can count to: the number says more than an
                          // end
  }
}

std::optional<std::string> ElementText::iso_text_of(const std::byte* element) const {
  std::optional<std::string> text;
  visit_real(type_, [&](auto tag) {
    using T = decltype(tag);
    const T value = load_le<T>(element);
    if constexpr (std::is_floating_point_v<T>) {
      text = times_->iso(times_->instant(static_cast<double>(value)));
    } else {
      text = times_->iso(times_->instant(static_cast<std::int64_t>(value)));
    }
  });
  return text;
}

void ElementText::put_json(TextBuffer& out, const std::byte* element) const {
  if (const auto time = time_text(element)) {
    out.put('"');
    out.put(*time);
    out.put('"');
  } else if (!type_.is_numeric()) {
    std::string memory;
    out.put(dump_json(Json(std::string(text_of(element, type_, memory))), -1));
  } else if (type_.kind == ScalarKind::complex) {
    const DataType part{ScalarKind::floating, type_.size / 2};
    const ElementText half(part, std::nullopt);
    out.put('[');
    half.put_json(out, element);
    out.put(", ");
    half.put_json(out, element + part.size);
    out.put(']');
  } else if (is_nan(element, type_)) {
    out.put("null");
  } else if (const int sign = infinity_of(element, type_); sign != 0) {
    out.put(sign > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    put_number(out, element, type_);
  }
}

void ElementText::put_csv(TextBuffer& out, const std::byte* element) const {
  if (const auto time = time_text(element)) {
    out.put(*time);
  } else {
    put_csv_cell(out, element, type_);
  }
}

void ElementText::put_plain(TextBuffer& out, const std::byte* element) const {
  if (const auto time = time_text(element)) {
    out.put(*time);
  } else if (!type_.is_numeric()) {
    std::string memory;
    out.put(dump_json(Json(std::string(text_of(element, type_, memory))), -1));
  } else {
    put_number(out, element, type_);
  }
}

std::int64_t ElementText::bound() const noexcept {
  if (times_) return 40;
  if (!type_.is_numeric()) return 2 * type_.size + 64;
  return type_ == types::float32 ? 17
         : type_.is_real()       ? 26
                                 : static_cast<std::int64_t>(kLongestNumber);
}

void format_raw(const ArrayView& view, Buffer& out) {
  out.resize(static_cast<std::size_t>(view.byte_size()));
  copy_array(view, view_of(out.bytes(), view.type, view.shape));
}

void format_json(const Shape& shape, const Box& box, const ArrayView& view,
                 const ElementText& element, Buffer& out) {
  const int rank = shape.rank();
  TextBuffer text(out);
  for_each_element(box, view, [&](const Index& at, const std::byte* value) {
    int opened = 0;  // lists that begin with this element
    while (opened < rank && at[rank - 1 - opened] == 0) ++opened;
    int closed = 0;  // lists that end with it
    while (closed < rank && at[rank - 1 - closed] == shape[rank - 1 - closed] - 1) ++closed;
    if (opened < rank) text.put(opened == 0 ? ", " : ",\n");
    if (opened > 0) {
      for (int d = opened; d < rank; ++d) text.put(' ');  // under the lists that are open already
    }
    for (int d = 0; d < opened; ++d) text.put('[');
    element.put_json(text, value);
    for (int d = 0; d < closed; ++d) text.put(']');
    if (closed == rank) text.put('\n');
  });
  text.finish();
}

void format_csv(const Box& box, const ArrayView& view, const ElementText& element,
                const std::vector<std::shared_ptr<const CellTexts>>& labels, Buffer& out) {
  TextBuffer text(out);
  for_each_element(box, view, [&](const Index& at, const std::byte* value) {
    for (int d = 0; d < at.rank(); ++d) {
      text.put((*labels[static_cast<std::size_t>(d)])[at[d]]);
      text.put(',');
    }
    element.put_csv(text, value);
    text.put('\n');
  });
  text.finish();
}

std::string empty_json(const Shape& shape, int from) {
  if (from >= shape.rank() || shape[from] == 0) return "[]";
  std::string text = "[";
  const std::string inner = empty_json(shape, from + 1);
  for (std::int64_t i = 0; i < shape[from]; ++i) text += (i == 0 ? "" : ", ") + inner;
  return text + "]";
}

}  // namespace gridmill
