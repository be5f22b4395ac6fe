// dataset_recipe.h: how to come by a dataset: inputs to open and join, variables to keep.
//
// A plan names its datasets in this way, so that any process can open the same ones.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

struct DatasetRecipe {
  std::vector<std::string> inputs;     // locations as typed; several are joined
  std::vector<std::string> variables;  // names or globs to keep (select_variables); empty: all
  std::vector<std::string> drop;
  // Of the process that opens, not of the data: no plan holds it.
  GribIndexUse grib_index = GribIndexUse::read;
};

Json recipe_to_json(const DatasetRecipe& recipe);
DatasetRecipe recipe_from_json(const Json& json);  // Error(corrupt)

// Throws Error(invalid) without inputs, and what opening, joining and selecting throw.
Dataset open_recipe(Files& files, const DatasetRecipe& recipe);

// Kept GRIB indexes (NAME.gmindex) among several inputs are no data: the others. All of them, if
// they are nothing else.
std::vector<std::string> without_indexes(const std::vector<std::string>& locations);

// Only opened and joined, without_indexes; that some were passed over is a note.
Dataset open_inputs(Files& files, const std::vector<std::string>& locations,
                    GribIndexUse grib_index = GribIndexUse::read);

}  // namespace gridmill
