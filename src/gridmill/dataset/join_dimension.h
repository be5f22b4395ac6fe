// join_dimension.h: along which dimension inputs are joined, if nobody says so: the one whose
// coordinate differs between them.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/join.h"
#include "gridmill/dataset/join_sources.h"

namespace gridmill {

// Files of one time each have it as a scalar: in those that a source is made of it becomes a
// dimension, as concatenate() has it.
void promote_scalars(std::vector<SourceInput>& inputs, const NamedSource& source);

// "": they are joined as concatenate() does. Throws Error(invalid) if a dimension is named, and
// the inputs of a source hold different variables.
std::string dimension_to_join(const std::vector<SourceInput>& inputs,
                              const std::vector<NamedSource>& sources, const JoinRequest& request);

}  // namespace gridmill
