// open_many.h: many inputs opened at once.
//
// Where every request takes its time, opening one input after the other takes the sum of them all.
// So several threads open them; they mostly wait, and are as many whatever the machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/dataset/dataset.h"

namespace gridmill {

// More than any local disk needs; enough to hide 20 ms a request behind each other.
inline constexpr std::size_t kOpeners = 16;

// What is kept of an input that is opened.
enum class Keep {
  as_stored,
  coordinates_in_memory  // so that who compares them reads each once; small ones alone
};

// In the order of `locations`. Throws what open_dataset() throws.
std::vector<Dataset> open_datasets(Files& files, const std::vector<std::string>& locations,
                                   GribIndexUse grib_index, Keep keep = Keep::as_stored,
                                   const std::shared_ptr<InputCache>& cache = nullptr);

}  // namespace gridmill
