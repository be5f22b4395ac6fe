#include "gridmill/jobs/schema_gate.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/jobs/check_schema.h"

namespace gridmill {
namespace {

void refuse_violations(const std::string& path, const Dataset& dataset,
                       const std::vector<Violation>& violations) {
  std::vector<std::string> lines;
  for (const Violation& violation : violations) {
    lines.push_back(violation_text(violation_json(violation)));
  }
  throw Error(
      ErrorKind::corrupt,
      fmt::format("{} is not as the schema {} wants it, in {} {}: {}", dataset.location, path,
                  lines.size(), lines.size() == 1 ? "place" : "places", join(lines, "; ")));
}

// The variables whose values the gate doesn't look at.
std::vector<std::string> unchecked_values(const Schema& schema, const Dataset& dataset) {
  std::vector<std::string> paths;
  for (const VariableRule& rule : schema.variables) {
    const Variable* variable = dataset.find(rule.path);
    if (!rule.has_value_rules() || variable == nullptr) continue;
    if (!is_dimension_coordinate(*variable)) paths.push_back(rule.path);
  }
  return paths;
}

void pass_gate_of(const Schema& schema, const std::string& path, Dataset& dataset) {
  const std::vector<Violation> violations = check_metadata(dataset, schema);
  if (!violations.empty()) refuse_violations(path, dataset, violations);
  const std::vector<std::string> unchecked = unchecked_values(schema, dataset);
  if (unchecked.empty()) return;
  dataset.notes.push_back(
      fmt::format("--schema {}: ranges and NaN shares of {} are not checked here; gridmill check "
                  "reads the values",
                  path, join(unchecked, ", ")));
}

}  // namespace

void pass_schema_gate(const std::string& schema, Dataset& dataset, Files& files) {
  if (!schema.empty()) pass_gate_of(load_schema(schema, files), schema, dataset);
}

Dataset open_gated(Files& files, const DatasetRecipe& recipe, const std::string& schema) {
  if (schema.empty()) return open_recipe(files, recipe);
  const Schema rules = load_schema(schema, files);  // a slip in it is told before inputs are opened
  Dataset dataset = open_inputs(files, recipe.inputs, recipe.grib_index);
  pass_gate_of(rules, schema, dataset);
  return select_variables(dataset, recipe.variables, recipe.drop);
}

}  // namespace gridmill
