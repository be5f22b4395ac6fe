// join.h: inputs of one or several sources, joined along a coordinate that they share.
//
// concat.h lays inputs end to end whose coordinates follow each other. Batches of a recipe are not
// so well kept: an entry stands in two of them, or one source lacks it. All of that is seen in the
// coordinates, before any data move: entries that stand twice are refused, or settled as asked;
// so is what one source has and another has not. What is kept stands in the order of the coordinate
// (of labels without an order: as they come), each entry once, where its input has it: nothing is
// copied.
//
// Entries are the same if their numbers are, or their instants, whatever the units of the times.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// What becomes of an entry that stands in a source twice.
enum class Duplicates {
  error,
  first,            // the input that was named first has it
  verify_identical  // the same, once all have been read and found equal
};

// What becomes of entries that not all sources have.
enum class Alignment { exact, inner };  // refused; left out

struct JoinRequest {
  std::string along;  // a dimension; "": the one whose coordinate differs between the inputs
  Duplicates duplicates = Duplicates::error;
  Alignment alignment = Alignment::exact;
};

struct SourceInput {
  std::string source;  // "": there is one source, without a name
  Dataset dataset;
};

// One dataset of all: a group for each named source, in the order of their first inputs. What was
// found (duplicates, what was left out, times that are missing from regular steps) is in its notes.
// Inputs that don't differ along one coordinate alone are joined as concatenate() does. Throws
// Error(corrupt) that lists duplicates, or entries that a source lacks, with the way out; what
// differs between entries that should be identical; Error(invalid) if nothing can be joined along
// what was named; and what concatenate() throws.
Dataset join_inputs(std::vector<SourceInput> inputs, const JoinRequest& request);

// Whether a number stands twice in a coordinate of the root along which inputs may be joined.
bool has_repeated_entries(const Dataset& dataset);
// Notes what is missing from regular times of the root of one input, as join_inputs() does of
// several; of a million times or fewer, and of times that can be read: who checks coordinates says
// what is wrong with others.
void note_missing_times(Dataset& dataset);

}  // namespace gridmill
