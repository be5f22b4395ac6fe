// sources.h: fields that only re-address leaves: a variable, a slice of it, its values at points.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"
#include "gridmill/field/field.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// A variable as it is stored. Takes what it needs out of `variable`; `dataset` is what JSON calls
// the dataset that it belongs to.
std::shared_ptr<const Source> variable_source(const Variable& variable, std::string dataset);

// What an absent chunk of a run's own store is: not written yet, which is Error(unavailable), or
// nothing but the fill value.
enum class Absent { is_unwritten, is_fill };

// An array of a run's own store, e.g. of the spill: `store_name` is what JSON calls it.
std::shared_ptr<const Source> array_source(std::shared_ptr<Store> store, std::string store_name,
                                           const Key& array, const ArrayMetadata& metadata,
                                           std::vector<std::string> dimensions,
                                           Absent absent = Absent::is_unwritten);

// The box `region` of `input`, as a field of its own that starts at 0.
std::shared_ptr<const Source> slice_source(std::shared_ptr<const Source> input, const Box& region);

// Where a point lies: one index for each of the dimensions that a point fixes.
struct GridPoint {
  Index index;
};

// The dimension of the points; no dataset has one of such a name, but some have a `point`.
inline constexpr const char* kPointsDimension = "(points)";

// The values of `input` at points: the dimensions `fixed` (positions in input.dimensions(),
// ascending) are replaced by one last dimension, kPointsDimension. A leaf that holds several points
// is decoded once. Keeps 8 bytes of a point and as many for each fixed dimension. Throws
// Error(invalid) for a point that isn't inside the grid.
std::shared_ptr<const Source> points_source(std::shared_ptr<const Source> input,
                                            std::vector<int> fixed,
                                            const std::vector<GridPoint>& points);

}  // namespace gridmill
