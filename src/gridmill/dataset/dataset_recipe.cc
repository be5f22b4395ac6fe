#include "gridmill/dataset/dataset_recipe.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/selection.h"

namespace gridmill {
namespace {

constexpr std::string_view kWhere = "a dataset of the plan";

std::vector<std::string> texts(const Json& json, std::string_view name) {
  std::vector<std::string> list;
  for (const Json& text : json_member(json, name, kWhere)) {
    if (!text.is_string()) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a list of texts", kWhere, name));
    }
    list.push_back(text.get<std::string>());
  }
  return list;
}

}  // namespace

Json recipe_to_json(const DatasetRecipe& recipe) {
  return {{"inputs", recipe.inputs}, {"variables", recipe.variables}, {"drop", recipe.drop}};
}

DatasetRecipe recipe_from_json(const Json& json) {
  return {texts(json, "inputs"), texts(json, "variables"), texts(json, "drop")};
}

Dataset open_inputs(Files& files, const std::vector<std::string>& locations,
                    GribIndexUse grib_index) {
  if (locations.empty()) throw Error(ErrorKind::invalid, "no input is given");
  std::vector<Dataset> inputs;
  for (const std::string& text : locations) {
    inputs.push_back(open_dataset(files, parse_location(text), grib_index));
  }
  return inputs.size() == 1 ? std::move(inputs[0]) : concatenate(std::move(inputs));
}

Dataset open_recipe(Files& files, const DatasetRecipe& recipe) {
  return select_variables(open_inputs(files, recipe.inputs, recipe.grib_index), recipe.variables,
                          recipe.drop);
}

}  // namespace gridmill
