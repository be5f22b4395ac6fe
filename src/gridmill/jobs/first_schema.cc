#include "gridmill/jobs/first_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/dataset/cf_time.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/packing.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/jobs/axis_faults.h"
#include "gridmill/jobs/check_schema.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/value_pass.h"

namespace gridmill {
namespace {

// n * 10^exponent, as short in decimals as it can be: n is whole.
double in_decimals(double n, int exponent) {
  return exponent < 0 ? n / std::pow(10.0, -exponent) : n * std::pow(10.0, exponent);
}

// The least multiple of 10^exponent that is not below `value`; `value` if it has no such neighbour.
double rounded_up(double value, int exponent) {
  const double n = std::ceil(in_decimals(value, -exponent));
  const double rounded = in_decimals(n, exponent);
  if (rounded >= value) return rounded;
  const double next = in_decimals(n + 1, exponent);
  return next >= value ? next : value;
}

// A tenth of the span, or of the value where all are the same, further up; in two digits.
double widened_up(double greatest, double span) {
  if (std::isinf(greatest)) return greatest;
  const double more = greatest + span / 10;
  const double reach = std::isfinite(span) ? 1.2 * span : std::abs(greatest);
  if (!(reach > 0) || std::isinf(reach)) return greatest;
  const int exponent = static_cast<int>(std::floor(std::log10(reach))) - 1;
  const double end = rounded_up(std::isfinite(more) ? more : greatest, exponent);
  if (!(end >= greatest)) return greatest;
  return greatest <= 0 ? std::min(end, 0.0) : end;
}

std::string quoted_line(const std::string& text) { return dump_json(Json(text), -1); }

std::string text_attribute(const Variable& variable, const char* name) {
  return std::string(variable.attributes.text(name));
}

class SchemaMaker {
 public:
  SchemaMaker(const FirstSchemaOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        dataset_(open_inputs(workplace.files, options.inputs, options.grib_index)) {}

  Json run() {
    add_dimensions();
    add_variables();
    if (options_.values) add_values();
    const std::string yaml = schema_to_yaml(schema_, remarks());
    save(yaml);
    return {{"inputs", options_.inputs},
            {"output", options_.output},
            {"yaml", yaml},
            {"dimensions", schema_.dimensions.size()},
            {"variables", schema_.variables.size()},
            {"rules", count_rules(schema_)},
            {"left_out", left_out_},
            {"bytes_read", bytes_read_},
            {"notes", dataset_.notes}};
  }

 private:
  bool grows(const Group& group, const Dimension& dimension) const {
    if (dimension.is_unlimited) return true;
    const Variable* coordinate = find_dimension_coordinate(dataset_, group.path, dimension.name);
    return coordinate != nullptr && is_time_units(coordinate->attributes.text("units"));
  }

  void add_dimensions() {
    std::set<std::string> seen;
    for (const Group& group : dataset_.groups) {
      for (const Dimension& dimension : group.dimensions) {
        DimensionRule rule;
        rule.path = group.path.empty() ? dimension.name : group.path + "/" + dimension.name;
        rule.length = LengthRule{dimension.size, dimension.size};
        if (grows(group, dimension)) {
          rule.length = LengthRule{std::min<std::int64_t>(1, dimension.size), std::nullopt};
        }
        if (seen.insert(rule.path).second) schema_.dimensions.push_back(std::move(rule));
      }
    }
  }

  void leave_out(const Variable& variable, const std::string& why) {
    left_out_.push_back({{"variable", variable.path()}, {"why", why}});
  }

  void add_variables() {
    std::set<std::string> seen;
    for (const Variable& variable : dataset_.variables) {
      const std::string unreadable = reason_unreadable(variable);
      if (!unreadable.empty()) {
        leave_out(variable, unreadable);
      } else if (seen.insert(variable.path()).second) {
        schema_.variables.push_back(rule_of(variable));
      }
    }
  }

  VariableRule rule_of(const Variable& variable) {
    VariableRule rule;
    rule.path = variable.path();
    rule.types = {variable.type_name()};
    rule.dimensions = variable.dimensions;
    if (has_text(variable, "units")) rule.units = {text_attribute(variable, "units")};
    if (has_text(variable, "standard_name")) {
      rule.standard_names = {text_attribute(variable, "standard_name")};
    }
    if (has_text(variable, "calendar")) {
      rule.attributes.push_back({"calendar", text_attribute(variable, "calendar")});
    }
    const bool has_order = is_dimension_coordinate(variable) && variable.shape[0] > 1;
    if (has_order) add_order(variable, rule);
    return rule;
  }

  static bool has_text(const Variable& variable, const char* name) {
    const AttributeValue* value = variable.attributes.find(name);
    return value != nullptr && value->is_text();
  }

  void add_order(const Variable& variable, VariableRule& rule) {
    try {
      const Array values = read_array(variable);
      for (const Order order : {Order::strictly_increasing, Order::strictly_decreasing,
                                Order::increasing, Order::decreasing}) {
        if (rule.order || order_fault(variable, values, order)) continue;
        rule.order = order;
      }
      const bool is_said = rule.order && is_strict(*rule.order);
      rule.is_unique = !is_said && !duplicate_fault(variable, values);
    } catch (const Error& error) {
      if (!says_data_are_bad(error)) throw;
      leave_out(variable, fmt::format("its order: {}", error.what()));
    }
  }

  // What describes other variables (bounds, cell areas, positions) has no range of its own.
  std::set<std::string> paths_of_descriptions() const {
    std::set<std::string> paths;
    for (const Variable& variable : dataset_.variables) {
      for (const Variable* other : descriptions_of(dataset_, variable)) paths.insert(other->path());
    }
    return paths;
  }

  // float16 that is packed or masked is the one kind of numbers that nobody unpacks.
  static bool can_be_unpacked(const Variable& variable) {
    return variable.type != types::float16 || packing_of(variable).is_identity();
  }

  void add_values() {
    const std::set<std::string> descriptions = paths_of_descriptions();
    std::vector<ValueQuestion> questions;
    std::vector<VariableRule*> rules;
    for (VariableRule& rule : schema_.variables) {
      const Variable& variable = dataset_.at(rule.path);
      const bool is_field = !is_dimension_coordinate(variable) &&
                            !is_time_units(variable.attributes.text("units")) &&
                            !descriptions.contains(rule.path);
      if (!is_field || !has_measurable_values(variable) || !can_be_unpacked(variable)) continue;
      questions.push_back({&variable, Bounds()});
      rules.push_back(&rule);
    }
    const ValuePass pass =
        count_values(questions, "reading " + dataset_.location, options_.resources, workplace_);
    bytes_read_ = pass.bytes_read;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      add_found(*questions[i].variable, pass.counts[i], *rules[i]);
    }
  }

