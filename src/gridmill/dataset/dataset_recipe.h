// dataset_recipe.h: how to come by a dataset: inputs to open and join, variables to keep.
//
// A plan names its datasets in this way, so that any process can open the same ones.
#pragma once

#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {

struct DatasetRecipe {
  std::vector<std::string> inputs;     // locations as typed; several are joined
  std::vector<std::string> variables;  // names or globs to keep (select_variables); empty: all
  std::vector<std::string> drop;
  // Of the process that opens, not of the data: no plan holds it.
  GribIndexUse grib_index = GribIndexUse::read;
  std::shared_ptr<InputCache> cache = nullptr;  // likewise
};

Json recipe_to_json(const DatasetRecipe& recipe);
DatasetRecipe recipe_from_json(const Json& json);  // Error(corrupt)

// Throws Error(invalid) without inputs, and what opening, joining and selecting throw.
Dataset open_recipe(Files& files, const DatasetRecipe& recipe);

// Kept GRIB indexes (NAME.gmindex) among several inputs are no data: the others. All of them, if
// they are nothing else.
std::vector<std::string> without_indexes(const std::vector<std::string>& locations);

// Says in the notes that only `kept` of the locations were opened, if that is so.
void note_passed_over(const std::vector<std::string>& locations, std::size_t kept,
                      Dataset& dataset);

// Only opened and joined, without_indexes; that some were passed over is a note. What is joined is
// what will be asked (keep_asked; null: all); of one input all is there.
Dataset open_inputs(Files& files, const std::vector<std::string>& locations,
                    GribIndexUse grib_index = GribIndexUse::read,
                    const std::shared_ptr<InputCache>& cache = nullptr,
                    AskedVariables* asked = nullptr);

}  // namespace gridmill
