// join_alignment.h: which entries all sources have, and whether times are missing between them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/dataset/join_sources.h"

namespace gridmill {

// Ascending. What a source has and another lacks is noted. Throws Error(corrupt) that lists it if
// all sources must have the same, or if they have nothing in common.
std::vector<std::int64_t> entries_of_all(const SourcesAlong& whole, Alignment wish,
                                         std::vector<std::string>& notes);

// Notes times that are missing where the others are evenly apart. Of `wanted` (ascending).
void note_gaps(const JoinEntries& entries, const std::string& along,
               const std::vector<std::int64_t>& wanted, std::vector<std::string>& notes);

}  // namespace gridmill
