// selection.h: what the command line's --variables, --drop, --region and --sel mean for a dataset.
//
// Nothing is guessed: a name that does not exist, a dimension that no variable has, a label outside
// its coordinate and an empty selection are errors that say what there is.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/dataset/dataset.h"

namespace gridmill {

// `pattern` is a path, a name or a glob of either.
bool is_named(const Variable& variable, const std::string& pattern);

// What describes `variable`: its dimension coordinates, and what its attributes coordinates,
// bounds, climatology, grid_mapping, ancillary_variables, formula_terms and cell_measures name;
// those of them that there are.
std::vector<const Variable*> descriptions_of(const Dataset& dataset, const Variable& variable);

// The dataset reduced to the variables that match `wanted` (all if empty) and not `dropped`. Both
// hold paths, names or globs. Kept besides: the coordinates, bounds, grid mappings and ancillary
// variables that a kept variable needs (descriptions_of), unless they are dropped by name. Throws
// Error(not_found) for a pattern without a match.
Dataset select_variables(const Dataset& dataset, const std::vector<std::string>& wanted,
                         const std::vector<std::string>& dropped);

// What will be asked of inputs once they are joined.
struct AskedVariables {
  std::vector<std::string> names;     // paths, names or globs; empty: all variables
  std::vector<std::string> optional;  // names that may mean something else than a variable
  std::vector<std::string> dropped;   // as of select_variables
};

// Leaves to inputs that are to be joined what will be asked of the whole, so that nothing else must
// agree: what select_variables() would keep, all coordinates of dimensions, latitudes, longitudes,
// and what has no dimension: along one of these they may be joined. `sources`: the group that each
// input becomes, "" or empty: none. What has been dropped here is no longer in `asked.dropped`. An
// input that has nothing of what is asked stays whole, and all do if a name stands nowhere: who
// selects from the whole says what there is.
void keep_asked(std::vector<Dataset>& inputs, const std::vector<std::string>& sources,
                AskedVariables& asked);

// One --region or --sel as typed.
struct SelectionText {
  std::string dimension;
  std::string range;  // "a:b", "a:", ":b", "v"
  bool by_label = false;
};

// "d=a:b" as typed after --region or --sel. Throws Error(invalid).
SelectionText parse_region(std::string_view text);
SelectionText parse_sel(std::string_view text);

// Half-open along one dimension.
struct IndexRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

// --region: a:b half-open, negative from the end, ends may be missing; a single index is one
// position. Throws Error(invalid) for text that is no range, and for one that is empty or leaves
// [0, size].
IndexRange resolve_indices(std::string_view range, std::string_view dimension, std::int64_t size);

// --sel: inclusive labels of a coordinate, in either order of the axis. Times are ISO dates, and a
// partial one
// ("1990", "1990-01") is its whole period. Numbers are rounded to the coordinate's own type first,
// so that 0.1 finds float32's 0.1; a single number or text must be there. Throws Error(invalid)
// that names the coordinate's range, and for labels in no order of which the range holds some but
// not their neighbours.
IndexRange resolve_labels(std::string_view range, const Variable& coordinate, const Array& values);

// All selections of a command, applied to variable after variable. Coordinates are read once. One
// thread.
class Selection {
 public:
  // The dataset must outlive this. Throws Error(invalid) for a dimension that the dataset has not
  // (the nearest spelling is named) or that is selected twice.
  Selection(const Dataset& dataset, std::vector<SelectionText> texts);

  // The part of a variable that is selected; dimensions without a selection are whole.
  Box box(const Variable& variable);

 private:
  IndexRange resolve(const SelectionText& text, const Variable& variable, std::int64_t size);

  const Dataset& dataset_;
  std::vector<SelectionText> texts_;
  std::map<std::string, Array> coordinates_;
};

}  // namespace gridmill
