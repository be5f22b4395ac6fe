// schema_gate.h: --schema of the verbs that read inputs: what the inputs should be like is settled
// before their chunks are.
//
// What is checked are the inputs as they are, joined, before --variables, --drop and selections
// take a part of them: metadata and coordinates, as check_metadata() does (jobs/check_schema.h).
// Ranges and NaN shares of fields are left to `gridmill check`, which a note says.
#pragma once

#include <string>

#include "gridmill/dataset/dataset_recipe.h"

namespace gridmill {

// `schema` is a file; "": there is no gate. The note goes to dataset.notes. Throws Error(corrupt)
// that names every violation, and what load_schema() throws.
void pass_schema_gate(const std::string& schema, Dataset& dataset, Files& files);

// open_recipe() through the gate.
Dataset open_gated(Files& files, const DatasetRecipe& recipe, const std::string& schema);

}  // namespace gridmill
