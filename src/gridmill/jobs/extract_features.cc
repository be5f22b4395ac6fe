#include "gridmill/jobs/extract_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/field/feature_field.h"
#include "gridmill/field/feature_functions.h"
#include "gridmill/jobs/labels.h"

namespace gridmill {
namespace {

std::string named(const RequestedFeature& feature) {
  return fmt::format("feature {} ({})", feature.name, feature.origin);
}

// The one dimension of the rows that holds times; null if there are none or several.
const RowDimension* times_of(const ExtractInput& input) {
  const RowDimension* found = nullptr;
  for (const RowDimension& row : input.rows) {
    if (!row.is_time) continue;
    if (found != nullptr) return nullptr;
    found = &row;
  }
  return found;
}

std::shared_ptr<const FeatureAxis> axis_of_rows(const ExtractInput& input) {
  const RowDimension* const row = times_of(input);
  if (row == nullptr) return nullptr;
  const Variable* coordinate = find_dimension_coordinate(input.dataset, row->group, row->name);
  const auto units = coordinate == nullptr ? std::nullopt : decodable_times(*coordinate);
  if (!units) return nullptr;
  const Array values = read_array(*coordinate, Box{{row->begin}, {row->size * row->segment}});
  ArrayView of_rows = values.view();  // of a segment its first time
  of_rows.shape[0] = row->size;
  of_rows.strides[0] *= row->segment;
  return std::make_shared<FeatureAxis>(row->name, units->calendar(), decode_times(*units, of_rows));
}

FeatureSurroundings surroundings_of(const ExtractInput& input,
                                    const std::vector<ExtractVariable>& read) {
  FeatureSurroundings surroundings;
  for (const RowDimension& row : input.rows) {
    surroundings.dimensions.push_back(row.name);
    surroundings.shape.push_back(row.size);
  }
  for (const SpreadDimension& spread : input.spread) {  // of groups: alike
    auto& known = surroundings.dimensions;
    if (std::find(known.begin(), known.end(), spread.name) != known.end()) continue;
    known.push_back(spread.name);
    surroundings.shape.push_back(spread.size);
  }
  surroundings.axis = axis_of_rows(input);
  surroundings.names = input.dataset.variable_paths();
  surroundings.variable = [&](const std::string& name) -> std::optional<FeatureVariable> {
    const Variable* const variable = feature_variable(input.dataset, name);
    for (const ExtractVariable& known : read) {
      if (known.variable == variable) return FeatureVariable{known.values, known.units};
    }
    return std::nullopt;
  };
  return surroundings;
}

// The table has columns of these names already.
void check_column_names(const std::vector<ParsedFeature>& features, const ExtractInput& input) {
  std::set<std::string> taken;
  if (input.has_points()) taken = {"name", "lat", "lon", "grid_lat", "grid_lon"};
  for (const RowDimension& row : input.rows) taken.insert(row.name);
  for (const ParsedFeature& feature : features) {
    if (!taken.contains(feature.asked.name)) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("{}: the table has another column of this name", named(feature.asked)));
  }
}

ExtractVariable column_of(const RequestedFeature& asked, const Feature& feature) {
  ExtractVariable column;
  column.column = asked.name;
  column.values = feature.field;
  column.units = feature.units;
  column.description = asked.description;
  column.expression = asked.expression;
  return column;
}

}  // namespace

std::vector<ParsedFeature> parse_features(const ExtractOptions& options, Files& files) {
  std::vector<RequestedFeature> asked;
  for (const std::string& text : options.features) asked.push_back(parse_feature_option(text));
  if (!options.features_file.empty()) {
    const auto more = read_features(files, options.features_file);
    asked.insert(asked.end(), more.begin(), more.end());
  }
  if (!asked.empty() && !options.variables.empty()) {
    throw Error(ErrorKind::invalid,
                "features name the variables that they read: leave out --variables");
  }
  check_distinct(asked);
  std::vector<ParsedFeature> features;
  for (RequestedFeature& feature : asked) {
    ExpressionPtr expression = in_context([&] { return named(feature); },
                                          [&] {
                                            ExpressionPtr parsed =
                                                parse_feature(feature.expression);
                                            check_calls(*parsed);
                                            return parsed;
                                          });
    features.push_back({std::move(feature), std::move(expression)});
  }
  return features;
}

