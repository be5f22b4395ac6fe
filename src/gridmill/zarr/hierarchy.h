// hierarchy.h: the groups and arrays of a Zarr store, v2 or v3.
//
// Consolidated metadata (v3 inline in the root's zarr.json, v2 .zmetadata) is used when it is there: one
// read then opens the whole store. Otherwise the store is walked.
#pragma once

#include <string>
#include <vector>

#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

struct ZarrGroup {
  std::string path;  // "" for the root
  Attributes attributes;
};

struct ZarrArray {
  std::string path;
  ArrayMetadata metadata;
};

struct ZarrHierarchy {
  int format = 3;
  bool is_consolidated = false;
  std::vector<ZarrGroup> groups;  // parents before children, in path order
  std::vector<ZarrArray> arrays;  // in path order
};

// Opens what is at `root` inside the store: a group with all below it, or one array. Throws
// Error(not_found) if there is neither; errors name the node.
ZarrHierarchy open_hierarchy(Store& store, const Key& root = Key());

}  // namespace gridmill
