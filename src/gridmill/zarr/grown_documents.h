// grown_documents.h: the documents of arrays that become longer.
//
// Everything but the lengths stays as it is written, also what nobody here understands.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/store/store.h"

namespace gridmill {

struct NewLength {
  std::string path;  // of the array
  int dimension = 0;
  std::int64_t length = 0;
};

struct DocumentChange {
  Key key;
  Json from, to;
};

// Member by member, NaN like NaN.
bool is_same_document(const Json& a, const Json& b);

// In the order in which they are to be stored: the arrays' own, then those that consolidate them,
// the root's last. Throws Error(conflict) where consolidated metadata are stale, Error(unsupported)
// for chunk grids other than the regular one, Error(corrupt) for documents that are none.
std::vector<DocumentChange> grown_documents(Store& store, int zarr_format,
                                            const std::vector<NewLength>& lengths);

}  // namespace gridmill
