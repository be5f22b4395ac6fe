// attribute.h: metadata values with the types they had in their file.
//
// NetCDF attributes are typed (float32 scalar, int16 pair); JSON's are not. An AttributeValue keeps
// the type as long as there is one, and knows how it looks in Zarr's JSON: as xarray would write
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gridmill/array/data_type.h"
#include "gridmill/base/json.h"

namespace gridmill {

// Numbers of every integer type are held as int64 (uint64 beyond it), every floating type as
// double; `type` says what they were. A one-element numeric attribute is a scalar, as netCDF4 shows
// it.
class AttributeValue {
 public:
  AttributeValue() = default;
  static AttributeValue text(std::string text);
  static AttributeValue texts(std::vector<std::string> texts);
  static AttributeValue integers(DataType type, std::vector<std::int64_t> values);
  static AttributeValue unsigned_integers(std::vector<std::uint64_t> values);  // uint64
  static AttributeValue floats(DataType type, std::vector<double> values);
  // From Zarr: strings, numbers and flat lists of them become the above (int64, float64); anything
  // nested, null, booleans and mixed lists stay JSON. Wide integers (base/exact_json.h), and
  // integers among floats, are floats that stay in JSON what they were.
  static AttributeValue from_json(const Json& value);

  bool is_text() const noexcept { return std::holds_alternative<std::string>(value_); }
  bool is_number() const noexcept;  // exactly one number
  // Text as it is; "" for anything else.
  std::string_view as_text() const noexcept;
  // The only number; nullopt otherwise.
  std::optional<double> as_double() const noexcept;
  std::optional<std::int64_t> as_int() const noexcept;
  std::vector<double> as_doubles() const;  // all numbers; empty if there are none

  const auto& value() const noexcept { return value_; }
  DataType type() const noexcept { return type_; }

  // Scalar or list; floats as doubles, non-finite as such (dump_json writes NaN bare).
  Json to_json() const;
  // By content as JSON; NaN equals NaN; types don't count; 5 equals [5], as netCDF can't tell them.
  friend bool operator==(const AttributeValue& a, const AttributeValue& b);

 private:
  using Value = std::variant<std::string, std::vector<std::string>, std::vector<std::int64_t>,
                             std::vector<std::uint64_t>, std::vector<double>, Json>;
  Value value_;
  DataType type_ = types::string;
  Json exact_;            // as JSON has the numbers, where floats show them otherwise; else null
  bool is_list_ = false;  // one number that JSON showed as a list: [5] stays [5]
};

// Ordered as in the file; names are unique.
class Attributes {
 public:
  const AttributeValue* find(std::string_view name) const noexcept;
  std::string_view text(std::string_view name) const noexcept;  // "" if absent or not text
  void set(std::string name, AttributeValue value);             // replaces or appends
  bool erase(std::string_view name);
  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  auto begin() const noexcept { return items_.begin(); }
  auto end() const noexcept { return items_.end(); }

  Json to_json() const;
  static Attributes from_json(const Json& object);  // Error(corrupt) if it is not an object

 private:
  std::vector<std::pair<std::string, AttributeValue>> items_;
};

}  // namespace gridmill
