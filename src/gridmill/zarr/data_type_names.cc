#include "gridmill/zarr/data_type_names.h"

#include <fmt/format.h>

#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/numpy_type.h"
#include "gridmill/zarr/record_type.h"
#include "gridmill/zarr/time_type.h"

namespace gridmill {
namespace {

[[noreturn]] void throw_unsupported(const Json& dtype) {
  throw Error(ErrorKind::unsupported,
              fmt::format("data type {} is not supported; numbers, booleans, strings, bytes, times "
                          "and records are",
                          dtype.dump()));
}

std::int32_t positive_length(std::int64_t length, std::int64_t unit, const Json& dtype) {
  if (length < 1 || length > std::numeric_limits<std::int32_t>::max() / unit) {
    throw_unsupported(dtype);
  }
  return static_cast<std::int32_t>(length);
}

std::int64_t length_bytes(const Json& data_type) {
  const Json& configuration = json_member(data_type, "configuration", "data_type");
  return json_int(configuration, "length_bytes", "data_type");
}

// Fill values are held whole, and in several forms: more than this is no record but an attack.
constexpr std::int64_t kLargestRecord = std::int64_t{16} << 20;

DataType record_memory(const Json& document) {
  const std::int64_t size = record_size(record_members(document));
  if (size > kLargestRecord) throw_unsupported(document);
  return types::bytes(positive_length(size, 1, document));
}

bool has_filter(const Json& filters, std::string_view id) {
  if (!filters.is_array()) return false;
  for (const Json& filter : filters) {
    if (filter.is_object() && filter.value("id", Json()) == Json(std::string(id))) return true;
  }
  return false;
}

// The number behind a prefix of so many letters, if that is all there is.
std::optional<std::int64_t> number_behind(std::string_view text, std::size_t prefix) {
  const bool is_number = text.size() > prefix && text.size() <= prefix + 10 &&
                         text.find_first_not_of("0123456789", prefix) == std::string_view::npos;
  if (!is_number) return std::nullopt;
  return parse_int(text.substr(prefix));
}

// "r24" -> 24, or nothing.
std::optional<std::int64_t> raw_bits(std::string_view name) {
  return name.starts_with('r') ? number_behind(name, 1) : std::nullopt;
}

// "|V3" -> 3, or nothing.
std::optional<std::int64_t> raw_size(std::string_view dtype) {
  return dtype.size() > 1 && dtype[1] == 'V' ? number_behind(dtype, 2) : std::nullopt;
}

std::string name_in(const Json& data_type) {
  return data_type.is_string() ? data_type.get<std::string>()
                               : json_string(data_type, "name", "data_type");
}

bool is_raw_document(const Json& document) {
  if (document.is_string()) {
    return is_raw_bits(document) || document.get_ref<const std::string&>().starts_with("|V");
  }
  if (!document.is_object()) return false;
  const Json name = document.value("name", Json());
  return name == "raw_bytes" || name == "fixed_length_bytes";
}

}  // namespace

ZarrType data_type_from_v2(const Json& dtype, const Json& filters) {
  if (dtype.is_array()) return {record_memory(dtype), dtype};
  if (!dtype.is_string()) throw_unsupported(dtype);
  const auto& text = dtype.get_ref<const std::string&>();
  if (text == "|O") return {has_filter(filters, "vlen-bytes") ? types::blob : types::string, {}};
  // TensorStore's, which names them so in v2, too.
  if (const auto narrow = narrow_type_from_name(text)) return {narrow->memory_type(), text};
  const bool has_order = text.size() >= 3 && (text[0] == '<' || text[0] == '>' || text[0] == '|');
  if (!has_order) throw_unsupported(dtype);
  const bool is_big_endian = text[0] == '>';
  if (const auto time = TimeType::from_v2(text.substr(1))) {
    return {types::int64, "<" + time->to_v2(), is_big_endian};
  }
  if (const auto size = raw_size(text)) {
    return {types::bytes(positive_length(*size, 1, dtype)), fmt::format("|V{}", *size)};
  }
  const auto numpy = parse_numpy_type(text);
  if (!numpy || numpy->type.is_string()) throw_unsupported(dtype);
  const bool lacks_order = text[0] == '|' && numpy->type.is_numeric() && numpy->type.size > 1;
  if (lacks_order) throw_unsupported(dtype);
  return {numpy->type, {}, numpy->is_big_endian};
}

Json data_type_to_v2(DataType type, const Json& document, bool is_big_endian) {
  if (document.is_array()) return document;
  if (document.is_string()) {
    std::string text = document.get<std::string>();
    if (text[0] == '<' && is_big_endian) text[0] = '>';
    return text;
  }
  return to_string(NumpyType{type, is_big_endian});
}

ZarrType data_type_from_v3(const Json& data_type) {
  const std::string name = name_in(data_type);
  if (name == "null_terminated_bytes") {
    return {types::bytes(positive_length(length_bytes(data_type), 1, data_type)), {}};
  }
  if (name == "raw_bytes" || name == "fixed_length_bytes") {
    return {types::bytes(positive_length(length_bytes(data_type), 1, data_type)), data_type};
  }
  if (name == "fixed_length_utf32") {
    const std::int64_t length = length_bytes(data_type);
    if (length % 4 != 0) throw_unsupported(data_type);
    return {types::unicode(positive_length(length / 4, 4, data_type)), {}};
  }
  if (const auto bits = raw_bits(name)) {
    if (*bits % 8 != 0) throw_unsupported(data_type);
    return {types::bytes(positive_length(*bits / 8, 1, data_type)), name};
  }
  if (TimeType::from_v3(data_type)) return {types::int64, data_type};
  if (is_record(data_type)) return {record_memory(data_type), data_type};
  if (name == "variable_length_bytes") return {types::blob, {}};
  if (name == "bytes") return {types::blob, name};
  if (const auto narrow = narrow_type_from_name(name)) return {narrow->memory_type(), name};
  if (name == "complex_float32") return {types::complex64, name};
  if (name == "complex_float64") return {types::complex128, name};
  try {
    const DataType type = data_type_from_name(name);
    if (type == types::blob) throw_unsupported(data_type);  // a name of ours, not of Zarr's
    return {type, {}};
  } catch (const Error&) {
    throw_unsupported(data_type);
  }
}

Json data_type_to_v3(DataType type, const Json& document) {
  if (!document.is_null()) return document;
  if (type.kind == ScalarKind::bytes) {
    return {{"name", "null_terminated_bytes"}, {"configuration", {{"length_bytes", type.size}}}};
  }
  if (type.kind == ScalarKind::unicode) {
    return {{"name", "fixed_length_utf32"}, {"configuration", {{"length_bytes", type.size}}}};
  }
  return type == types::blob ? "variable_length_bytes" : type.name();
}

Json document_across(DataType type, const Json& document, int from_format, int to_format) {
  if (document.is_null() || from_format == to_format) return document;
  if (is_record(document)) {
    const std::vector<RecordMember> members = record_members(document);
    return to_format == 2 ? record_to_v2(members) : record_to_v3(members);
  }
  if (is_raw_document(document)) {
    if (to_format == 2) return fmt::format("|V{}", type.size);
    return {{"name", "raw_bytes"}, {"configuration", {{"length_bytes", type.size}}}};
  }
  if (narrow_of(document)) return to_format == 3 ? document : Json();
  if (from_format == 2) return TimeType::from_v2(document.get<std::string>().substr(1))->to_v3();
  if (const auto time = TimeType::from_v3(document)) return "<" + time->to_v2();
  if (type == types::blob || type.kind == ScalarKind::complex) return nullptr;  // other names
  throw Error(ErrorKind::unsupported,
              fmt::format("data type {} has no place in Zarr v2: use --zarr-format 3 or leave the "
                          "variable out with --drop",
                          document.dump()));
}

std::string spelled_name(DataType type, const Json& document) {
  if (document.is_null()) return type.name();
  if (is_record(document)) return fmt::format("record({})", type.size);
  if (is_raw_document(document)) return fmt::format("raw({})", type.size);
  if (document.is_string() && document.get_ref<const std::string&>().starts_with('<')) {
    const auto time = TimeType::from_v2(document.get<std::string>().substr(1));
    return spelled_name(type, time->to_v3());
  }
  if (const auto time = TimeType::from_v3(document)) {
    const std::string code = time->to_v2();
    return (time->is_delta ? "timedelta64" : "datetime64") + code.substr(2);
  }
  return name_in(document);
}

bool is_time_document(const Json& document) {
  if (document.is_string()) {
    const auto& text = document.get_ref<const std::string&>();
    return text.starts_with("<M8") || text.starts_with("<m8");
  }
  return TimeType::from_v3(document).has_value();
}

std::optional<NarrowType> narrow_of(const Json& document) {
  if (!document.is_string()) return std::nullopt;
  return narrow_type_from_name(document.get_ref<const std::string&>());
}

bool is_raw_bits(const Json& document) {
  return document.is_string() && raw_bits(document.get_ref<const std::string&>()).has_value();
}

}  // namespace gridmill
