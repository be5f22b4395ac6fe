#include "gridmill/array/attribute.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gridmill/base/error.h"
#include "gridmill/base/exact_json.h"

namespace gridmill {
namespace {

bool all_of_kind(const Json& list, bool (Json::*test)() const noexcept) {
  return !list.empty() &&
         std::all_of(list.begin(), list.end(), [&](const Json& item) { return (item.*test)(); });
}

bool fits_int64(const Json& number) {
  return !number.is_number_unsigned() ||
         number.get<std::uint64_t>() <=
             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

// Integers that a double would round stay JSON.
bool fits_double(const Json& number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  return number.is_number_float() || std::abs(number.get<double>()) < kExact;
}

bool is_number_or_wide(const Json& item) { return item.is_number() || is_wide_integer(item); }

bool json_equal(const Json& a, const Json& b) {
  if (is_wide_integer(a) != is_wide_integer(b)) return json_equal(with_doubles(a), with_doubles(b));
  if (a.is_number() && b.is_number()) {
    const bool nan_a = a.is_number_float() && std::isnan(a.get<double>());
    const bool nan_b = b.is_number_float() && std::isnan(b.get<double>());
    return nan_a || nan_b ? nan_a && nan_b : a == b;
  }
  if (a.is_array() && b.is_array()) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), json_equal);
  }
  return a == b;
}

const Json& without_list(const Json& value) {
  return value.is_array() && value.size() == 1 && value[0].is_number() ? value[0] : value;
}

template <class T>
Json scalar_or_list(const std::vector<T>& values, bool is_list) {
  if (values.size() == 1 && !is_list) return values[0];
  return Json(values);
}

}  // namespace

AttributeValue AttributeValue::text(std::string text) {
  AttributeValue result;
  result.value_ = std::move(text);
  return result;
}

AttributeValue AttributeValue::texts(std::vector<std::string> texts) {
  AttributeValue result;
  result.value_ = std::move(texts);
  return result;
}

AttributeValue AttributeValue::integers(DataType type, std::vector<std::int64_t> values) {
  AttributeValue result;
  result.value_ = std::move(values);
  result.type_ = type;
  return result;
}

AttributeValue AttributeValue::unsigned_integers(std::vector<std::uint64_t> values) {
  AttributeValue result;
  result.value_ = std::move(values);
  result.type_ = types::uint64;
  return result;
}

AttributeValue AttributeValue::floats(DataType type, std::vector<double> values) {
  AttributeValue result;
  result.value_ = std::move(values);
  result.type_ = type;
  return result;
}

AttributeValue AttributeValue::from_json(const Json& value) {
  if (value.is_string()) return text(value.get<std::string>());
  const Json list = value.is_array() ? value : Json::array({value});
  AttributeValue result;
  const bool is_wide = std::any_of(list.begin(), list.end(), is_wide_integer) &&
                       std::all_of(list.begin(), list.end(), is_number_or_wide);
  if (is_wide) {
    result = floats(types::float64, with_doubles(list).get<std::vector<double>>());
    result.exact_ = value;
    return result;
  }
  if (value.is_array() && all_of_kind(list, &Json::is_string)) {
    return texts(list.get<std::vector<std::string>>());
  }
  if (all_of_kind(list, &Json::is_number_integer) &&
      std::all_of(list.begin(), list.end(), fits_int64)) {
    result = integers(types::int64, list.get<std::vector<std::int64_t>>());
  } else if (all_of_kind(list, &Json::is_number_unsigned)) {
    result = unsigned_integers(list.get<std::vector<std::uint64_t>>());
  } else if (all_of_kind(list, &Json::is_number) &&
             std::all_of(list.begin(), list.end(), fits_double)) {
    result = floats(types::float64, list.get<std::vector<double>>());
    const bool is_mixed = std::any_of(list.begin(), list.end(),
                                      [](const Json& item) { return item.is_number_integer(); });
    if (is_mixed) result.exact_ = value;  // 0 is not 0.0 to whoever wrote [0, 1.5]
  } else {
    result.value_ = value;
  }
  result.is_list_ = value.is_array();
  return result;
}

