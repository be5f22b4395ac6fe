// evaluations.h: what a unit evaluates: each field on a region once, whoever wants it.
//
// Columns of a table share their inputs: a thousand features over ten variables, windows of one
// series. All that wants a field is looked at before the field is: regions that overlap in such a
// way that together they are a box (windows of several lengths along the time) become one, so that
// nothing is read or computed twice, and nothing that nobody wants. It is held from when it is
// computed, a source's from the task's first leaf on, until its last reader has been computed.
//
// The order is fixed: column by column, what a column takes in the order of its operator's inputs,
// so that the most that is held at once is known beforehand (bytes_beside_columns). The fields of a
// unit's columns themselves are evaluated into its columns, and shared with nobody.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/engine/plan.h"
#include "gridmill/field/field.h"

namespace gridmill {

struct EvaluationStep {
  // A part of another step's region, relative to it.
  struct Input {
    std::size_t step = 0;
    Box part;
  };
  FieldPtr field;
  Box region;
  std::vector<Input> inputs;  // an operator's; in its order
  int readers = 0;            // how many inputs of others it is
};

// One step for each column of the output's sink, in their order, and then what they take, those
// that read before those that are read.
std::vector<EvaluationStep> evaluation_steps(const Output& output, const Index& position);

// The most bytes that steps and working memory take at once beside `columns` columns, which come
// first.
std::int64_t bytes_beside_columns(const std::vector<EvaluationStep>& steps, std::size_t columns);

// Of a step's region.
std::int64_t bytes_of(const EvaluationStep& step);

}  // namespace gridmill
