// rolling_archive.h: `gridmill archive`: groups of a store that are forecast cycles, of which old
// ones are removed.
//
// Only groups directly below one parent whose whole name is of the declared form are cycles;
// nothing else is ever touched. A group goes in this order: the consolidated documents no longer
// name it, then its folder is moved out of the store in one rename, then it is deleted
// (store/discards.h). So readers find all of it or nothing, and a run that was killed is finished
// by the same command. Nobody else may write meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct RollingArchiveOptions {
  std::string store;           // STORE[#/PARENT]
  std::string group;           // the cycles' parent; "": the root, or what `store` names
  std::string format;          // of their names (dataset/cycle_format.h)
  std::string time_attribute;  // its time, ISO 8601, counts instead of the name's; "": the name's
  std::int64_t keep_us = 0;
  std::int64_t min_groups = 1;
  std::vector<std::string> just_written;  // names or paths of groups that stay
  std::string now;                        // ISO 8601; "": the clock's, in whole seconds
  bool dry_run = false;
};

// {"archive", "group", "format", "time_attribute", "now", "cutoff", "kept": [{"group", "time",
// "age": in seconds, "why"}], "removed": [the same with "keys" and "bytes"], "ignored": [{"group",
// "why"}]: what else lies there, "failed": [{"group", "time", "age", "why"}]: what was to be
// removed and is still there, "bytes_freed", "bytes_cleared": that a run which died had left,
// "dry_run"}; of a dry run the same, but for "dry_run". Throws Error(not_found), Error(invalid) for
// rules that make no sense, Error(conflict) while somebody else writes, Error(unsupported) for zip
// files.
Json roll_archive(const RollingArchiveOptions& options, const Workplace& workplace);
std::string rolling_archive_text(const Json& report);

}  // namespace gridmill
