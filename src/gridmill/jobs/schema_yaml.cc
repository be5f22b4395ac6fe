// How a schema is read: see schema.h. Every refusal names the line.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gridmill/array/data_type.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/schema.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLargestSchema = std::int64_t{64} << 20;

[[noreturn]] void refuse_schema(const YAML::Mark& mark, const std::string& message) {
  const std::string line = mark.is_null() ? "" : fmt::format("line {}: ", mark.line + 1);
  throw Error(ErrorKind::invalid, line + message);
}

using Names = std::vector<std::string>;

// A mapping whose keys are texts, each there once. `place` is for messages: "variable t2m".
class SchemaMap {
 public:
  SchemaMap(const YAML::Node& node, std::string place) : place_(std::move(place)), node_(node) {
    if (node.IsNull()) return;  // "t2m:" asks for nothing more
    if (!node.IsMap()) refuse_schema(node.Mark(), place_ + ": must be a mapping (key: value)");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        refuse_schema(entry.first.Mark(), place_ + ": a key must be a name");
      }
      if (!seen.insert(entry.first.Scalar()).second) {
        refuse_schema(entry.first.Mark(), fmt::format("{}: {} stands here a second time", place_,
                                                      entry.first.Scalar()));
      }
      entries_.emplace_back(entry.first.Scalar(), entry.second);
      marks_.push_back(entry.first.Mark());
    }
  }

  // Only these keys.
  void allow(const Names& known) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const std::string& key = entries_[i].first;
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      refuse_schema(marks_[i], fmt::format("{}: there is no rule {}{}", place_, key,
                                           did_you_mean(key, known)));
    }
  }

  const YAML::Node* find(std::string_view key) const {
    for (const auto& [name, value] : entries_) {
      if (name == key) return &value;
    }
    return nullptr;
  }

  // Of the key, or of the whole.
  YAML::Mark mark_of(std::string_view key) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].first == key) return marks_[i];
    }
    return node_.Mark();
  }

  const std::vector<std::pair<std::string, YAML::Node>>& entries() const { return entries_; }
  std::string place(std::string_view key) const { return fmt::format("{}: {}", place_, key); }

 private:
  const std::string place_;
  const YAML::Node node_;
  std::vector<std::pair<std::string, YAML::Node>> entries_;
  std::vector<YAML::Mark> marks_;
};

// ---- plain values

std::string schema_scalar(const YAML::Node& node, const std::string& place) {
  if (!node.IsScalar()) refuse_schema(node.Mark(), place + ": must be one plain value");
  return node.Scalar();
}

bool schema_switch(const YAML::Node& node, const std::string& place) {
  const std::string text = schema_scalar(node, place);
  if (text == "true" || text == "false") return text == "true";
  refuse_schema(node.Mark(), fmt::format("{}: \"{}\" is neither true nor false", place, text));
}

std::int64_t schema_count(const YAML::Node& node, const std::string& place) {
  const std::string text = schema_scalar(node, place);
  const bool is_count = !text.empty() && text.size() < 19 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
  if (is_count) return parse_int(text);
  refuse_schema(node.Mark(),
                fmt::format("{}: \"{}\" is not a whole number from 0 on", place, text));
}

// YAML's numbers, with its words for those that are not finite; nullopt for other texts.
std::optional<double> number_in(const std::string& text) {
  const std::string lower = to_lower(text);
  if (lower == ".nan") return std::numeric_limits<double>::quiet_NaN();
  if (lower == ".inf" || lower == "+.inf") return std::numeric_limits<double>::infinity();
  if (lower == "-.inf") return -std::numeric_limits<double>::infinity();
  if (text.empty() || text.find_first_not_of("+-.0123456789eE") != std::string::npos) {
    return std::nullopt;
  }
  try {
    return parse_double(text);
  } catch (const Error&) {
    return std::nullopt;  // "2000-01-01": a text
  }
}

double schema_number(const YAML::Node& node, const std::string& place) {
  const std::string text = schema_scalar(node, place);
  const std::optional<double> number = number_in(text);
  if (number && !std::isnan(*number)) return *number;
  refuse_schema(node.Mark(), fmt::format("{}: \"{}\" is not a number", place, text));
}

// "a" or [a, b].
Names schema_texts(const YAML::Node& node, const std::string& place) {
  if (!node.IsSequence()) return {schema_scalar(node, place)};
  Names texts;
  for (const YAML::Node& item : node) texts.push_back(schema_scalar(item, place));
  return texts;
}

Names schema_choice(const YAML::Node& node, const std::string& place) {
  Names texts = schema_texts(node, place);
  if (texts.empty()) refuse_schema(node.Mark(), place + ": an empty list allows nothing");
  return texts;
}

// A quoted value is a text whatever it says.
Json json_of_scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  const std::size_t digits = text.find_first_of("0123456789");
  const bool is_integer = digits != std::string::npos && digits <= 1 && text.size() < 19 &&
                          (digits == 0 || text[0] == '-' || text[0] == '+') &&
                          text.find_first_not_of("0123456789", digits) == std::string::npos;
  if (is_integer) return parse_int(text);
  if (const auto number = number_in(text)) return *number;
  return text;
}

