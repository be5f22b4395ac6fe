// leftovers.h: what runs that were cut short have left beside their outputs, and its removal.
//
// A leftover is OUT.gridmill/ with incoming/ (the unfinished store) or run/ (plan, journal, spill)
// in it (stage.h), with removed/ (parts of OUT that were to be deleted: discards.h), or with swap/
// (folders of OUT that were to be replaced: folder_swap.h). Whether a run is at work there is told
// by its locks, which the system drops when a process dies. Never touched: what a run holds, a
// store that is complete but could not be moved to its place, swap/, manifests and run records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/system/files.h"

namespace gridmill {

struct Leftover {
  enum class State {
    running,    // a run or its workers hold it
    finished,   // a complete store, or group of one, that is not in place, or not listed
    resumable,  // its plan is there
    unsettled,  // nothing but swap/ is there: whoever replaces folders next tidies up
    orphaned,
  };

  std::string output;  // the path that the run was to write
  State state = State::orphaned;
  std::int64_t files = 0;
  std::int64_t bytes = 0;        // all of it
  std::int64_t spill_bytes = 0;  // of that, intermediate arrays
  std::int64_t modified_ns = 0;  // of the youngest file; 0: there is none
};

const char* name_of(Leftover::State state) noexcept;

// Below `directory`, at any depth, in order of their paths; Zarr stores are not searched, nor are
// links followed. `directory` may itself be an OUT.gridmill. Throws Error(not_found).
std::vector<Leftover> find_leftovers(Files& files, const std::string& directory);

// Removes it, holding its lock. False if it is finished or unsettled, or a run is at work there by
// now.
bool remove_leftover(Files& files, const Leftover& leftover);

}  // namespace gridmill
