#include "gridmill/jobs/table_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/labels.h"
#include "gridmill/jobs/table_keys.h"

namespace gridmill {
namespace {

Segments parse_segment(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw Error(ErrorKind::invalid, "write DIM=N or DIM=N:STATISTIC, e.g. time=24:mean");
  }
  const std::size_t colon = text.find(':', equals);
  Segments segments;
  segments.dimension = text.substr(0, equals);
  segments.length = parse_int(text.substr(equals + 1, colon - equals - 1));
  if (segments.length < 1) {
    throw Error(ErrorKind::invalid, "a segment has one position at least");
  }
  if (colon != std::string::npos) {
    segments.statistic = parse_segment_statistic(text.substr(colon + 1));
  }
  return segments;
}

// All combinations of the labels, the last dimension fastest: "850_east".
std::vector<std::string> combinations(const std::vector<const SpreadDimension*>& dimensions) {
  std::vector<std::string> texts{""};
  for (const SpreadDimension* dimension : dimensions) {
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& label : dimension->labels) longer.push_back(text + "_" + label);
    }
    texts = std::move(longer);
  }
  return texts;
}

std::vector<const SpreadDimension*> spread_of(const ExtractInput& input,
                                              const ExtractVariable& variable) {
  std::vector<const SpreadDimension*> found;
  for (const std::string& name : variable.values->dimensions()) {
    const SpreadDimension* fits = nullptr;
    for (const SpreadDimension& dimension : input.spread) {
      if (dimension.name != name) continue;
      const bool is_own =
          variable.variable != nullptr && dimension.group == variable.variable->group;
      if (fits == nullptr || is_own) fits = &dimension;
    }
    if (fits != nullptr) found.push_back(fits);
  }
  return found;
}

}  // namespace

std::vector<Segments> parse_segments(const std::vector<std::string>& texts) {
  std::vector<Segments> all;
  for (const std::string& text : texts) {
    in_context([&] { return "--segments " + text; }, [&] { all.push_back(parse_segment(text)); });
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      if (all[i].dimension != all.back().dimension) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("--segments {}: {} has segments already", text, all[i].dimension));
    }
  }
  return all;
}

SpreadDimension spread_dimension(const Dataset& dataset, const Variable& variable, int d,
                                 const Box& region) {
  SpreadDimension spread;
  spread.name = variable.dimensions[static_cast<std::size_t>(d)];
  spread.group = variable.group;
  spread.size = region.shape[d];
  spread.meaning = label_meaning(dataset, variable.group, spread.name);
  const auto labels =
      dimension_labels(dataset, variable.group, spread.name, region.begin[d], spread.size);
  for (std::int64_t i = 0; i < spread.size; ++i) {
    spread.labels.push_back(unquoted_cell((*labels)[i]));
  }
  return spread;
}

void place_columns(ExtractInput& input) {
  for (ExtractVariable& variable : input.variables) {
    variable.rows.type = variable.values->type();
    for (int d = 0; d < variable.values->shape().rank(); ++d) {
      const std::string& name = variable.values->dimensions()[static_cast<std::size_t>(d)];
      const auto found = std::find_if(input.rows.begin(), input.rows.end(),
                                      [&](const RowDimension& row) { return row.name == name; });
      const bool is_row = found != input.rows.end();
      variable.rows.dimensions.push_back(is_row ? static_cast<int>(found - input.rows.begin())
                                                : kSpread);
      if (!is_row) variable.rows.spread.push_back(variable.values->shape()[d]);
    }
  }
}

void name_columns(ExtractInput& input) {
  std::map<std::string, int> uses;
  for (const ExtractVariable& variable : input.variables) ++uses[variable.column];
  for (ExtractVariable& variable : input.variables) {
    if (uses[variable.column] > 1) variable.column = variable.variable->path();
    const auto spread = spread_of(input, variable);
    if (spread.empty()) continue;
    for (const std::string& label : combinations(spread)) {
      variable.cells.push_back(variable.column + label);
    }
  }
}

void check_columns(const ExtractInput& input) {
  std::set<std::string> taken;
  const auto take = [&](const std::string& name) {
    if (taken.insert(name).second) return;
    throw Error(ErrorKind::invalid,
                fmt::format("the table would have two columns called {}: leave one out with "
                            "--variables, or name it by --feature",
                            name));
  };
  for (std::size_t d = 0; d < input.labelled_rows(); ++d) take(input.rows[d].name);
  if (input.has_points()) {
    for (const char* name : {"name", "lat", "lon", "grid_lat", "grid_lon"}) take(name);
  }
  for (const std::string& name : input.kept) take(name);
  for (const ExtractVariable& variable : input.variables) {
    if (variable.cells.empty()) take(variable.column);
    for (const std::string& name : variable.cells) take(name);
  }
}

}  // namespace gridmill