Json json_of_value(const YAML::Node& node, const std::string& place) {
  if (node.IsNull()) return nullptr;
  if (node.IsScalar()) return json_of_scalar(node);
  if (!node.IsSequence()) {
    refuse_schema(node.Mark(), place + ": must be a plain value or a list of them");
  }
  Json list = Json::array();
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) refuse_schema(item.Mark(), place + ": must be a list of plain values");
    list.push_back(json_of_scalar(item));
  }
  return list;
}

// ---- rules

// {least: 4, most: 10}, among other keys of `map`.
std::optional<LengthRule> length_between(const SchemaMap& map) {
  LengthRule rule;
  const YAML::Node* least = map.find("least");
  const YAML::Node* most = map.find("most");
  if (least == nullptr && most == nullptr) return std::nullopt;
  if (least != nullptr) rule.least = schema_count(*least, map.place("least"));
  if (most != nullptr) rule.most = schema_count(*most, map.place("most"));
  if (rule.most && *rule.most < rule.least) {
    refuse_schema(map.mark_of("most"), fmt::format("{} {} is less than least, {}",
                                                   map.place("most"), *rule.most, rule.least));
  }
  return rule;
}

LengthRule exact_length(const YAML::Node& node, const std::string& place) {
  const std::int64_t length = schema_count(node, place);
  return {length, length};
}

LengthRule length_rule(const YAML::Node& node, const std::string& place) {
  if (!node.IsMap()) return exact_length(node, place);
  const SchemaMap map(node, place);
  map.allow({"least", "most"});
  const auto rule = length_between(map);
  if (!rule) refuse_schema(node.Mark(), place + ": give a number, or least or most");
  return *rule;
}

DimensionRule dimension_rule(const std::string& path, const YAML::Node& node) {
  DimensionRule rule;
  rule.path = path;
  const std::string place = "dimension " + path;
  if (node.IsScalar()) {
    rule.length = exact_length(node, place);
    return rule;
  }
  const SchemaMap map(node, place);
  map.allow({"size", "least", "most", "unlimited"});
  rule.length = length_between(map);
  if (const YAML::Node* size = map.find("size")) {
    if (rule.length) {
      refuse_schema(map.mark_of("size"), map.place("size") + ": leaves no choice to least or most");
    }
    rule.length = exact_length(*size, map.place("size"));
  }
  if (const YAML::Node* unlimited = map.find("unlimited")) {
    rule.is_unlimited = schema_switch(*unlimited, map.place("unlimited"));
  }
  return rule;
}

std::vector<AttributeRule> attribute_rules(const YAML::Node& node, const std::string& place) {
  const SchemaMap map(node, place);
  std::vector<AttributeRule> rules;
  for (const auto& [name, value] : map.entries()) {
    rules.push_back({name, json_of_value(value, map.place(name))});
  }
  return rules;
}

Names common_type_names() {
  return {"bool",   "int8",   "int16",    "int32",     "int64",     "uint8",
          "uint16", "uint32", "uint64",   "float16",   "float32",   "float64",
          "string", "blob",   "bytes(1)", "complex64", "complex128"};
}

// Those of Zarr alone, and types with a length or unit ("numpy.datetime64[ns]", "record(12)"), are
// too many to list.
bool is_type_name(const std::string& name) {
  if (name.find_first_of("([") != std::string::npos) return true;
  try {
    (void)data_type_from_name(name);
    return true;
  } catch (const Error&) {
    // Perhaps Zarr knows it.
  }
  try {
    (void)data_type_from_v3(Json(name));
    return true;
  } catch (const Error&) {
    return false;
  }
}

Names type_rule(const YAML::Node& node, const std::string& place) {
  Names types = schema_choice(node, place);
  for (const std::string& type : types) {
    if (is_type_name(type)) continue;
    refuse_schema(node.Mark(), fmt::format("{}: there is no type {}{}", place, type,
                                           did_you_mean(type, common_type_names())));
  }
  return types;
}

Names dimension_names_rule(const YAML::Node& node, const std::string& place) {
  if (!node.IsSequence()) refuse_schema(node.Mark(), place + ": must be a list: [time, lat, lon]");
  return schema_texts(node, place);
}

Bounds range_rule(const YAML::Node& node, const std::string& place) {
  if (!node.IsSequence() || node.size() != 2) {
    refuse_schema(node.Mark(), place + ": must be two numbers: [180, 340], or [0, .inf]");
  }
  const Bounds bounds{schema_number(node[0], place), schema_number(node[1], place)};
  if (bounds.least <= bounds.greatest) return bounds;
  refuse_schema(node.Mark(),
                fmt::format("{}: {} is more than {}: the ends are reversed", place,
                            format_double(bounds.least), format_double(bounds.greatest)));
}

