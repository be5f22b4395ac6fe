// group_placement.h: a store that was built elsewhere becomes a group of one that exists, or of a
// new one.
//
// It grows in STORE.gridmill/groups/, and nobody is kept from the store meanwhile: others write
// other groups. At the end, for a moment, the store is locked; the group comes to its place in one
// rename (an exchange, if it replaces an old one), and then the store's consolidated documents name
// it, and its manifest has its chunks. Readers find all of it or nothing. A run that died behind
// the rename is settled by whoever writes the same group next; the store's manifest is gone then.
#pragma once

#include <memory>

#include "gridmill/store/location.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/clock.h"

namespace gridmill {

// `location` has a node. `files` and `clock` must outlive it. begin() waits half a minute for who
// writes into the store, then throws Error(conflict); the store is locked from then until end().
std::shared_ptr<Placement> group_placement(Files& files, const Clock& clock,
                                           const Location& location, int zarr_format);

// Before anything is written, where there is a folder at location.path: Error(conflict) for what is
// no Zarr store, for an array at the group's place or above it, for other things that lie there,
// and for a group that may not be overwritten (an unfinished run of the same group decides that
// later); Error(invalid) for a store of another format (0: any) or a name that no node may have.
void check_group_output(Files& files, const Location& location, int zarr_format, bool overwrite);

// Of the store, or 0 if there is none.
int zarr_format_around(Files& files, const Location& location);

}  // namespace gridmill
