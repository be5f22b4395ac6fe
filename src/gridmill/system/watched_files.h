// watched_files.h: a Files that knows which of its calls are under way, so that one that never
// returns can be named.
//
// A dead network disk blocks whoever touches it, and no thread can be called back from there. The
// engine's lanes have their own watch (engine/lanes.h); this one sees everything else: opening
// inputs, reading coordinates, writing metadata. It adds two locked list operations to each call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gridmill/system/clock.h"
#include "gridmill/system/files.h"

namespace gridmill {

class WatchedFiles : public Files {
 public:
  // "open of /data/a.nc has not returned for 12 s": of the calls under way the oldest, if it began
  // more than `limit_ns` ago.
  virtual std::optional<std::string> late(std::int64_t limit_ns) const = 0;
};

// `under` and `clock` must outlive it and the files opened through it.
std::unique_ptr<WatchedFiles> watched_files(Files& under, const Clock& clock);

}  // namespace gridmill
