#include "gridmill/dataset/open_many.h"

#include <mutex>

#include "gridmill/formats/memory_reader.h"
#include "gridmill/system/at_once.h"

namespace gridmill {
namespace {

constexpr std::int64_t kHeldBytes = std::int64_t{1} << 20;  // of one coordinate

void hold_coordinates(Dataset& dataset) {
  for (Variable& variable : dataset.variables) {
    const bool is_small = volume(variable.shape) * variable.type.size <= kHeldBytes;
    const bool is_held = is_dimension_coordinate(variable) && variable.type.is_real() && is_small;
    if (!is_held || variable.blocks.empty()) continue;
    const auto values = std::make_shared<const Array>(read_array(variable));
    const std::string name = variable.path() + " of " + dataset.location;
    variable.blocks = {
        {Index::filled(1, 0), memory_leaf_reader(values, name), variable.blocks.front().origin}};
  }
}

}  // namespace

std::vector<Dataset> open_datasets(Files& files, const std::vector<std::string>& locations,
                                   GribIndexUse grib_index, Keep keep,
                                   const std::shared_ptr<InputCache>& cache) {
  std::vector<Dataset> opened(locations.size());
  std::mutex one_by_one;  // of files: libraries that open them have locks, or should have
  const auto open = [&](std::size_t i) {
    const Location location = parse_location(locations[i]);
    std::unique_lock<std::mutex> lock(one_by_one, std::defer_lock);
    const auto status = files.status(location.path);
    if (!status || !status->is_directory) lock.lock();
    opened[i] = open_dataset(files, location, grib_index, cache);
    if (keep == Keep::coordinates_in_memory) hold_coordinates(opened[i]);
  };
  for_each_at_once(locations.size(), open, kOpeners);
  return opened;
}

}  // namespace gridmill
