// join_duplicates.h: entries that stand in a source twice: refused, or settled as asked.
#pragma once

#include <string>
#include <vector>

#include "gridmill/dataset/join_sources.h"

namespace gridmill {

// Adds what was found to the notes. Throws Error(corrupt) that lists the entries, or says what
// differs between those that should be identical: they are read for that.
void settle_duplicates(const SourcesAlong& whole, Duplicates wish, std::vector<std::string>& notes);

}  // namespace gridmill
