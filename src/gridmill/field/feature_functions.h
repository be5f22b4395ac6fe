// feature_functions.h: the functions of the language of features.
#pragma once

#include <string>
#include <vector>

#include "gridmill/field/feature_compile.h"

namespace gridmill {

// Throws Error(invalid) for an unknown function, with what is near, for arguments that are missing
// or too many, and for what its arguments can't be.
TypedNode feature_call(FeatureCompiler& compiler, const Expression& call);

// In the order of the documentation: "quantile(x, q, w, least)".
std::vector<std::string> feature_signatures();

}  // namespace gridmill
