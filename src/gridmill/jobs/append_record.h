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
  std::string inputs;    // which they were: a hash
  std::string replaced;  // "2001-01-01 to 2001-01-03"; "": no times are replaced
};

void save_record(Store& store, const AppendRecord& record);
void forget_record(Store& store);
bool has_record(Store& store);

struct SettledAppend {
  bool is_done = false;  // all of it had been stored
  std::string inputs;    // the record's
  std::string said;      // a sentence or two for whoever goes on
};

// Of an append that died: undoes it, or finishes it; nullopt if there was none. Times that it was
// replacing may be old or new, which `said` says. Throws Error(conflict) if somebody has changed
// the documents since.
std::optional<SettledAppend> settle_record(SharedStore& shared);

// Throws Error(conflict) unless all documents are still as they were when the record was made.
void check_unchanged(Store& store, const AppendRecord& record);

}  // namespace gridmill