double share_rule(const YAML::Node& node, const std::string& place) {
  const double share = schema_number(node, place);
  if (share >= 0 && share <= 1) return share;
  refuse_schema(node.Mark(), fmt::format("{}: {} is no share: give a number from 0 to 1", place,
                                         format_double(share)));
}

Order order_rule(const YAML::Node& node, const std::string& place) {
  const std::string text = schema_scalar(node, place);
  Names names;
  for (const Order order : {Order::increasing, Order::decreasing, Order::strictly_increasing,
                            Order::strictly_decreasing}) {
    if (text == name_of(order)) return order;
    names.emplace_back(name_of(order));
  }
  refuse_schema(node.Mark(),
                fmt::format("{}: \"{}\" is none of {}", place, text, join(names, ", ")));
}

// What no variable could meet.
void refuse_contradictions(const VariableRule& rule, const SchemaMap& map) {
  const bool is_of_axis = rule.order || rule.is_unique;
  if (rule.dimensions && rule.dimensions->size() > 1 && is_of_axis) {
    const char* key = rule.order ? "monotonic" : "unique";
    refuse_schema(map.mark_of(key), map.place(key) + ": is for one dimension, and there are more");
  }
  if (rule.dimensions && rule.dimensions->empty() && rule.rows) {
    refuse_schema(map.mark_of("rows"), map.place("rows") + ": there is no dimension to count them");
  }
  const bool is_unique_denied = map.find("unique") != nullptr && !rule.is_unique;
  if (rule.order && is_strict(*rule.order) && is_unique_denied) {
    refuse_schema(map.mark_of("unique"),
                  map.place("unique") + ": what is strictly monotonic is unique");
  }
}

VariableRule variable_rule(const std::string& path, const YAML::Node& node) {
  const SchemaMap map(node, "variable " + path);
  map.allow({"required", "type", "dimensions", "units", "standard_name", "attributes", "rows",
             "range", "nan_share", "monotonic", "unique"});
  VariableRule rule;
  rule.path = path;
  const auto read = [&](const char* key, auto&& reader, auto& into) {
    if (const YAML::Node* value = map.find(key)) into = reader(*value, map.place(key));
  };
  read("required", schema_switch, rule.is_required);
  read("type", type_rule, rule.types);
  read("dimensions", dimension_names_rule, rule.dimensions);
  read("units", schema_choice, rule.units);
  read("standard_name", schema_choice, rule.standard_names);
  read("attributes", attribute_rules, rule.attributes);
  read("rows", length_rule, rule.rows);
  read("range", range_rule, rule.range);
  read("nan_share", share_rule, rule.nan_share);
  read("monotonic", order_rule, rule.order);
  read("unique", schema_switch, rule.is_unique);
  refuse_contradictions(rule, map);
  return rule;
}

bool refuses_extra(const YAML::Node& node, const std::string& place) {
  const std::string text = schema_scalar(node, place);
  if (text == "allow" || text == "refuse") return text == "refuse";
  refuse_schema(node.Mark(), fmt::format("{}: \"{}\" is neither allow nor refuse", place, text));
}

Schema schema_of(const YAML::Node& document) {
  if (document.IsNull()) throw Error(ErrorKind::invalid, "it is empty, and asks for nothing");
  Schema schema;
  const SchemaMap map(document, "the schema");
  map.allow({"dimensions", "variables", "attributes", "extra_variables"});
  if (const YAML::Node* section = map.find("dimensions")) {
    const SchemaMap rules(*section, "dimensions");
    for (const auto& [path, node] : rules.entries()) {
      schema.dimensions.push_back(dimension_rule(path, node));
    }
  }
  if (const YAML::Node* section = map.find("variables")) {
    const SchemaMap rules(*section, "variables");
    for (const auto& [path, node] : rules.entries()) {
      schema.variables.push_back(variable_rule(path, node));
    }
  }
  if (const YAML::Node* section = map.find("attributes")) {
    schema.attributes = attribute_rules(*section, "attributes");
  }
  if (const YAML::Node* value = map.find("extra_variables")) {
    schema.refuses_extra_variables = refuses_extra(*value, "extra_variables");
  }
  return schema;
}

}  // namespace

Schema schema_from_yaml(std::string_view text, const std::string& path) {
  return in_context([&] { return "schema " + path; },
                    [&] {
                      try {
                        return schema_of(YAML::Load(std::string(text)));
                      } catch (const YAML::Exception& error) {
                        refuse_schema(error.mark, "not YAML: " + error.msg);
                      }
                    });
}

Schema load_schema(const std::string& path, Files& files) {
  const auto file = files.open(path);
  if (!file) throw Error(ErrorKind::not_found, fmt::format("there is no schema {}", path));
  const std::int64_t size = file->status().size;
  if (size > kLargestSchema) {
    throw Error(ErrorKind::invalid, fmt::format("schema {}: {} are no schema", path,
                                                format_bytes(static_cast<double>(size))));
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return schema_from_yaml(text, path);
}

}  // namespace gridmill
