// read_whole.h: an array into memory, the library's way.
#pragma once

#include <memory>

#include "gridmill/array/view.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/engine/run_figures.h"
#include "gridmill/system/clock.h"

namespace gridmill::bench {

// Plan, lanes, credit; every chunk is read from its file, on all cores.
void read_whole(const Variable& variable, const MutableArrayView& into, const Clock& clock,
                std::shared_ptr<RunRecorder> recorder = nullptr);

}  // namespace gridmill::bench