bool AttributeValue::is_number() const noexcept { return as_double().has_value(); }

std::string_view AttributeValue::as_text() const noexcept {
  const auto* text = std::get_if<std::string>(&value_);
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

std::optional<double> AttributeValue::as_double() const noexcept {
  if (const auto* v = std::get_if<std::vector<double>>(&value_); v && v->size() == 1)
    return (*v)[0];
  if (const auto* v = std::get_if<std::vector<std::int64_t>>(&value_); v && v->size() == 1) {
    return static_cast<double>((*v)[0]);
  }
  if (const auto* v = std::get_if<std::vector<std::uint64_t>>(&value_); v && v->size() == 1) {
    return static_cast<double>((*v)[0]);
  }
  return std::nullopt;
}

std::optional<std::int64_t> AttributeValue::as_int() const noexcept {
  if (const auto* v = std::get_if<std::vector<std::int64_t>>(&value_); v && v->size() == 1) {
    return (*v)[0];
  }
  return std::nullopt;
}

std::vector<double> AttributeValue::as_doubles() const {
  std::vector<double> numbers;
  std::visit(
      [&](const auto& values) {
        using Values = std::decay_t<decltype(values)>;
        if constexpr (std::is_same_v<Values, std::vector<double>> ||
                      std::is_same_v<Values, std::vector<std::int64_t>> ||
                      std::is_same_v<Values, std::vector<std::uint64_t>>) {
          for (const auto value : values) numbers.push_back(static_cast<double>(value));
        }
      },
      value_);
  return numbers;
}

Json AttributeValue::to_json() const {
  if (!exact_.is_null()) return exact_;
  return std::visit(
      [this](const auto& values) -> Json {
        using Values = std::decay_t<decltype(values)>;
        if constexpr (std::is_same_v<Values, std::string> || std::is_same_v<Values, Json>) {
          return values;
        } else if constexpr (std::is_same_v<Values, std::vector<std::string>>) {
          return Json(values);
        } else {
          return scalar_or_list(values, is_list_);
        }
      },
      value_);
}

bool operator==(const AttributeValue& a, const AttributeValue& b) {
  const Json of_a = a.to_json();
  const Json of_b = b.to_json();
  return json_equal(without_list(of_a), without_list(of_b));
}

const AttributeValue* Attributes::find(std::string_view name) const noexcept {
  const auto found = std::find_if(items_.begin(), items_.end(),
                                  [&](const auto& item) { return item.first == name; });
  return found == items_.end() ? nullptr : &found->second;
}

std::string_view Attributes::text(std::string_view name) const noexcept {
  const AttributeValue* value = find(name);
  return value != nullptr ? value->as_text() : std::string_view();
}

void Attributes::set(std::string name, AttributeValue value) {
  for (auto& [existing, old] : items_) {
    if (existing == name) {
      old = std::move(value);
      return;
    }
  }
  items_.emplace_back(std::move(name), std::move(value));
}

bool Attributes::erase(std::string_view name) {
  return std::erase_if(items_, [&](const auto& item) { return item.first == name; }) > 0;
}

Json Attributes::to_json() const {
  // Names are unique: the object need not be searched for each.
  Json::object_t object;
  object.reserve(items_.size());
  for (const auto& [name, value] : items_) object.emplace_back(name, value.to_json());
  return object;
}

Attributes Attributes::from_json(const Json& object) {
  if (!object.is_object()) throw Error(ErrorKind::corrupt, "attributes are not a JSON object");
  Attributes attributes;
  for (const auto& [name, value] : object.items()) {
    attributes.items_.emplace_back(name, AttributeValue::from_json(value));
  }
  return attributes;
}

}  // namespace gridmill
