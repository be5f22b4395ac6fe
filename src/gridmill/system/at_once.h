// at_once.h: many waits at the same time: requests whose answers take long and cost no processor.
#pragma once

#include <cstddef>
#include <functional>

namespace gridmill {

// Runs work(0) to work(count - 1), at most so many at once: on the calling thread and on others
// that live no longer than this call, as far as there are threads. Throws what the first of those
// that failed (by its number) threw; those after it may not have run.
void for_each_at_once(std::size_t count, const std::function<void(std::size_t)>& work,
                      std::size_t at_once);

}  // namespace gridmill
