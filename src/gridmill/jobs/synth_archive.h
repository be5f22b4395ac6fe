// synth_archive.h: what a synthetic archive holds: variables, extents that make up a size, and the
// recipe of each variable's values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/field/synthetic_field.h"
#include "gridmill/jobs/planted_defects.h"
#include "gridmill/jobs/synth.h"

namespace gridmill {

struct SynthArchive {
  Dataset dataset;                       // variables without blocks
  std::vector<SyntheticRecipe> recipes;  // beside dataset.variables
  std::vector<std::string> chunks;       // as --chunks would have them; empty: the default's
  std::string why_chunks;                // a sentence for those of the large variables
  std::vector<std::string> corrupt;      // arrays whose chunks `corrupt` is for
};

// Throws Error(invalid) for a layout or calendar that is none, and a size that the layout can't
// come within a tenth of. Defects are planted into the recipes and told to `defects`.
SynthArchive synth_archive(const SynthOptions& options, PlantedDefects& defects);

}  // namespace gridmill
