#include "gridmill/codec/json2.h"

#include <fmt/format.h>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/frame_error.h"
#include "gridmill/codec/object_rows.h"
#include "gridmill/codec/vlen_frame.h"

namespace gridmill {
namespace {

// A parsed value, its place in two lists, and a copy of its text.
constexpr std::int64_t kParsedValue = 160;

// Commas and opening brackets outside of texts: as many values and lists there are, before memory
// is taken for them.
void check_count(std::string_view text, const Shape& shape) {
  const int levels = levels_of_rows(shape);
  int level = 0;
  std::int64_t commas = 0;
  std::int64_t lists = 0;
  std::int64_t inside = 0;  // of elements
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_text && text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] == '"') in_text = !in_text;
    if (in_text) continue;
    if (text[i] == '[' || text[i] == '{') ++(++level > levels ? inside : lists);
    if (text[i] == ']' || text[i] == '}') --level;
    if (text[i] == ',') ++(level > levels ? inside : commas);
  }
  if (inside > kMostInsideElements) throw_crowded(Json2Codec::kName);
  const std::int64_t most = most_object_leaves(shape);
  if (commas > most || lists > (kMaxRank + 1) * most) {
    throw_damaged(Json2Codec::kName, text.size(), "it holds more values than the chunk");
  }
}

// Rows become what they hold; an element that is a list itself stays one.
void flatten(Json& document, int levels, std::vector<Json>& leaves) {
  if (!document.is_array() || levels == 0) {
    leaves.push_back(std::move(document));
    return;
  }
  for (Json& item : document) flatten(item, levels - 1, leaves);
}

// The longest number or boolean there is, with a comma.
constexpr std::int64_t kNumberText = 27;

}  // namespace

Json2Codec Json2Codec::from_v2(const Json& object, bool is_big_endian) {
  const std::string encoding =
      object.contains("encoding") ? to_lower(json_string(object, "encoding", kName)) : "utf-8";
  if (encoding != "utf-8" && encoding != "utf8" && encoding != "ascii") {
    throw Error(ErrorKind::unsupported,
                fmt::format("codec json2: the encoding {} is not supported, UTF-8 is: recode the "
                            "data",
                            encoding));
  }
  return {is_big_endian, object};
}

Json Json2Codec::to_v3(DataType /*type*/) const {
  throw Error(ErrorKind::unsupported,
              "Zarr v3 has no codec json2; use --zarr-format 2, or another --codec");
}

void Json2Codec::check_type(DataType type) const { check_object_type(type, false, kName); }

std::int64_t Json2Codec::max_encoded_size(const Form& form) const {
  const std::int64_t text = form.type.is_string() ? kStringEstimate
                            : form.type.kind == ScalarKind::unicode
                                ? 3 * form.type.size + 3  // \uXXXX\uXXXX for each of 4 bytes
                                : kNumberText;
  const std::int64_t brackets = 3 * std::int64_t{form.shape.rank()};
  return 64 + 24 * kMaxRank + checked_mul(volume(form.shape), text + brackets, "a chunk's size");
}

std::int64_t Json2Codec::scratch_size(const Form& form) const {
  return checked_mul(volume(form.shape), kParsedValue, "a chunk's size") +
         2 * max_encoded_size(form);
}

void Json2Codec::encode(const ArrayView& elements, Buffer& out) const {
  const Json rows = object_rows_of(elements, {elements.type, is_big_endian});
  out.clear();
  out.append(as_bytes(dump_json(rows, -1)));
}

void Json2Codec::decode(ByteView stored, const MutableArrayView& elements,
                        StringArena& strings) const {
  check_count(as_text(stored), elements.shape);
  Json document =
      elements.type.is_string() ? parse_exact_json(as_text(stored)) : parse_json(as_text(stored));
  if (!document.is_array()) throw_damaged(kName, stored.size(), "it is no list");
  std::vector<Json> leaves;
  flatten(document, levels_of_rows(elements.shape), leaves);
  elements_from_leaves(leaves, elements, strings, kName);
}

}  // namespace gridmill
