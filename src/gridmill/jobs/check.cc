#include "gridmill/jobs/check.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/jobs/check_schema.h"
#include "gridmill/jobs/value_pass.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

class SchemaCheck {
 public:
  SchemaCheck(const CheckOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        schema_(load_schema(options.schema, workplace.files)),
        dataset_(open_inputs(workplace.files, options.inputs, options.grib_index)) {}

  Json run() {
    const std::int64_t start_ns = workplace_.clock.monotonic_ns();
    violations_ = check_metadata(dataset_, schema_);
    ask();
    check_values();
    Json violations = Json::array();
    for (const Violation& violation : violations_) violations.push_back(violation_json(violation));
    return {{"inputs", options_.inputs},
            {"schema", options_.schema},
            {"ok", violations_.empty()},
            {"violations", std::move(violations)},
            {"checked", what_was_checked()},
            {"bytes_read", pass_.bytes_read},
            {"seconds", seconds_of(workplace_.clock.monotonic_ns() - start_ns)},
            {"peak_memory", peak_resident_memory()},
            {"notes", dataset_.notes}};
  }

 private:
  // Whose values must be read: those that have a rule of values and aren't coordinates, which have
  // been looked at.
  void ask() {
    for (const VariableRule& rule : schema_.variables) {
      const Variable* variable = dataset_.find(rule.path);
      if (!rule.has_value_rules() || variable == nullptr) continue;
      if (is_dimension_coordinate(*variable) || !has_measurable_values(*variable)) continue;
      questions_.push_back({variable, rule.range.value_or(Bounds())});
      rules_.push_back(&rule);
    }
  }

  void check_values() {
    try {
      pass_ =
          count_values(questions_, "checking " + dataset_.location, options_.resources, workplace_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      violations_.push_back(
          {Violation::Of::root, "", "readable", "chunks that can be decoded", error.what()});
      return;
    }
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      for (Violation& violation :
           check_counts(dataset_, *questions_[i].variable, *rules_[i], pass_.counts[i])) {
        violations_.push_back(std::move(violation));
      }
    }
  }

  Json what_was_checked() const {
    Json values_of = Json::array();
    for (const ValueQuestion& question : questions_) {
      values_of.push_back(question.variable->path());
    }
    return {{"rules", count_rules(schema_)},
            {"dimensions", schema_.dimensions.size()},
            {"variables", schema_.variables.size()},
            {"values", pass_.values},
            {"values_of", std::move(values_of)}};
  }

  const CheckOptions& options_;
  const Workplace& workplace_;
  const Schema schema_;
  const Dataset dataset_;
  std::vector<Violation> violations_;
  std::vector<ValueQuestion> questions_;
  std::vector<const VariableRule*> rules_;  // of each question
  ValuePass pass_;
};

}  // namespace

Json check(const CheckOptions& options, const Workplace& workplace) {
  return SchemaCheck(options, workplace).run();
}

std::string check_text(const Json& report) {
  const std::size_t count = report["violations"].size();
  const Json& checked = report["checked"];
  std::vector<std::string> inputs;
  for (const Json& input : report["inputs"]) inputs.push_back(input.get<std::string>());
  const std::string read =
      fmt::format("{} rules, {} values read", format_count(checked["rules"].get<std::int64_t>()),
                  format_count(checked["values"].get<std::int64_t>()));
  std::string text =
      fmt::format("{}: {} ({})\n", join(inputs, ", "),
                  count == 0 ? "as the schema wants it"
                             : fmt::format("{} {}", count, count == 1 ? "violation" : "violations"),
                  read);
  for (const Json& violation : report["violations"]) {
    text += "  WRONG " + violation_text(violation) + "\n";
  }
  for (const Json& note : report["notes"]) text += "  note: " + note.get<std::string>() + "\n";
  return text;
}

}  // namespace gridmill
