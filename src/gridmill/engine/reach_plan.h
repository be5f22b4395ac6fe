// reach_plan.h: the stages that a field takes, from how far its operators reach.
//
// An operator is computed chunk by chunk of what its stage writes. One that takes all of its input
// along a dimension (a mean over time, a quantile mapping) would be computed again for every chunk
// that is cut along it. So:
// 1. where the chunks that are written are whole along those dimensions, it is computed for them;
// 2. elsewhere it is computed into an intermediate array whose chunks are, and that is rechunked.
// What lies between a source and the chunks of an operator, and between such an array and the
// target, is rechunking, with its ways and costs (rechunk_plan.h). An operator that reaches no
// further than a window is computed where it is asked for.
//
// How far an operator reaches is seen from its needs() of the first and of the last element along
// each dimension, so that both can't contradict each other. Pure arithmetic.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/engine/rechunk_plan.h"
#include "gridmill/field/field.h"
#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

// An intermediate array: plain bytes in the host's order, every chunk written, so that neither
// encoding nor looking for fill values costs anything.
struct SpillArray {
  std::string key;
  ArrayMetadata metadata;
};

// A stage that writes one array.
struct ReachStage {
  std::string name;                 // "rechunk", "spill", or the operator's
  FieldPtr field;                   // reads what stages before it have spilled
  std::optional<SpillArray> spill;  // what it writes; none: the target
  Shape units_per_task;
  double decoded = 1;  // of the source that is read, over its size
  std::string why;
  RechunkWay way = RechunkWay::one_stage;  // between its source and what it writes
  std::vector<std::string> reads;          // keys of spilled arrays that nobody reads after it
};

struct ReachCase {
  FieldPtr field;
  std::string name;  // of the target; spilled arrays are named after it
  Shape chunk;       // of the target
  std::int64_t box_bytes = 0;
  std::int64_t spill_chunk_bytes = kDefaultChunkBytes;
  WayWanted wanted = WayWanted::cheapest;
  // Where fields of later stages find what earlier ones spill; null: nowhere, for planning alone.
  std::shared_ptr<Store> spill = nullptr;
};

// In the order in which they run; the last one writes the target. Throws Error(invalid) if not even
// one chunk of some stage fits into box_bytes.
std::vector<ReachStage> plan_reach(const ReachCase& reach);

// Along which dimensions of its own `field` takes all of an input for each element.
std::vector<bool> whole_reach(const Operator& field);

}  // namespace gridmill
