// append_record.h: what an append that is under way notes in the store, so that the next writer can
// tell what one that died has left.
//
// An append stores chunks that nobody sees, then the arrays' documents, then, last, the one by
// which readers find them. Until that last one is stored the append has not happened: it is undone.
// From then on it has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/store/shared_store.h"
#include "gridmill/zarr/grown_documents.h"

namespace gridmill {

struct TouchedRegion {
  std::string path;
  Box box;  // in the array as it is to be
};

struct AppendRecord {
  int zarr_format = 3;
  std::vector<DocumentChange> documents;  // in their order; none: no array grows
  std::vector<TouchedRegion> regions;
};

void save_record(Store& store, const AppendRecord& record);
void forget_record(Store& store);
bool has_record(Store& store);

// Of an append that died: undoes it, or finishes it. Returns a sentence about which; nullopt if
// there was none. Throws Error(conflict) if somebody has changed the documents since.
std::optional<std::string> settle_record(SharedStore& shared);

}  // namespace gridmill
