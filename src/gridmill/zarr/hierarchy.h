// hierarchy.h: the groups and arrays of a store, Zarr v2 or v3.
//
// Consolidated metadata (v3 inline in the root's zarr.json, v2 .zmetadata) is used where present,
// so that a store of any size opens in one request; otherwise the store is listed. Whether it is
// stale is not looked into. An array below the root that can't be read, be it damaged, is listed
// with the reason, so that the others can be; so is what a broken zarr.json leaves open to be a
// group, without what lies in it. Errors name the node: Error(not_found) if nothing is there,
// Error(corrupt) for broken metadata of the root and of groups, Error(unsupported) for another Zarr
// format.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gridmill/store/store.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

struct ZarrNode {
  std::string path;       // below the root that was opened: "", "a/b"
  Attributes attributes;  // of a group; an array has its own in its metadata
  std::optional<ArrayMetadata> array;
  // An array whose type, codecs or grid are not supported, or whose metadata are damaged.
  std::optional<UnreadableArray> unreadable = std::nullopt;

  // v3: extensions that are not known, and may be left aside.
  std::vector<std::string> ignored = {};

  bool is_group() const noexcept { return !array && !unreadable; }
};

struct ZarrHierarchy {
  int zarr_format = 3;
  bool is_consolidated = false;
  std::vector<ZarrNode> nodes;  // parents before children; [0] is the root, a group or an array
};

// `root` is a group or array inside the store, the root key for the whole of it.
ZarrHierarchy open_hierarchy(Store& store, const Key& root = {});

// nullopt: no Zarr node there.
std::optional<int> zarr_format_at(Store& store, const Key& root = {});

}  // namespace gridmill
