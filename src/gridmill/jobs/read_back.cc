#include "gridmill/jobs/read_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gridmill/base/text.h"
#include "gridmill/dataset/selection.h"
#include "gridmill/engine/layout.h"
#include "gridmill/jobs/task_layout.h"
#include "gridmill/store/memory_store.h"

namespace gridmill {
namespace {

bool is_meant(const std::string& pattern, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return pattern == "all" || glob_match(pattern, path) || glob_match(pattern, name);
}

bool is_among(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

// The coarser of the two grids, the source's and the target's, decides what must not be read twice.
Shape read_back_tasks(const Variable& variable, const Box& region, const Shape& unit,
                      std::int64_t memory) {
  std::vector<Cuts> cuts = leaf_cuts(variable, region);
  for (int d = 0; d < unit.rank(); ++d) {
    Cuts& along = cuts[static_cast<std::size_t>(d)];
    const std::int64_t size = region.shape[d];
    if (size / unit[d] + 2 >= static_cast<std::int64_t>(along.size())) continue;
    along.clear();
    for (std::int64_t at = 0; at < size; at += unit[d]) along.push_back(at);
    along.push_back(size);
  }
  return choose_tasks(cuts, region.shape, unit, variable.type, memory / 8).units_per_task;
}

Json written_array(const std::string& path, const ArrayMetadata& metadata,
                   const std::vector<std::string>& dimensions) {
  return array_source(memory_store(), "out", Key(path), metadata, dimensions, Absent::is_fill)
      ->to_json();
}

// Those of `paths` that some pattern means, each once.
std::vector<std::string> meant_paths(const std::vector<std::string>& patterns,
                                     const std::vector<std::string>& paths) {
  std::vector<std::string> meant;
  for (const std::string& path : paths) {
    const bool is_one = std::any_of(patterns.begin(), patterns.end(),
                                    [&](const std::string& p) { return is_meant(p, path); });
    if (is_one && !is_among(meant, path)) meant.push_back(path);
  }
  return meant;
}

}  // namespace

void check_names(const std::vector<std::string>& patterns, const std::vector<std::string>& paths) {
  for (const std::string& pattern : patterns) {
    if (pattern == "all" || !meant_paths({pattern}, paths).empty()) continue;
    throw Error(ErrorKind::not_found,
                fmt::format("--check-vars {}: no variable of that name is written{}", pattern,
                            did_you_mean(pattern, paths)));
  }
}

void add_check_stage(const ConvertOptions& options, const ConvertInput& input,
                     const ZarrTarget& target, PlanDocument& plan) {
  if (options.check_variables.empty()) return;
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid, "--check-vars is of whole runs, and --sample of a part of one");
  }
  check_names(options.check_variables, input.selected.variable_paths());
  const std::vector<std::string> paths =
      meant_paths(options.check_variables, input.selected.variable_paths());
  StageRecipe stage;
  stage.name = "check";
  stage.why = "what was written is read back and compared with what it should be";
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const Variable& variable = input.selected.variables[i];
    if (!is_among(paths, variable.path())) continue;
    const ArrayMetadata& metadata = target.arrays[i].metadata;
    OutputRecipe output;
    output.name = variable.path();
    output.fields = {written_array(output.name, metadata, variable.dimensions),
                     input.field(i)->to_json()};
    output.sink = {{"sink", "read back"}, {"array", output.name}};
    output.units_per_task = read_back_tasks(input.dataset.variables[i], input.regions[i],
                                            metadata.chunk, options.resources.memory);
    const ChunkGrid units(metadata.shape, metadata.chunk);
    stage.tasks += ChunkGrid(units.counts(), output.units_per_task).size();
    stage.outputs.push_back(std::move(output));
  }
  plan.about["checked"] = paths;
  plan.stages.push_back(std::move(stage));
}

void read_back_parts(const std::shared_ptr<SharedStore>& store,
                     const std::vector<RegionPart>& parts, const std::vector<std::string>& patterns,
                     const Resources& resources, RunAccount& account) {
  if (patterns.empty()) return;
  const std::vector<std::string> paths = meant_paths(patterns, paths_of(parts));
  if (paths.empty()) return;
  std::vector<RegionPart> checked;
  std::copy_if(parts.begin(), parts.end(), std::back_inserter(checked),
               [&](const RegionPart& part) { return is_among(paths, part.source.path()); });
  Progress progress;  // its own: what is read back is not the run's input
  run_region_stage(read_back_stage(store, checked, resources), "reading back", resources, account,
                   progress);
}

Json with_retries(int retries, const std::vector<std::string>& patterns, Console& console,
                  const std::function<Json(bool is_first)>& attempt) {
  if (retries > 0 && patterns.empty()) {
    throw Error(ErrorKind::invalid,
                "--retries is of runs that read back what they wrote: give --check-vars as well");
  }
  for (int left = retries;; --left) {
    try {
      return attempt(left == retries);
    } catch (const Error& error) {
      // Only what is read back is wrong and yet may be right the next time.
      if (error.kind() != ErrorKind::corrupt || !error.retryable() || left <= 0) throw;
      console.warn(fmt::format("{}; trying again, {} more times", error.what(), left));
    }
  }
}

}  // namespace gridmill
