// convert_input.h: the inputs of a conversion, opened, joined, checked and cut to what was
// selected.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/pack.h"
#include "gridmill/field/sources.h"
#include "gridmill/jobs/convert.h"

namespace gridmill {

// What a plan's fields call the inputs.
inline constexpr const char* kInputDataset = "input";

struct ConvertInput {
  Dataset dataset;           // joined and reduced; shapes are the sources' own
  Dataset selected;          // the same with the shapes of the selected regions, packed
  std::vector<Box> regions;  // per variable, in dataset's coordinates
  std::vector<std::optional<PackingCodes>> packings;  // per variable; empty: none (pack_choice.h)

  // The selected part of variable i as it is stored.
  std::shared_ptr<const Source> source(std::size_t i) const;
  // What is written of it: packed, if it is to be.
  FieldPtr field(std::size_t i) const;
  // What its numbers mean, which is what is packed.
  FieldPtr values(std::size_t i) const;
  std::optional<PackingCodes> packing(std::size_t i) const;
};

// Throws what opening, joining and checking throw; Error(conflict) if `output` is one of the inputs
// or inside one, or holds one; Error(not_found) if nothing is left. What is to be packed into a
// range that nobody has given is read for it, but for a dry run.
ConvertInput open_convert_input(const ConvertOptions& options, const Workplace& workplace);

}  // namespace gridmill
