#include "gridmill/jobs/table_sources.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/dataset/join.h"
#include "gridmill/dataset/open_many.h"

namespace gridmill {
namespace {

bool has_wildcard(const std::string& text) { return text.find_first_of("*?[") != text.npos; }

// Paths that the parts of a glob from `at` on find below `folder` ("" or ending in '/').
void find_matches(Files& files, const std::string& folder, const std::vector<std::string>& parts,
                  std::size_t at, std::vector<std::string>& found) {
  const bool is_last = at + 1 == parts.size();
  if (!has_wildcard(parts[at])) {
    const std::string path = folder + parts[at];
    if (!is_last) return find_matches(files, path + "/", parts, at + 1, found);
    if (files.status(path)) found.push_back(path);
    return;
  }
  for (const DirectoryEntry& entry : files.list(folder.empty() ? "." : folder)) {
    const bool is_hidden = entry.name.starts_with('.') && !parts[at].starts_with('.');
    if (is_hidden || !glob_match(parts[at], entry.name)) continue;
    if (is_last) {
      found.push_back(folder + entry.name);
    } else if (entry.is_directory) {
      find_matches(files, folder + entry.name + "/", parts, at + 1, found);
    }
  }
}

std::vector<std::string> matches_of(Files& files, const std::string& glob) {
  if (!has_wildcard(glob) || files.status(glob)) return {glob};  // a name may hold brackets
  std::vector<std::string> parts = split(glob, '/');
  while (parts.size() > 1 && parts.back().empty()) parts.pop_back();
  std::vector<std::string> found;
  find_matches(files, "", parts, 0, found);
  if (!found.empty()) return found;
  throw Error(ErrorKind::not_found, fmt::format("nothing is called {}", glob));
}

void expand_source(const std::string& text, Files& files, ExtractOptions& options) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size()) {
    throw Error(ErrorKind::invalid, "write NAME=GLOB, e.g. era5='batches/era5_*.zarr'");
  }
  const std::string name = text.substr(0, equals);
  if (name.find('/') != std::string::npos || name == "." || name == "..") {
    throw Error(
        ErrorKind::invalid,
        fmt::format("{} can't be a source's name: its columns are called NAME/VARIABLE", name));
  }
  for (std::string& path : without_indexes(matches_of(files, text.substr(equals + 1)))) {
    options.inputs.push_back(std::move(path));
    options.input_sources.push_back(name);
  }
}

Duplicates duplicates_of(const std::string& text) {
  if (text == "error") return Duplicates::error;
  if (text == "first") return Duplicates::first;
  if (text == "verify-identical") return Duplicates::verify_identical;
  throw Error(ErrorKind::invalid,
              fmt::format("--duplicates {}: error, first or verify-identical", text));
}

Alignment alignment_of(const std::string& text) {
  if (text == "exact") return Alignment::exact;
  if (text == "inner") return Alignment::inner;
  throw Error(ErrorKind::invalid, fmt::format("--join {}: exact or inner", text));
}

}  // namespace

void expand_sources(ExtractOptions& options, Files& files) {
  if (options.sources.empty()) return;
  if (!options.inputs.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("{} belongs to no source: name all inputs by --source, or none",
                            options.inputs.front()));
  }
  for (const std::string& text : options.sources) {
    in_context([&] { return "--source " + text; }, [&] { expand_source(text, files, options); });
  }
  options.sources.clear();
}

Dataset open_table_inputs(const ExtractOptions& options, Files& files,
                          const std::shared_ptr<InputCache>& cache, AskedVariables asked) {
  const JoinRequest request{options.along, duplicates_of(options.duplicates),
                            alignment_of(options.join)};
  if (options.inputs.empty()) throw Error(ErrorKind::invalid, "no input is given");
  const std::vector<std::string> locations = without_indexes(options.inputs);
  std::vector<Dataset> opened =
      open_datasets(files, locations, options.grib_index, Keep::coordinates_in_memory, cache);
  const bool is_plain = options.input_sources.empty() && options.along.empty() &&
                        request.duplicates == Duplicates::error;
  // Entries that stand in one input twice are listed by a join; what else is wrong with its
  // coordinates is told by who checks them.
  if (is_plain && opened.size() == 1 && !has_repeated_entries(opened[0])) {
    note_missing_times(opened[0]);
    note_passed_over(options.inputs, locations.size(), opened[0]);
    return std::move(opened[0]);
  }
  const bool are_named = options.input_sources.size() == opened.size();
  keep_asked(opened, are_named ? options.input_sources : std::vector<std::string>(), asked);
  std::vector<SourceInput> inputs;
  for (std::size_t i = 0; i < opened.size(); ++i) {
    inputs.push_back({are_named ? options.input_sources[i] : "", std::move(opened[i])});
  }
  Dataset joined = join_inputs(std::move(inputs), request);
  note_passed_over(options.inputs, locations.size(), joined);
  return joined;
}

}  // namespace gridmill
