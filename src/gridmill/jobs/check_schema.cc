#include "gridmill/jobs/check_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/jobs/axis_faults.h"
#include "gridmill/zarr/data_type_names.h"

namespace gridmill {
namespace {

constexpr const char* kNothing = "none";

std::string one_of(const std::vector<std::string>& texts) { return join(texts, " or "); }

bool is_listed(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

std::string dimensions_text(const std::vector<std::string>& names) {
  return "(" + join(names, ", ") + ")";
}

std::string attribute_text(const AttributeValue* value) {
  if (value == nullptr) return kNothing;
  return value->is_text() ? std::string(value->as_text()) : dump_json(value->to_json(), -1);
}

// A float32 attribute is no other for that a document writes it in decimals.
Json as_stored(const Json& wanted, const AttributeValue& found) {
  if (found.type() != types::float32) return wanted;
  const auto rounded = [](const Json& item) -> Json {
    if (!item.is_number()) return item;
    return static_cast<double>(static_cast<float>(item.get<double>()));
  };
  if (!wanted.is_array()) return rounded(wanted);
  Json list = Json::array();
  for (const Json& item : wanted) list.push_back(rounded(item));
  return list;
}

bool is_wanted(const Json& wanted, const AttributeValue& found) {
  return wanted.is_null() || AttributeValue::from_json(as_stored(wanted, found)) == found;
}

std::string wanted_text(const Json& wanted) {
  if (wanted.is_null()) return "any";
  return wanted.is_string() ? wanted.get<std::string>() : dump_json(wanted, -1);
}

// Which dimension holds what label at a position of a variable; those that can be told.
Json labels_at(const Dataset& dataset, const Variable& variable, const Index& at) {
  Json labels = Json::object();
  for (int d = 0; d < at.rank(); ++d) {
    const std::string& name = variable.dimensions[static_cast<std::size_t>(d)];
    const Variable* coordinate = find_dimension_coordinate(dataset, variable.group, name);
    if (coordinate == nullptr || at[d] >= coordinate->shape[0]) continue;
    try {
      const Array value = read_array(*coordinate, Box{{at[d]}, {1}});
      labels[name] = axis_text(*coordinate, value, 0);
    } catch (const Error&) {
      // The place has its index all the same; what is wrong with the coordinate is told elsewhere.
    }
  }
  return labels;
}

Index index_of_place(const Shape& shape, std::int64_t place) {
  Index at = Index::filled(shape.rank(), 0);
  for (int d = shape.rank() - 1; d >= 0; --d) {
    at[d] = place % shape[d];
    place /= shape[d];
  }
  return at;
}

Json where_at(const Dataset& dataset, const Variable& variable, const Index& at) {
  return {{"index", std::vector<std::int64_t>(at.begin(), at.end())},
          {"labels", labels_at(dataset, variable, at)}};
}

// One variable against its rule.
class VariableCheck {
 public:
  VariableCheck(const Dataset& dataset, const VariableRule& rule, const Variable& variable,
                std::vector<Violation>& violations)
      : dataset_(dataset), rule_(rule), variable_(variable), violations_(violations) {}

  void run() {
    const std::string unreadable = reason_unreadable(variable_);
    if (!unreadable.empty()) return add("readable", "metadata that can be read", unreadable);
    check_type();
    if (rule_.dimensions && *rule_.dimensions != variable_.dimensions) {
      add("dimensions", dimensions_text(*rule_.dimensions), dimensions_text(variable_.dimensions));
    }
    check_text("units", rule_.units);
    check_text("standard_name", rule_.standard_names);
    check_attributes();
    check_rows();
    if (rule_.order || rule_.is_unique) check_axis();
    if (rule_.has_value_rules()) check_values();
  }

  void check(const RangeCount& counts) {
    if (rule_.range && counts.outside > 0) add_outside(counts);
    if (rule_.nan_share) check_share(counts);
  }

 private:
  void add(std::string rule, std::string wanted, std::string found) {
    violations_.push_back({Violation::Of::variable, variable_.path(), std::move(rule),
                           std::move(wanted), std::move(found)});
  }

  void check_type() {
    if (rule_.types.empty() || is_listed(rule_.types, variable_.type_name()) ||
        is_listed(rule_.types, variable_.type.name())) {
      return;
    }
    add("type", one_of(rule_.types), variable_.type_name());
  }

  void check_text(const char* name, const std::vector<std::string>& wanted) {
    if (wanted.empty()) return;
    const AttributeValue* found = variable_.attributes.find(name);
    if (found != nullptr && found->is_text() && is_listed(wanted, found->as_text())) return;
    add(name, one_of(wanted), attribute_text(found));
  }

  void check_attributes() {
    for (const AttributeRule& wanted : rule_.attributes) {
      const AttributeValue* found = variable_.attributes.find(wanted.name);
      if (found != nullptr && is_wanted(wanted.value, *found)) continue;
      add("attributes." + wanted.name, wanted_text(wanted.value), attribute_text(found));
    }
  }

  void check_rows() {
    if (!rule_.rows) return;
    const bool has_rows = variable_.shape.rank() > 0;
    if (has_rows && rule_.rows->allows(variable_.shape[0])) return;
    add("rows", length_text(*rule_.rows),
        has_rows ? fmt::format("{}", variable_.shape[0]) : "no dimension");
  }

  std::string wanted_of_axis() const {
    return rule_.order ? std::string(name_of(*rule_.order)) : "true";
  }

  void check_axis() {
    const char* rule = rule_.order ? "monotonic" : "unique";
    if (variable_.shape.rank() > 1) {
      return add(rule, wanted_of_axis(), fmt::format("{} dimensions", variable_.shape.rank()));
    }
    looking_at_values(rule, wanted_of_axis(), [&] {
      const Array values = read_array(variable_);
      if (rule_.order) {
        add_fault("monotonic", wanted_of_axis(), order_fault(variable_, values, *rule_.order));
      }
      if (rule_.is_unique) add_fault("unique", "true", duplicate_fault(variable_, values));
    });
  }

  void add_fault(const char* rule, std::string wanted, const std::optional<AxisFault>& fault) {
    if (!fault) return;
    add(rule, std::move(wanted), fault->what);
    if (variable_.shape.rank() == 1) {
      violations_.back().where = where_at(dataset_, variable_, {fault->position});
    }
  }

  // Range and NaN share: of a dimension coordinate at once, of others if they can have one.
  void check_values() {
    const char* rule = rule_.range ? "range" : "nan_share";
    const std::string wanted = rule_.range ? wanted_range() : wanted_share();
    if (!has_measurable_values(variable_)) {
      return add(rule, wanted, fmt::format("values of type {}", variable_.type_name()));
    }
    if (!is_dimension_coordinate(variable_)) return;
    looking_at_values(rule, wanted, [&] { check(counts_of_coordinate()); });
  }

  RangeCount counts_of_coordinate() const {
    const Array stored = read_array(variable_);
    Packing packing = packing_of(variable_);
    // As for all coordinates: a Zarr v2 store's fill value is no proof that a value is missing.
    if (variable_.has_store_fill()) packing.missing.clear();
    Array values(packing.unpacked, stored.shape());
    unpack(packing, stored.view(), values.view());
    return count_range(values.view(), rounded_to(rule_.range.value_or(Bounds()), packing.unpacked));
  }

  // What the values themselves forbid to see is a violation; that they can't be reached is an
  // error.
  template <class Look>
  void looking_at_values(const char* rule, const std::string& wanted, const Look& look) {
    try {
      look();
    } catch (const Error& error) {
      if (!says_data_are_bad(error)) throw;
      add(rule, wanted, error.what());
    }
  }

  std::string wanted_range() const {
    return fmt::format("{} to {}", format_double(rule_.range->least),
                       format_double(rule_.range->greatest));
  }
  std::string wanted_share() const {
    return fmt::format("at most {}", format_double(*rule_.nan_share));
  }

  void add_outside(const RangeCount& counts) {
    add("range", wanted_range(),
        fmt::format("{} of {} values outside, the first is {}; they go from {} to {}",
                    format_count(counts.outside), format_count(counts.count),
                    format_double(counts.first_value), format_double(counts.minimum),
                    format_double(counts.maximum)));
    give_place(counts.first_outside, counts.outside);
  }

  void check_share(const RangeCount& counts) {
    const std::int64_t all = counts.count + counts.missing;
    if (all == 0) return;
    const double share = static_cast<double>(counts.missing) / static_cast<double>(all);
    if (share <= *rule_.nan_share) return;
    add("nan_share", wanted_share(),
        fmt::format("{:.6g}: {} of {} values are missing", share, format_count(counts.missing),
                    format_count(all)));
    give_place(counts.first_missing, counts.missing);
  }

  void give_place(std::int64_t place, std::int64_t count) {
    violations_.back().where =
        where_at(dataset_, variable_, index_of_place(variable_.shape, place));
    violations_.back().count = count;
  }

  const Dataset& dataset_;
  const VariableRule& rule_;
  const Variable& variable_;
  std::vector<Violation>& violations_;
};

// Dimensions of that path: there may be one in the group, and it is as long as it says.
const Dimension* find_dimension(const Dataset& dataset, const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string group = slash == std::string::npos ? "" : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  for (const Group& candidate : dataset.groups) {
    if (candidate.path != group) continue;
    for (const Dimension& dimension : candidate.dimensions) {
      if (dimension.name == name) return &dimension;
    }
  }
  return nullptr;
}

std::vector<std::string> dimension_paths(const Dataset& dataset) {
  std::vector<std::string> paths;
  for (const Group& group : dataset.groups) {
    for (const Dimension& dimension : group.dimensions) {
      paths.push_back(group.path.empty() ? dimension.name : group.path + "/" + dimension.name);
    }
  }
  return paths;
}

void check_dimension(const Dataset& dataset, const DimensionRule& rule,
                     std::vector<Violation>& violations) {
  const auto add = [&](const char* name, std::string wanted, std::string found) {
    violations.push_back(
        {Violation::Of::dimension, rule.path, name, std::move(wanted), std::move(found)});
  };
  const Dimension* found = find_dimension(dataset, rule.path);
  if (found == nullptr) {
    return add("required", "a dimension of this name",
               kNothing + did_you_mean(rule.path, dimension_paths(dataset)));
  }
  if (rule.length && !rule.length->allows(found->size)) {
    add("size", length_text(*rule.length), fmt::format("{}", found->size));
  }
  if (rule.is_unlimited && *rule.is_unlimited != found->is_unlimited) {
    add("unlimited", *rule.is_unlimited ? "true" : "false", found->is_unlimited ? "true" : "false");
  }
}

void check_root(const Dataset& dataset, const Schema& schema, std::vector<Violation>& violations) {
  for (const AttributeRule& wanted : schema.attributes) {
    const AttributeValue* found = dataset.groups.at(0).attributes.find(wanted.name);
    if (found != nullptr && is_wanted(wanted.value, *found)) continue;
    violations.push_back({Violation::Of::root, "", "attributes." + wanted.name,
                          wanted_text(wanted.value), attribute_text(found)});
  }
}

void check_variable(const Dataset& dataset, const VariableRule& rule,
                    std::vector<Violation>& violations) {
  if (const Variable* variable = dataset.find(rule.path)) {
    return VariableCheck(dataset, rule, *variable, violations).run();
  }
  if (!rule.is_required) return;
  violations.push_back({Violation::Of::variable, rule.path, "required", "a variable of this name",
                        kNothing + did_you_mean(rule.path, dataset.variable_paths())});
}

void check_extra(const Dataset& dataset, const Schema& schema, std::vector<Violation>& violations) {
  if (!schema.refuses_extra_variables) return;
  for (const Variable& variable : dataset.variables) {
    const std::string path = variable.path();
    if (schema.find(path) != nullptr) continue;
    violations.push_back({Violation::Of::variable, path, "extra_variables",
                          "no variable that the schema lacks", "it is there"});
  }
}

// ", at (3, 4), time 2000-01-04"
std::string place_text(const Json& where) {
  std::vector<std::string> indices;
  for (const Json& index : where["index"]) indices.push_back(index.dump());
  std::string text = fmt::format(", at ({})", join(indices, ", "));
  for (const auto& [dimension, label] : where["labels"].items()) {
    text += fmt::format(", {} {}", dimension, label.get<std::string>());
  }
  return text;
}

}  // namespace

Json violation_json(const Violation& violation) {
  const bool is_dimension = violation.of == Violation::Of::dimension;
  Json item{{is_dimension ? "dimension" : "variable", violation.name},
            {"rule", violation.rule},
            {"wanted", violation.wanted},
            {"found", violation.found},
            {"where", violation.where}};
  if (violation.count) item["count"] = *violation.count;
  return item;
}

std::string violation_text(const Json& violation) {
  const auto text = [&](const char* member) { return violation[member].get<std::string>(); };
  std::string subject =
      violation.contains("dimension") ? "dimension " + text("dimension") : text("variable");
  if (!subject.empty()) subject += ": ";
  return fmt::format("{}{}: wanted {}, found {}{}", subject, text("rule"), text("wanted"),
                     text("found"),
                     violation["where"].is_null() ? "" : place_text(violation["where"]));
}

std::vector<Violation> check_metadata(const Dataset& dataset, const Schema& schema) {
  std::vector<Violation> violations;
  for (const DimensionRule& rule : schema.dimensions) check_dimension(dataset, rule, violations);
  for (const VariableRule& rule : schema.variables) check_variable(dataset, rule, violations);
  check_root(dataset, schema, violations);
  check_extra(dataset, schema, violations);
  return violations;
}

std::vector<Violation> check_counts(const Dataset& dataset, const Variable& variable,
                                    const VariableRule& rule, const RangeCount& counts) {
  std::vector<Violation> violations;
  VariableCheck(dataset, rule, variable, violations).check(counts);
  return violations;
}

bool has_measurable_values(const Variable& variable) {
  if (!reason_unreadable(variable).empty()) return false;
  const Json document = variable.zarr ? variable.zarr->document : Json();
  if (!document.is_null() && is_time_document(document)) return false;
  return variable.type.is_real() || variable.type.kind == ScalarKind::boolean;
}

std::string reason_unreadable(const Variable& variable) {
  for (const char* kind : {"damaged", "unsupported"}) {
    const auto reason = variable.encoding.find(kind);
    if (reason != variable.encoding.end() && reason->is_string()) return reason->get<std::string>();
  }
  return "";
}

bool says_data_are_bad(const Error& error) noexcept {
  return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::invalid ||
         error.kind() == ErrorKind::unsupported;
}

}  // namespace gridmill
