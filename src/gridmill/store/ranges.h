// ranges.h: the rules about byte ranges and versions that every store shares.
#pragma once

#include <optional>
#include <vector>

#include "gridmill/store/store.h"

namespace gridmill {

// Negative offsets made absolute, the empty list made one whole range. Throws Error(corrupt) for a
// range that leaves [0, size).
std::vector<ByteRange> resolve_ranges(const std::vector<ByteRange>& ranges, std::int64_t size);

// Bytes of all `ranges` together. Throws Error(corrupt) naming the key if they exceed `most_bytes`.
std::size_t total_length(const Key& key, const std::vector<ByteRange>& ranges,
                         std::int64_t most_bytes);

// Error(conflict) if `wanted` is set and differs from `found`.
void check_version(const Key& key, const std::optional<Version>& wanted, const Version& found);
[[noreturn]] void throw_put_conflict(const Key& key);

bool is_at_or_below(const Key& key, const Key& prefix);

}  // namespace gridmill
