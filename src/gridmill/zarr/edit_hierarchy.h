// edit_hierarchy.h: groups and arrays of a store that exists: made, moved, removed, and all
// metadata put into one document.
//
// Documents are kept as they stand, also those of arrays that can't be read here. A store that was
// consolidated is so again in the end. A crash in between leaves a store that is valid node by
// node; consolidate() brings its one document up to date. One editor at a time.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/store/store.h"

namespace gridmill {

// A node as it is stored: its path and its documents by file name ("zarr.json"; ".zarray",
// ".zattrs").
struct StoredNode {
  std::string path;
  std::map<std::string, Json> documents;
  bool is_array() const;
  Json attributes() const;  // an object, empty where there are none
};

class HierarchyEditor {
 public:
  // `zarr_format`: of a store that is empty, which gets its root group with its first group.
  // `before_change` is called once what is asked for has been found possible; false: nothing is
  // changed after all. Throws Error(invalid)
  // if the store has another format, Error(conflict) if it holds what is no Zarr.
  HierarchyEditor(
      Store& store, int zarr_format, std::function<bool()> before_change = [] { return true; });

  int zarr_format() const noexcept { return zarr_format_; }
  bool is_consolidated() const;

  // All nodes, found by listing: parents before children.
  std::vector<StoredNode> nodes();
  // Without those below it. nullopt: there is no node.
  std::optional<StoredNode> node_at(const std::string& path);
  // The nodes directly below a group, found by listing.
  std::vector<StoredNode> children(const std::string& path);
  // With the groups above it that aren't there. Error(conflict) if there is a node, or an array
  // above it.
  void make_group(const Key& path);
  // For a group that comes from elsewhere. Throws Error(conflict) for an array at `path` or above
  // it, Error(invalid) for a name that no node may have.
  void check_room_for_group(const Key& path);
  // The groups above it that aren't there; in no consolidated document so far. Returns the path of
  // the first that was made, or `path`.
  std::string make_parents(const Key& path);
  // With all that lies below. Error(not_found) without a node at `from`, Error(conflict) with one
  // at `to`, Error(invalid) into itself. The groups above `to` are made.
  void move(const Key& from, const Key& to);
  // With all that lies below. Error(not_found).
  void remove(const Key& path);
  void consolidate();
  // The consolidated documents of the root, and of groups on the way that have one of their own,
  // say no more of these nodes nor of what lies below them; nothing else in them changes. The
  // nodes stay.
  void unlist(const std::vector<std::string>& paths);
  // The reverse: they say of these nodes, and of what lies below, what is stored by now. A group
  // without a consolidated document gets none.
  void list(const std::vector<std::string>& paths);

 private:
  void add_children(const std::string& path, std::vector<StoredNode>& nodes, int depth);
  void change_listing(const std::string& group, const std::function<bool(Json&)>& change);
  void check_parents(const Key& path);
  void check_movable(const Key& from, const Key& to);

  Store& store_;
  int zarr_format_;
  const std::function<bool()> before_change_;
};

}  // namespace gridmill
