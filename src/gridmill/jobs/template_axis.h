// template_axis.h: a dataset stretched along its time dimension: what a template's archive holds.
#pragma once

#include <string>

#include "gridmill/dataset/growth_axis.h"
#include "gridmill/jobs/template.h"

namespace gridmill {

struct TemplateAxis {
  GrowthAxis along;
  std::int64_t in_file = 0;  // the dimension's size in the input
  Array values;              // of the coordinate, all of them
  std::string units;         // of `values`, as the attribute has them
  Json about;                // {"dimension", "size", "from", "to", "step"}
};

// Throws Error(invalid) where the axis can't be made of `dataset` and the options.
TemplateAxis template_axis(const Dataset& dataset, const TemplateOptions& options);

// `dataset` with the axis in the place of its coordinate's values. What else has the dimension gets
// its size and no blocks; integers that declare no _FillValue get one of `fill`, or netCDF's own
// for their type, so that what was not written is told from what was. Notes say which, and what has
// no value for it.
Dataset stretched(const Dataset& dataset, const TemplateAxis& axis,
                  const std::vector<std::string>& fill);

// Whether stretched() has taken away a variable's values.
bool is_unwritten(const Variable& variable) noexcept;

}  // namespace gridmill
