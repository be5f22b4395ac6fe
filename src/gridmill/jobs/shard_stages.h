// shard_stages.h: stages that write sharded arrays.
//
// A task that holds a shard decoded and encoded, beside another that does, encodes it at once. A
// larger shard takes two stages: its chunks are encoded one by one, then put together as they are
// (sink/shard_sink.h), which writes and reads the encoded bytes once more.
#pragma once

#include <optional>
#include <string>

#include "gridmill/engine/plan_document.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

// Whether the shards of an array are too large to be encoded at once.
bool is_put_together(const ArrayMetadata& metadata, const Resources& resources);

// What one task of the stage that encodes owns: a chunk, or a whole key of the array.
const Shape& encoded_unit(const ArrayMetadata& metadata, const Resources& resources);
ChunkGrid encoded_grid(const ArrayMetadata& metadata, const Resources& resources);

// The sink of the stage that encodes the target's array at `path`.
Json encoding_sink(const std::string& path, const ArrayMetadata& metadata,
                   const Resources& resources);

// The second stage of an array that is put together.
StageRecipe shard_stage(const std::string& path, const ArrayMetadata& metadata);

// What --shards says, without its "NAME:" prefix: lengths, and perhaps "index=start" or
// "index=end".
struct ShardLayout {
  std::string lengths;  // "" if it says nothing of them
  std::optional<bool> is_index_at_end;
};
ShardLayout shard_layout(const std::string& spec);

// Lengths as "time=744,lat=76": multiples of the chunks, to which lengths are
// rounded up; dimensions that are not named are one chunk long; "all": the whole dimension, by
// itself: one shard. Throws Error(invalid).
Shape chosen_shards(const ArrayMetadata& metadata, const std::vector<std::string>& dimensions,
                    const std::string& spec, bool strict);

}  // namespace gridmill
