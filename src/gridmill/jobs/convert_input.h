// convert_input.h: the inputs of a conversion, opened, joined, checked and cut to what was
// selected.
#pragma once

#include <memory>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/convert.h"

namespace gridmill {

// What a plan's fields call the inputs.
inline constexpr const char* kInputDataset = "input";

struct ConvertInput {
  Dataset dataset;           // joined and reduced; shapes are the sources' own
  Dataset selected;          // the same with the shapes of the selected regions
  std::vector<Box> regions;  // per variable, in dataset's coordinates

  // The selected values of variable i.
  std::shared_ptr<const Source> field(std::size_t i) const;
};

// Throws what opening, joining and checking throw; Error(conflict) if `output` is one of the inputs
// or inside one, or holds one; Error(not_found) if nothing is left.
ConvertInput open_convert_input(const ConvertOptions& options, const Workplace& workplace);

}  // namespace gridmill
