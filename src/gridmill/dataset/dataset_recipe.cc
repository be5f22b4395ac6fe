#include "gridmill/dataset/dataset_recipe.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/open_many.h"
#include "gridmill/formats/grib_index_file.h"

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

std::string passed_over(const std::vector<std::string>& locations, std::size_t count) {
  const auto first = std::find_if(locations.begin(), locations.end(), [](const std::string& text) {
    return is_grib_index_path(parse_location(text).path);
  });
  if (count == 1) return fmt::format("{} is a kept GRIB index, no data; passed over", *first);
  return fmt::format("{} of the inputs are kept GRIB indexes, no data; passed over: {}, ...", count,
                     *first);
}

}  // namespace

Json recipe_to_json(const DatasetRecipe& recipe) {
  return {{"inputs", recipe.inputs}, {"variables", recipe.variables}, {"drop", recipe.drop}};
}

DatasetRecipe recipe_from_json(const Json& json) {
  return {texts(json, "inputs"), texts(json, "variables"), texts(json, "drop")};
}

std::vector<std::string> without_indexes(const std::vector<std::string>& locations) {
  std::vector<std::string> kept = locations;
  std::erase_if(
      kept, [](const std::string& text) { return is_grib_index_path(parse_location(text).path); });
  return kept.empty() ? locations : kept;
}

void note_passed_over(const std::vector<std::string>& locations, std::size_t kept,
                      Dataset& dataset) {
  if (kept == locations.size()) return;
  dataset.notes.push_back(passed_over(locations, locations.size() - kept));
}

Dataset open_inputs(Files& files, const std::vector<std::string>& locations,
                    GribIndexUse grib_index, const std::shared_ptr<InputCache>& cache,
                    AskedVariables* asked) {
  if (locations.empty()) throw Error(ErrorKind::invalid, "no input is given");
  const std::vector<std::string> data = without_indexes(locations);
  std::vector<Dataset> inputs = open_datasets(files, data, grib_index, Keep::as_stored, cache);
  if (inputs.size() > 1 && asked != nullptr) keep_asked(inputs, {}, *asked);
  Dataset dataset = inputs.size() == 1 ? std::move(inputs[0]) : concatenate(std::move(inputs));
  note_passed_over(locations, data.size(), dataset);
  return dataset;
}

Dataset open_recipe(Files& files, const DatasetRecipe& recipe) {
  AskedVariables asked{recipe.variables, {}, recipe.drop};
  const Dataset whole = open_inputs(files, recipe.inputs, recipe.grib_index, recipe.cache, &asked);
  return select_variables(whole, recipe.variables, asked.dropped);
}

}  // namespace gridmill
