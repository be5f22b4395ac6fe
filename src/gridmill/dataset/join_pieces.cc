#include "gridmill/dataset/join_pieces.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/dataset/agreement.h"
#include "gridmill/dataset/concat.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/cut.h"

namespace gridmill {
namespace {

// concatenate() compares what it joins; an input of which nothing is taken must agree, too, or the
// order of the inputs would decide.
void check_left_out(const SourcesAlong& whole, const std::vector<std::size_t>& own,
                    const std::vector<EntryRun>& runs) {
  for (const std::size_t i : own) {
    const bool is_taken =
        std::any_of(runs.begin(), runs.end(), [&](const auto& run) { return run.input == i; });
    if (is_taken || i == own.front()) continue;
    const Dataset &first = whole.inputs[own.front()].dataset, &other = whole.inputs[i].dataset;
    for (const Variable& variable : first.variables) {
      const Variable& own_variable = other.at(variable.path());
      if (variable.dimension_index(whole.along) < 0) {
        check_same({first, variable}, {other, own_variable});
      } else if (!is_dimension_coordinate(variable)) {
        check_same_meaning({first, variable}, {other, own_variable}, whole.along);
      }
    }
  }
}

// Pieces of one entry don't show which way the coordinate goes.
void tell_direction(Dataset& piece, const std::string& along) {
  for (Variable& variable : piece.variables) {
    if (variable.path() != along) continue;
    variable.attributes.set("stored_direction", AttributeValue::text("decreasing"));
  }
}

}  // namespace

Dataset slice_of_input(const SourcesAlong& whole, const EntryRun& run) {
  const Dataset& dataset = whole.inputs[run.input].dataset;
  const Group* group = declaring_group(dataset, "", whole.along);
  return cut_dataset(dataset,
                     {whole.along, group == nullptr ? std::string() : group->path, whole.along},
                     {run.begin, run.end});
}

Dataset joined_source(const SourcesAlong& whole, std::size_t s,
                      const std::vector<std::int64_t>& wanted) {
  const std::vector<std::size_t>& own = whole.sources[s].inputs;
  const bool fall = whole.entries.fall();
  const std::vector<EntryRun> runs = runs_of(whole.own[s], wanted, fall);
  check_left_out(whole, own, runs);
  std::vector<Dataset> pieces;
  for (const EntryRun& run : runs) {
    pieces.push_back(slice_of_input(whole, run));
    if (fall) tell_direction(pieces.back(), whole.along);
  }
  if (pieces.empty()) {  // nothing along the dimension anywhere
    for (const std::size_t i : own) pieces.push_back(whole.inputs[i].dataset);
  }
  Dataset result = pieces.size() == 1 ? std::move(pieces.front()) : concatenate(std::move(pieces));
  const std::string& location = whole.location(own.front());
  result.location =
      own.size() == 1 ? location : fmt::format("{} and {} more", location, own.size() - 1);
  return result;
}

}  // namespace gridmill
