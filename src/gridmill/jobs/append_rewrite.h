// append_rewrite.h: times before or between those of an archive: it is written anew, with all of
// them in order, and takes the old one's place when it is complete.
#pragma once

#include <vector>

#include "gridmill/dataset/cut.h"
#include "gridmill/dataset/time_merge.h"
#include "gridmill/jobs/append.h"

namespace gridmill {

// Pieces of the archive and of what comes to it, in the order of time.
struct TimePiece {
  bool is_new = false;
  IndexRange range;  // of the archive, or of the new files
  friend bool operator==(const TimePiece&, const TimePiece&) = default;
};

// Of the archive and the new files, for rewrite_archive().
Json identities_for_rewrite(const AppendOptions& options, Files& files);

// All times of both, those that both have once: the archive's, or with `replaces` the new ones.
std::vector<TimePiece> pieces_in_order(const TimeMerge& merge, std::int64_t in_archive,
                                       bool replaces);

// `archive` is the dataset at options.store, `joined` all pieces of it and of the new files.
// Layout, codecs and attributes stay the archive's, as do groups without arrays. `identities` are
// those of the archive and the new files when nobody else could write. Throws as convert() does,
// Error(conflict) if the archive has changed since, or holds files that are no part of a Zarr
// store. Returns what convert() returns, with `about` and {"rewritten": true}.
Json rewrite_archive(const AppendOptions& options, const Dataset& archive, Dataset joined,
                     const Json& identities, const Json& about, const Workplace& workplace);

}  // namespace gridmill
