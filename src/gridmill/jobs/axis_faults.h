// axis_faults.h: where the values of a one-dimensional variable are not in the order, or not as
// different from each other, as they should be.
//
// What is compared is what the numbers mean: scaled numbers unpacked, integers of 64 bits exactly,
// texts by their characters. Missing values have no place in an order, and two of them are equal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gridmill/array/array.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/schema.h"

namespace gridmill {

struct AxisFault {
  std::int64_t position = 0;  // of the later of two values
  std::string what;           // "positions 3 and 4 are 10.5 and 10.5"
};

// `values` are all of `variable`, as stored; one dimension, or none. Throws Error(unsupported) for
// types that have no order, Error(corrupt) for a scale_factor that is no number.
std::optional<AxisFault> order_fault(const Variable& variable, const Array& values, Order order);
std::optional<AxisFault> duplicate_fault(const Variable& variable, const Array& values);

// One value as people write it: coordinate_text() of dataset/coordinates.h, unpacked.
std::string axis_text(const Variable& variable, const Array& values, std::int64_t position);

}  // namespace gridmill
