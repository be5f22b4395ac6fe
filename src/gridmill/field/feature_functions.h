// feature_functions.h: the functions of the language of features.
#pragma once

#include <string>
#include <vector>

#include "gridmill/field/feature_compile.h"

namespace gridmill {

// Throws Error(invalid) for an unknown function, with what is near, for arguments that are missing
// or too many, and for what its arguments can't be.
TypedNode feature_call(FeatureCompiler& compiler, const Expression& call);

// Throws what feature_call() does before it looks at any argument, for all calls in an expression:
// there is no dataset needed for it.
void check_calls(const Expression& expression);

// In the order of the documentation: "quantile(x, q, w, least)".
std::vector<std::string> feature_signatures();

}  // namespace gridmill
