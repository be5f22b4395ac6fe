#include "gridmill/zarr/edit_hierarchy.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/zarr/documents.h"
#include "gridmill/zarr/hierarchy.h"
#include "gridmill/zarr/listed_nodes.h"
#include "gridmill/zarr/writer.h"

namespace gridmill {
namespace {

void put_document(Store& store, const Key& key, const Json& document) {
  store.put(key, as_bytes(dump_json(document)));
}

[[noreturn]] void throw_exists(const StoredNode& node) {
  throw Error(ErrorKind::conflict,
              fmt::format("{} is {} already", node.path, node.is_array() ? "an array" : "a group"));
}

// The specification's rules for nodes' names; what has such a name already can be read.
void check_names(const std::string& path) {
  if (path.empty()) return;  // the root has none
  for (const std::string_view name : split(path, '/')) {
    const bool is_periods = name.find_first_not_of('.') == std::string_view::npos;
    if (!is_periods && !name.starts_with("__") && !is_document_name(name)) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("{}: no node may be called \"{}\" (only periods, two underscores in "
                            "front, or the name of a metadata document)",
                            path, name));
  }
}

// The groups above a node, the root first.
std::vector<std::string> groups_above(std::string path) {
  std::vector<std::string> groups;
  while (!path.empty()) groups.insert(groups.begin(), path = parent_of(path));
  return groups;
}

std::string path_below(const std::string& group, const std::string& path) {
  return group.empty() ? path : path.substr(group.size() + 1);
}

}  // namespace

bool StoredNode::is_array() const {
  if (documents.contains(".zarray")) return true;
  const auto v3 = documents.find("zarr.json");
  return v3 != documents.end() && v3->second.is_object() &&
         v3->second.value("node_type", Json()) == Json("array");
}

Json StoredNode::attributes() const {
  const auto v2 = documents.find(".zattrs");
  if (v2 != documents.end()) return v2->second;
  const auto v3 = documents.find("zarr.json");
  const bool has_any = v3 != documents.end() && v3->second.is_object();
  return has_any ? v3->second.value("attributes", Json::object()) : Json::object();
}

HierarchyEditor::HierarchyEditor(Store& store, int zarr_format, std::function<bool()> before_change)
    : store_(store), zarr_format_(zarr_format), before_change_(std::move(before_change)) {
  if (const auto found = zarr_format_at(store)) {
    if (zarr_format != 0 && zarr_format != *found) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} is Zarr v{}: leave --zarr-format out", store.describe(), *found));
    }
    zarr_format_ = *found;
    return;
  }
  store.list(Key(), [&](const ListEntry& entry) {
    throw Error(ErrorKind::conflict, fmt::format("{} is no Zarr store, but holds {}",
                                                 store.describe(), entry.key.text()));
  });
  if (zarr_format_ == 0) zarr_format_ = 3;
}

bool HierarchyEditor::is_consolidated() const {
  if (zarr_format_ == 2) return store_.stat(Key(".zmetadata")).has_value();
  const auto root = read_document(store_, Key("zarr.json"));
  const auto found = root ? root->find(kConsolidated) : Json::const_iterator();
  return root && found != root->end() && found->is_object();
}

std::optional<StoredNode> HierarchyEditor::node_at(const std::string& path) {
  StoredNode node{path, {}};
  const Key at(path);
  const auto take = [&](const char* name) {
    if (auto document = read_document(store_, at / name)) node.documents[name] = *document;
    return node.documents.contains(name);
  };
  const bool is_there = zarr_format_ == 3 ? take("zarr.json") : take(".zarray") || take(".zgroup");
  if (!is_there) return std::nullopt;
  if (zarr_format_ == 2) take(".zattrs");
  return node;
}

std::vector<StoredNode> HierarchyEditor::children(const std::string& path) {
  std::vector<StoredNode> found;
  for (const std::string& name : store_.children(Key(path))) {
    if (is_document_name(name)) continue;
    if (auto child = node_at(node_path(path, name))) found.push_back(std::move(*child));
  }
  return found;
}

void HierarchyEditor::add_children(const std::string& path, std::vector<StoredNode>& nodes,
                                   int depth) {
  if (depth > kMostGroupDepth) {
    throw Error(ErrorKind::corrupt,
                fmt::format("groups are nested deeper than {}", kMostGroupDepth));
  }
  for (StoredNode& child : children(path)) {
    const std::string child_path = child.path;
    const bool is_array = child.is_array();
    nodes.push_back(std::move(child));
    if (!is_array) add_children(child_path, nodes, depth + 1);
  }
}

std::vector<StoredNode> HierarchyEditor::nodes() {
  std::vector<StoredNode> found;
  auto root = node_at("");
  if (!root) return found;
  const bool is_array = root->is_array();
  found.push_back(std::move(*root));
  if (!is_array) add_children("", found, 0);
  return found;
}

void HierarchyEditor::check_parents(const Key& path) {
  for (std::string above = path.text(); !above.empty();) {
    above = parent_of(above);
    const auto node = node_at(above);
    if (node && node->is_array()) throw_exists(*node);
    if (node) return;
  }
}

