// extract_features.h: the features of a table: which variables they read, and the columns that they
// become.
#pragma once

#include <vector>

#include "gridmill/dataset/selection.h"
#include "gridmill/field/feature_text.h"
#include "gridmill/jobs/extract_input.h"
#include "gridmill/jobs/feature_file.h"

namespace gridmill {

struct ParsedFeature {
  RequestedFeature asked;
  ExpressionPtr expression;
};

// --feature and --features of `options`, in this order; none if neither is given. Throws
// Error(invalid) for what doesn't parse and for calls of no function, naming the feature, and for
// --variables beside them.
std::vector<ParsedFeature> parse_features(const ExtractOptions& options, Files& files);

// The variables that a table reads, by their names: those of --variables, or of the features, and
// of the mask. None if all are, or if a schema is to look at all.
AskedVariables asked_variables(const ExtractOptions& options,
                               const std::vector<ParsedFeature>& features);

// What a name in an expression means: a path, or a name that one variable alone has; null if none
// does. Throws Error(invalid) if several do.
const Variable* feature_variable(const Dataset& dataset, const std::string& name);

// The variables that the features name, each once. Throws Error(not_found) for a name that none
// has.
std::vector<const Variable*> variables_of(const std::vector<ParsedFeature>& features,
                                          const Dataset& dataset);

// Replaces input.variables, which the features read, by the features. What is not checked since
// units are unknown, and what is converted, is added to the dataset's notes. Throws as
// make_feature(), naming the feature.
void make_feature_columns(const std::vector<ParsedFeature>& features, ExtractInput& input);

}  // namespace gridmill
