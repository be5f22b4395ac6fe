// schema.h: what a dataset should be like, as a document: docs/schema.md has its grammar.
//
//   dimensions: {time: {least: 24}, lat: 90, lon: 180}
//   variables:
//     t2m: {type: float32, dimensions: [time, lat, lon], units: K, range: [180, 340]}
//     time: {monotonic: strictly increasing}
//   extra_variables: refuse
//
// Plain values. A rule that isn't there asks for nothing. The order is the document's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/kernels/range_count.h"
#include "gridmill/store/location.h"

namespace gridmill {

// A number of things, ends included.
struct LengthRule {
  std::int64_t least = 0;
  std::optional<std::int64_t> most;

  bool allows(std::int64_t length) const noexcept {
    return length >= least && (!most || length <= *most);
  }
};

struct DimensionRule {
  std::string path;                  // "time", "surface/latitude"
  std::optional<LengthRule> length;  // none: it must only be there
  std::optional<bool> is_unlimited;
};

struct AttributeRule {
  std::string name;
  Json value;  // null: any
};

enum class Order { increasing, decreasing, strictly_increasing, strictly_decreasing };
std::string_view name_of(Order order) noexcept;
constexpr bool is_strict(Order order) noexcept { return order >= Order::strictly_increasing; }
constexpr bool is_ascending(Order order) noexcept {
  return order == Order::increasing || order == Order::strictly_increasing;
}

struct VariableRule {
  std::string path;  // "t2m", "surface/t2m"
  bool is_required = true;
  std::vector<std::string> types;  // one of these, as stored; empty: any. The next two likewise
  std::vector<std::string> units;
  std::vector<std::string> standard_names;
  std::optional<std::vector<std::string>> dimensions;
  std::vector<AttributeRule> attributes;
  std::optional<LengthRule> rows;  // along the first dimension
  std::optional<Bounds> range;     // of what the numbers mean
  std::optional<double> nan_share;
  std::optional<Order> order;
  bool is_unique = false;

  bool has_value_rules() const noexcept { return range || nan_share; }
};

struct Schema {
  std::vector<DimensionRule> dimensions;
  std::vector<VariableRule> variables;
  std::vector<AttributeRule> attributes;  // of the root
  bool refuses_extra_variables = false;

  const VariableRule* find(std::string_view path) const noexcept;
};

// How many rules a schema has, for reports.
std::int64_t count_rules(const Schema& schema);

// Throws Error(invalid) that names `path` and the line: what isn't YAML, keys that no schema has,
// values of another type, and rules that contradict themselves.
Schema schema_from_yaml(std::string_view text, const std::string& path);

// The same from a file. Throws Error(not_found) if there is none.
Schema load_schema(const std::string& path, Files& files);

// schema_from_yaml() makes the same schema of it. Every line of `remarks` becomes a comment at the
// top.
std::string schema_to_yaml(const Schema& schema, const std::vector<std::string>& remarks);

// "12", "at least 4", "4 to 10", as messages have it.
std::string length_text(const LengthRule& rule);

}  // namespace gridmill