// From the root down, so that no group stands where none leads to it.
std::string HierarchyEditor::make_parents(const Key& path) {
  if (path.is_root()) return path.text();
  const Key parent(parent_of(path.text()));
  if (node_at(parent.text())) return path.text();
  std::string first = make_parents(parent);
  write_group(store_, parent, zarr_format_, {});
  return first;
}

void HierarchyEditor::check_room_for_group(const Key& path) {
  check_names(path.text());
  const auto there = node_at(path.text());
  if (there && there->is_array()) throw_exists(*there);
  check_parents(path);
}

void HierarchyEditor::make_group(const Key& path) {
  check_names(path.text());
  if (const auto there = node_at(path.text())) throw_exists(*there);
  const bool was_consolidated = is_consolidated();
  check_parents(path);
  if (!before_change_()) return;
  make_parents(path);
  write_group(store_, path, zarr_format_, {});
  if (was_consolidated) consolidate();
}

void HierarchyEditor::check_movable(const Key& from, const Key& to) {
  if (from.is_root() || to.is_root()) {
    throw Error(ErrorKind::invalid, "the root is the store itself: move its folder");
  }
  if (!node_at(from.text())) {
    throw Error(ErrorKind::not_found, fmt::format("there is no group or array {}", from.text()));
  }
  if ((to.text() + "/").starts_with(from.text() + "/")) {
    throw Error(ErrorKind::invalid, fmt::format("{} can't be moved into itself", from.text()));
  }
  check_names(to.text());
  if (const auto there = node_at(to.text())) throw_exists(*there);
}

void HierarchyEditor::move(const Key& from, const Key& to) {
  check_movable(from, to);
  const bool was_consolidated = is_consolidated();
  check_parents(to);
  if (!before_change_()) return;
  make_parents(to);
  store_.move(from, to);
  if (was_consolidated) consolidate();
}

// Its own documents go first: what is left of it then is no node any more.
void HierarchyEditor::remove(const Key& path) {
  if (path.is_root()) {
    throw Error(ErrorKind::invalid, "the root is the store itself: remove its folder");
  }
  const auto node = node_at(path.text());
  if (!node) {
    throw Error(ErrorKind::not_found, fmt::format("there is no group or array {}", path.text()));
  }
  const bool was_consolidated = is_consolidated();
  if (!before_change_()) return;
  unlist({path.text()});  // first: who finds a node finds its chunks
  for (const auto& [name, document] : node->documents) store_.remove(path / name);
  store_.remove_below(path);
  if (was_consolidated) consolidate();
}

// As zarr-python has it: groups below the root get an empty one of their own, so that they are not
// looked into further.
void HierarchyEditor::consolidate() {
  const std::vector<StoredNode> all = nodes();
  if (all.empty() || all[0].is_array()) {
    throw Error(ErrorKind::invalid, fmt::format("{} has no root group", store_.describe()));
  }
  if (!before_change_()) return;
  Json metadata = Json::object();
  if (zarr_format_ == 2) {
    for (const StoredNode& node : all) {
      for (const auto& [name, document] : node.documents) {
        metadata[node_path(node.path, name)] = document;
      }
    }
    put_document(store_, Key(".zmetadata"),
                 {{"zarr_consolidated_format", 1}, {"metadata", std::move(metadata)}});
    return;
  }
  for (std::size_t i = 1; i < all.size(); ++i) {
    Json document = all[i].documents.at("zarr.json");
    if (!all[i].is_array()) document[kConsolidated] = consolidated_member(Json::object());
    metadata[all[i].path] = std::move(document);
  }
  Json root = all[0].documents.at("zarr.json");
  root[kConsolidated] = consolidated_member(std::move(metadata));
  put_document(store_, Key("zarr.json"), root);
}

void HierarchyEditor::change_listing(const std::string& group,
                                     const std::function<bool(Json&)>& change) {
  const Key key = Key(group) / (zarr_format_ == 2 ? ".zmetadata" : "zarr.json");
  auto document = read_document(store_, key);
  if (document && change(*document)) put_document(store_, key, *document);
}

// The root's first: it is the one that readers open.
void HierarchyEditor::unlist(const std::vector<std::string>& paths) {
  std::set<std::string> groups;
  for (const std::string& path : paths) {
    for (std::string& group : groups_above(path)) groups.insert(std::move(group));
  }
  if (paths.empty() || !before_change_()) return;
  for (const std::string& group : groups) {
    change_listing(group, [&](Json& document) {
      bool has_changed = false;
      for (const std::string& path : paths) {
        if (!group.empty() && !path.starts_with(group + "/")) continue;
        has_changed = forget_node(document, zarr_format_, path_below(group, path)) || has_changed;
      }
      return has_changed;
    });
  }
}

// The root's last: then it is there.
void HierarchyEditor::list(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    auto node = node_at(path);
    if (!node || !before_change_()) continue;
    std::vector<StoredNode> found{std::move(*node)};
    if (!found[0].is_array()) add_children(path, found, 0);
    std::vector<std::string> groups = groups_above(path);
    for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
      change_listing(*group, [&](Json& document) {
        bool has_changed = false;
        for (const StoredNode& each : found) {
          has_changed =
              add_node(document, zarr_format_, path_below(*group, each.path), each.documents) ||
              has_changed;
        }
        return has_changed;
      });
    }
  }
}

}  // namespace gridmill
