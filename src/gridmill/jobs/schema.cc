// How a schema is written, and counted: see schema.h.
#include "gridmill/jobs/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/text.h"

namespace gridmill {
namespace {

// Words that some reader of YAML takes for a truth value or for nothing.
bool is_yaml_word(std::string_view text) {
  static constexpr std::string_view kWords[] = {"y",   "n",    "yes",   "no",  "on",
                                                "off", "true", "false", "null"};
  const std::string lower = to_lower(text);
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

bool is_plain(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (text.empty() || !is_letter(text.front()) || is_yaml_word(text)) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '/'; });
}

// A JSON string is a quoted string of YAML, too.
std::string yaml_text(const std::string& text) {
  return is_plain(text) ? text : dump_json(Json(text), -1);
}

std::string yaml_list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(yaml_text(text));
  return "[" + join(items, ", ") + "]";
}

std::string yaml_choice(const std::vector<std::string>& texts) {
  return texts.size() == 1 ? yaml_text(texts.front()) : yaml_list(texts);
}

std::string yaml_number(double value) {
  if (std::isinf(value)) return value < 0 ? "-.inf" : ".inf";
  return format_double(value);
}

std::string yaml_value(const Json& value) {
  if (value.is_string()) return yaml_text(value.get<std::string>());
  if (value.is_number_float()) {
    const double number = value.get<double>();
    return std::isnan(number) ? ".nan" : yaml_number(number);
  }
  if (!value.is_array()) return value.dump();
  std::vector<std::string> items;
  for (const Json& item : value) items.push_back(yaml_value(item));
  return "[" + join(items, ", ") + "]";
}

// Without the braces of a mapping.
std::string yaml_ends(const LengthRule& rule) {
  return rule.most ? fmt::format("least: {}, most: {}", rule.least, *rule.most)
                   : fmt::format("least: {}", rule.least);
}

std::string yaml_length(const LengthRule& rule) {
  return rule.most == rule.least ? fmt::format("{}", rule.least) : "{" + yaml_ends(rule) + "}";
}

std::string yaml_dimension(const DimensionRule& rule) {
  if (!rule.is_unlimited) return rule.length ? yaml_length(*rule.length) : "{}";
  std::string length;
  if (rule.length) {
    const bool is_exact = rule.length->most == rule.length->least;
    length = is_exact ? fmt::format("size: {}", rule.length->least) : yaml_ends(*rule.length);
    length += ", ";
  }
  return fmt::format("{{{}unlimited: {}}}", length, *rule.is_unlimited);
}

std::string yaml_attributes(const std::vector<AttributeRule>& rules) {
  std::vector<std::string> items;
  for (const AttributeRule& rule : rules) {
    items.push_back(fmt::format("{}: {}", yaml_text(rule.name), yaml_value(rule.value)));
  }
  return "{" + join(items, ", ") + "}";
}

std::vector<std::string> variable_lines(const VariableRule& rule) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view key, const std::string& value) {
    lines.push_back(fmt::format("{}: {}", key, value));
  };
  if (!rule.is_required) add("required", "false");
  if (!rule.types.empty()) add("type", yaml_choice(rule.types));
  if (rule.dimensions) add("dimensions", yaml_list(*rule.dimensions));
  if (!rule.units.empty()) add("units", yaml_choice(rule.units));
  if (!rule.standard_names.empty()) add("standard_name", yaml_choice(rule.standard_names));
  if (!rule.attributes.empty()) add("attributes", yaml_attributes(rule.attributes));
  if (rule.rows) add("rows", yaml_length(*rule.rows));
  if (rule.range) {
    add("range",
        fmt::format("[{}, {}]", yaml_number(rule.range->least), yaml_number(rule.range->greatest)));
  }
  if (rule.nan_share) add("nan_share", yaml_number(*rule.nan_share));
  if (rule.order) add("monotonic", std::string(name_of(*rule.order)));
  if (rule.is_unique) add("unique", "true");
  return lines;
}

std::int64_t count_rules_of(const VariableRule& rule) {
  const auto one = [](bool is_there) { return std::int64_t{is_there}; };
  return one(rule.is_required) + one(!rule.types.empty()) + one(!rule.units.empty()) +
         one(!rule.standard_names.empty()) + one(rule.dimensions.has_value()) +
         static_cast<std::int64_t>(rule.attributes.size()) + one(rule.rows.has_value()) +
         one(rule.range.has_value()) + one(rule.nan_share.has_value()) +
         one(rule.order.has_value()) + one(rule.is_unique);
}

}  // namespace

std::string_view name_of(Order order) noexcept {
  switch (order) {
    case Order::increasing:
      return "increasing";
    case Order::decreasing:
      return "decreasing";
    case Order::strictly_increasing:
      return "strictly increasing";
    case Order::strictly_decreasing:
      return "strictly decreasing";
  }
  return "";
}

const VariableRule* Schema::find(std::string_view path) const noexcept {
  const auto found = std::find_if(variables.begin(), variables.end(),
                                  [&](const VariableRule& rule) { return rule.path == path; });
  return found == variables.end() ? nullptr : &*found;
}

std::int64_t count_rules(const Schema& schema) {
  std::int64_t rules = static_cast<std::int64_t>(schema.attributes.size());
  for (const DimensionRule& rule : schema.dimensions) {
    rules +=
        1 + std::int64_t{rule.length.has_value()} + std::int64_t{rule.is_unlimited.has_value()};
  }
  for (const VariableRule& rule : schema.variables) rules += count_rules_of(rule);
  return rules + std::int64_t{schema.refuses_extra_variables};
}

std::string schema_to_yaml(const Schema& schema, const std::vector<std::string>& remarks) {
  std::string text;
  for (const std::string& remark : remarks) text += "# " + remark + "\n";
  if (!schema.dimensions.empty()) text += "dimensions:\n";
  for (const DimensionRule& rule : schema.dimensions) {
    text += fmt::format("  {}: {}\n", yaml_text(rule.path), yaml_dimension(rule));
  }
  if (!schema.variables.empty()) text += "variables:\n";
  for (const VariableRule& rule : schema.variables) {
    const std::vector<std::string> lines = variable_lines(rule);
    text += fmt::format("  {}:{}\n", yaml_text(rule.path), lines.empty() ? " {}" : "");
    for (const std::string& line : lines) text += "    " + line + "\n";
  }
  if (!schema.attributes.empty()) {
    text += fmt::format("attributes: {}\n", yaml_attributes(schema.attributes));
  }
  return text +
         fmt::format("extra_variables: {}\n", schema.refuses_extra_variables ? "refuse" : "allow");
}

std::string length_text(const LengthRule& rule) {
  if (!rule.most) return fmt::format("at least {}", rule.least);
  if (*rule.most == rule.least) return fmt::format("{}", rule.least);
  return rule.least == 0 ? fmt::format("at most {}", *rule.most)
                         : fmt::format("{} to {}", rule.least, *rule.most);
}

}  // namespace gridmill