AskedVariables asked_variables(const ExtractOptions& options,
                               const std::vector<ParsedFeature>& features) {
  AskedVariables asked{options.variables, {}, {}};
  if (!options.schema.empty() || (features.empty() && options.variables.empty())) return {};
  const auto add = [&](const Expression& expression) {
    for (const NameInText& name : names_in(expression)) {
      (is_feature_constant(name.name) ? asked.optional : asked.names).push_back(name.name);
    }
  };
  for (const ParsedFeature& feature : features) add(*feature.expression);
  if (!options.method.mask.empty()) {
    try {
      add(*parse_feature(options.method.mask));
    } catch (const Error&) {
      return {};  // a name that is no expression; what is wrong is told where the mask is made
    }
  }
  if (!options.method.mask_valid.empty()) asked.names.push_back(options.method.mask_valid);
  if (!options.along.empty()) asked.optional.push_back(options.along);
  return asked;
}

const Variable* feature_variable(const Dataset& dataset, const std::string& name) {
  if (const Variable* variable = dataset.find(name)) return variable;
  std::vector<const Variable*> found;
  for (const Variable& variable : dataset.variables) {
    if (variable.name == name) found.push_back(&variable);
  }
  if (found.size() <= 1) return found.empty() ? nullptr : found.front();
  std::vector<std::string> paths;
  for (const Variable* variable : found) paths.push_back("\"" + variable->path() + "\"");
  throw Error(ErrorKind::invalid, fmt::format("several variables are called {}: write one of {}",
                                              name, join(paths, ", ")));
}

std::vector<const Variable*> variables_of(const std::vector<ParsedFeature>& features,
                                          const Dataset& dataset) {
  std::vector<const Variable*> variables;
  for (const ParsedFeature& feature : features) {
    in_context([&] { return named(feature.asked); },
               [&] {
                 for (const NameInText& name : names_in(*feature.expression)) {
                   const Variable* variable = feature_variable(dataset, name.name);
                   if (variable == nullptr && is_feature_constant(name.name)) continue;
                   if (variable == nullptr) refuse_unknown(name, dataset.variable_paths());
                   const bool is_new =
                       std::find(variables.begin(), variables.end(), variable) == variables.end();
                   if (is_new) variables.push_back(variable);
                 }
               });
  }
  if (variables.empty()) {
    throw Error(ErrorKind::invalid,
                "the features name no variable: at least one must lie on a grid");
  }
  return variables;
}

namespace {

// CF: a variable itself may hold differences, or spreads.
bool is_of_differences(const Variable& variable) {
  const std::string_view methods = variable.attributes.text("cell_methods");
  const auto has = [&](std::string_view word) { return methods.find(word) != methods.npos; };
  return variable.attributes.text("units_metadata").find("difference") != std::string_view::npos ||
         has("standard_deviation") || has("range") || has("variance");
}

void check_offset(const ParsedFeature& feature, const Feature& made, const Dataset& dataset) {
  if (!made.has_offset) return;
  for (const NameInText& name : names_in(*feature.expression)) {
    const Variable* const variable = feature_variable(dataset, name.name);
    if (variable == nullptr || !is_of_differences(*variable)) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("{} holds differences or spreads, by its attributes, and the units "
                            "count from another zero ({}): convert by number(x), which is x "
                            "without its units",
                            name.name, made.conversion));
  }
}

}  // namespace

void make_feature_columns(const std::vector<ParsedFeature>& features, ExtractInput& input) {
  check_column_names(features, input);
  const std::vector<ExtractVariable> read = std::move(input.variables);
  input.variables.clear();
  const FeatureSurroundings surroundings = surroundings_of(input, read);
  std::set<std::string> noted;
  for (const ParsedFeature& feature : features) {
    in_context([&] { return named(feature.asked); },
               [&] {
                 const Feature made =
                     make_feature(feature.asked.expression, surroundings, feature.asked.units);
                 check_offset(feature, made, input.dataset);
                 input.variables.push_back(column_of(feature.asked, made));
                 for (const std::string& note : made.notes) {
                   if (noted.insert(note).second) input.dataset.notes.push_back(note);
                 }
                 if (made.conversion.empty()) return;
                 input.dataset.notes.push_back(
                     fmt::format("feature {}: {}", feature.asked.name, made.conversion));
               });
  }
}

}  // namespace gridmill
