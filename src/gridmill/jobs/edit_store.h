// edit_store.h: `gridmill store ls|mkgroup|mv|rm|consolidate`: the groups and arrays of a store.
//
// The manifest beside the store follows. It is taken away before anything changes and written when
// all is done, so that a crash in between leaves a store about which `verify` can prove less, and
// nothing wrong.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

enum class StoreEdit { ls, mkgroup, mv, rm, consolidate };

struct StoreEditOptions {
  StoreEdit edit = StoreEdit::ls;
  std::string location;  // STORE[#/PATH]
  std::string to;        // of mv: a path in the same store
  int zarr_format = 0;   // of mkgroup in a new store; 0: as it is, or 3
  bool dry_run = false;
};

// {"edit", "location", "zarr_format", "is_consolidated", "nodes": [{"path", "kind", "type",
// "shape", "chunks"}] of ls, "keys": and "bytes": that mv and rm concern}. Throws Error(not_found),
// Error(conflict) for what is there already, Error(unsupported) for zip files.
Json edit_store(const StoreEditOptions& options, const Workplace& workplace);
std::string store_edit_text(const Json& report);

}  // namespace gridmill
