// settled.h: what a run decides once, from what it has found by then, and never again.
//
// A later stage's grid may follow from an earlier stage's state (sink/state_sink.h): how many bins,
// which rows hold anything. Its tasks are numbers, and those mean nothing unless everybody cuts the
// same grid: so the decision is saved before the first task, and whoever comes later, another
// worker or the same run resumed, takes what was saved, even where it would have decided otherwise
// (other memory, more threads).
#pragma once

#include <functional>

#include "gridmill/base/json.h"
#include "gridmill/store/store.h"

namespace gridmill {

// What is saved in `store` under `key`; if nothing is, what `decide` says, saved first. Of several
// that decide at once one is heeded by all. Throws what `decide` and the store throw,
// Error(corrupt) if what is saved is no JSON.
Json settled(Store& store, const Key& key, const std::function<Json()>& decide);

}  // namespace gridmill
