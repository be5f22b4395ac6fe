#include "gridmill/zarr/fill_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "gridmill/base/base64.h"
#include "gridmill/base/error.h"
#include "gridmill/zarr/narrow_fill.h"
#include "gridmill/zarr/record_type.h"

namespace gridmill {
namespace {

// `struct` wants an object that names every member; the bytes that come of it are little endian.
std::vector<std::byte> record_bytes(const Json& json, const std::vector<RecordMember>& members) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(record_size(members)));
  for (const RecordMember& member : members) {
    const Json& value = json_member(json, member.name, "fill_value");
    const DataType type = member.type.type;
    const auto element = fill_from_json(value, type, member.type.document, 3).element(type);
    std::copy(element.begin(), element.end(), bytes.begin() + member.offset);
  }
  return bytes;
}

Json record_json(const std::vector<std::byte>& bytes, const std::vector<RecordMember>& members) {
  Json object = Json::object();
  for (const RecordMember& member : members) {
    const DataType type = member.type.type;
    object[member.name] = fill_to_json(FillValue::of_element(type, bytes.data() + member.offset),
                                       type, member.type.document, 3);
  }
  return object;
}

// NUL-padded text is spelled without its padding.
Json text_json(const FillValue& fill, DataType type) {
  std::vector<std::byte> bytes = fill.element(type);
  while (!bytes.empty() && bytes.back() == std::byte{0}) bytes.pop_back();
  return base64_encode(bytes);
}

// Of raw bits and records every byte counts: nothing is added. ("" is what some write for zeros.)
void check_length(const Json& json, DataType type) {
  std::size_t length = 0;
  if (json.is_array()) length = json.size();
  if (json.is_string()) {
    const auto bytes = base64_decode(json.get_ref<const std::string&>());
    length = bytes ? bytes->size() : 0;
  }
  if (length == 0 || length == static_cast<std::size_t>(type.size)) return;
  throw Error(ErrorKind::corrupt, fmt::format("fill_value {} has {} bytes, an element {}",
                                              json.dump(), length, type.size));
}

bool is_struct(const Json& document) {
  return document.is_object() && document.value("name", Json()) == "struct";
}

}  // namespace

FillValue fill_from_json(const Json& json, DataType type, const Json& document, int zarr_format) {
  if (is_time_document(document) && json == "NaT") {
    return fill_from_json(std::numeric_limits<std::int64_t>::min(), type, document, zarr_format);
  }
  if (const auto narrow = narrow_of(document)) {
    return narrow_fill_from_json(json, *narrow, zarr_format);
  }
  if (is_record(document) && json.is_object()) {
    return FillValue::of_element(type, record_bytes(json, record_members(document)).data());
  }
  if (type.kind == ScalarKind::bytes && !document.is_null()) check_length(json, type);
  return FillValue::from_json(json, type, zarr_format);
}

Json fill_to_json(const FillValue& fill, DataType type, const Json& document, int zarr_format) {
  if (fill.is_null() && zarr_format == 2) return nullptr;
  if (is_raw_bits(document)) {
    Json list = Json::array();
    for (const std::byte byte : fill.element(type)) list.push_back(std::to_integer<int>(byte));
    return list;
  }
  if (const auto narrow = narrow_of(document)) {
    return narrow_fill_to_json(fill, *narrow, zarr_format);
  }
  if (is_struct(document)) return record_json(fill.element(type), record_members(document));
  if (type.kind == ScalarKind::bytes && document.is_null()) return text_json(fill, type);
  return fill.to_json(type, zarr_format);
}

}  // namespace gridmill