  static void add_found(const Variable& variable, const RangeCount& counts, VariableRule& rule) {
    // One value alone says nothing of what others may be.
    if (counts.minimum < counts.maximum) rule.range = widened({counts.minimum, counts.maximum});
    const std::int64_t all = counts.count + counts.missing;
    if (all == 0 || !packing_of(variable).unpacked.is_floating()) return;
    const double share = static_cast<double>(counts.missing) / static_cast<double>(all);
    rule.nan_share = std::clamp(std::ceil(share * 100) / 100, share, 1.0);
  }

  std::vector<std::string> remarks() const {
    std::vector<std::string> lines{"A schema that " + quoted_line(dataset_.location) + " meets.",
                                   "gridmill check IN --schema THIS_FILE says what doesn't."};
    for (const Json& item : left_out_) {
      lines.push_back(fmt::format("Left out: {}: {}",
                                  quoted_line(item["variable"].get<std::string>()),
                                  quoted_line(item["why"].get<std::string>())));
    }
    return lines;
  }

  void save(const std::string& yaml) const {
    if (options_.output.empty()) return;
    const auto file = write_file(workplace_.files, options_.output);
    file->append(as_bytes(yaml));
    (void)file->commit();
  }

  const FirstSchemaOptions& options_;
  const Workplace& workplace_;
  const Dataset dataset_;
  Schema schema_;
  Json left_out_ = Json::array();
  std::int64_t bytes_read_ = 0;
};

}  // namespace

Bounds widened(const Bounds& found) {
  double span = found.greatest - found.least;
  if (span == 0) span = found.greatest == 0 ? 1 : std::abs(found.greatest);
  Bounds wide{-widened_up(-found.least, span), widened_up(found.greatest, span)};
  if (wide.least == 0) wide.least = 0;  // not -0
  return wide;
}

Json first_schema(const FirstSchemaOptions& options, const Workplace& workplace) {
  if (!options.output.empty()) {
    check_output_file(workplace.files, options.output, options.overwrite, options.inputs);
  }
  return SchemaMaker(options, workplace).run();
}

}  // namespace gridmill
