// chunk_wish.h: --access-pattern, --target-chunk-size and --chunks together: how a dataset's
// variables shall be cut.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gridmill/engine/chunk_advice.h"
#include "gridmill/jobs/per_variable.h"

namespace gridmill {

struct ChunkWish {
  std::string access_pattern;  // temporal, spatial, balanced; "": chunks follow the source's
  std::int64_t target_bytes = kDefaultChunkBytes;
};

// The files that will fill an archive, each by itself.
struct FillingFiles {
  std::string dimension;
  std::int64_t length = 0;  // of each, along it
};

// Throws Error(invalid) for a pattern or a size that is none.
void check_wish(const ChunkWish& wish);

// What is asked of one variable of `dataset`, whose shape may be a selection's. Without a pattern
// `chunks` counts, as engine/layout.h says. With one, it gives single dimensions their lengths, or
// is the target size. `filling`: of a variable that files will fill. Throws as chosen_chunks().
ChunkChoice wished_chunks(const Dataset& dataset, const Variable& variable, const ChunkWish& wish,
                          const VariableOption& chunks,
                          const std::optional<FillingFiles>& filling = {});

// All that advise_chunks() wants to know of a variable but for the target and what is given.
AdviceRequest advice_request(const Dataset& dataset, const Variable& variable,
                             AccessPattern pattern);

}  // namespace gridmill
