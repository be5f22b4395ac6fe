// state_sink.h: the whole of a field folded into one small state: extremes, sums, norms.
//
// A unit is a box of the field; its values are folded into a partial state, which is stored under
// the unit's number, by whichever process has the task. In the end the partial states are merged
// along a tree that depends on their number alone: the first half (the largest power of two that is
// less than all) is merged, then the rest, then both. So the result depends neither on who folded
// what nor on the order of arrival, nor on a resumed run; another shape of the units may change the
// last bits. Let units be large, some thousands at most: each leaves a file behind until it is
// merged.
#pragma once

#include <memory>

#include "gridmill/sink/fold.h"
#include "gridmill/sink/sink.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct StateTarget {
  std::shared_ptr<Store> store;
  Key place;  // partial states are stored below it
  FoldPtr fold;
  DataType type;
  ChunkGrid units;  // over the field's shape
};

// finish() does nothing: state_of() tells the result.
std::shared_ptr<Sink> state_sink(StateTarget target);

// The state of all units together. Throws Error(unavailable) if one has not been stored,
// Error(corrupt) if a stored one is not a state. An empty grid has no state: nullopt.
std::optional<Json> state_of(const StateTarget& target);

}  // namespace gridmill
