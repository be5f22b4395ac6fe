#include "gridmill/zarr/hierarchy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gridmill/base/error.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

Key below(const Key& root, const std::string& path) { return path.empty() ? root : root / path; }

std::string named(const std::string& path) { return path.empty() ? "the root" : path; }

constexpr std::array<std::string_view, 4> kGroupMembers{"zarr_format", "node_type", "attributes",
                                                        kConsolidated};

template <class Action>
auto at_node(const std::string& path, Action&& action) {
  return in_context([&] { return "Zarr node " + named(path); }, std::forward<Action>(action));
}

void check_format_3(const Json& document) {
  if (json_int(document, "zarr_format", "zarr.json") == 3) return;
  throw Error(ErrorKind::unsupported,
              fmt::format("Zarr format {} is not supported", document["zarr_format"].dump()));
}

// One array that can't be read must not hide the others.
template <class Read, class List>
void read_array(ZarrNode& node, Read&& read, List&& list) {
  try {
    node.array = read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unsupported) throw;
    node.unreadable = list(error.message());
  }
}

// Nor must one that is damaged, but where it is all that there is.
template <class Read>
ZarrNode damage_listed(const std::string& path, Read&& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt || path.empty()) throw;
    ZarrNode node{path, {}, {}, {}};
    node.unreadable = UnreadableArray{ErrorKind::corrupt, {}, {}, {}, error.message()};
    return node;
  }
}

bool is_group_document(const Json& document) {
  return document.is_object() && document.value("node_type", Json()) == "group";
}

// As read_document, its errors shorter by the store.
std::optional<Json> read_own(Store& store, const Key& node, const char* name) {
  try {
    return read_document(store, node / name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    throw Error(
        ErrorKind::corrupt,
        fmt::format("{}: {}", node.is_root() ? name : (node / name).text(), error.message()));
  }
}

ZarrNode whole_node_from_v3(const std::string& path, const Json& document) {
  return at_node(path, [&] {
    ZarrNode node{path, {}, {}, {}};
    const std::string type = json_string(document, "node_type", "zarr.json");
    node.ignored = ignored_members(document);
    if (type == "array") {
      read_array(
          node, [&] { return array_metadata_from_v3(document); },
          [&](std::string reason) {
            check_format_3(document);
            return unreadable_array_from_v3(document, std::move(reason));
          });
      return node;
    }
    if (type != "group") {
      throw Error(ErrorKind::corrupt, fmt::format("node_type \"{}\" is unknown", type));
    }
    check_format_3(document);
    refuse_unknown_members(document, kGroupMembers);
    if (document.contains("attributes")) {
      node.attributes = Attributes::from_json(document["attributes"]);
    }
    return node;
  });
}

ZarrNode node_from_v3(const std::string& path, const Json& document) {
  if (is_group_document(document)) return whole_node_from_v3(path, document);
  return damage_listed(path, [&] { return whole_node_from_v3(path, document); });
}

ZarrNode array_node_v2(const std::string& path, const Json& document, const Json& attributes) {
  return at_node(path, [&] {
    ZarrNode node{path, {}, {}, {}};
    read_array(
        node, [&] { return array_metadata_from_v2(document, attributes); },
        [&](std::string reason) {
          return unreadable_array_from_v2(document, attributes, std::move(reason));
        });
    return node;
  });
}

ZarrNode group_node_v2(const std::string& path, const Json& attributes) {
  return at_node(path, [&] { return ZarrNode{path, Attributes::from_json(attributes), {}, {}}; });
}

// Parents before children, otherwise in the order of the document.
void sort_parents_first(std::vector<ZarrNode>& nodes) {
  const auto depth = [](const ZarrNode& node) {
    return node.path.empty() ? 0 : 1 + std::count(node.path.begin(), node.path.end(), '/');
  };
  std::stable_sort(nodes.begin(), nodes.end(),
                   [&](const ZarrNode& a, const ZarrNode& b) { return depth(a) < depth(b); });
}

void add_consolidated_v3(const Json& consolidated, std::vector<ZarrNode>& nodes) {
  const Json& metadata = json_member(consolidated, "metadata", "consolidated_metadata");
  if (!metadata.is_object()) {
    throw Error(ErrorKind::corrupt, "consolidated_metadata holds no object of nodes");
  }
  for (const auto& [path, document] : metadata.items()) {
    if (Key(path).is_root()) continue;
    nodes.push_back(node_from_v3(path, document));
  }
}

// "a/b/.zarray" -> "a/b" if it ends with `suffix`.
std::optional<std::string> path_before(const std::string& key, std::string_view suffix) {
  if (key == suffix) return "";
  if (!key.ends_with("/" + std::string(suffix))) return std::nullopt;
  return key.substr(0, key.size() - suffix.size() - 1);
}

void add_consolidated_v2(const Json& document, std::vector<ZarrNode>& nodes) {
  const Json& metadata = json_member(document, "metadata", ".zmetadata");
  if (!metadata.is_object()) throw Error(ErrorKind::corrupt, ".zmetadata holds no object of nodes");
  const auto attributes_of = [&](const std::string& path) {
    const auto found = metadata.find(node_path(path, ".zattrs"));
    return found == metadata.end() ? Json(Json::object()) : *found;
  };
  for (const auto& item : metadata.items()) {
    const std::string& key = item.key();
    const Json& value = item.value();
    if (const auto group = path_before(key, ".zgroup")) {
      static_cast<void>(Key(*group));  // refuses paths that leave the store
      nodes.push_back(group_node_v2(*group, attributes_of(*group)));
    } else if (const auto array = path_before(key, ".zarray")) {
      static_cast<void>(Key(*array));
      nodes.push_back(damage_listed(
          *array, [&] { return array_node_v2(*array, value, attributes_of(*array)); }));
    }
  }
}

// Reads nodes one by one, by listing.
class Lister {
 public:
  Lister(Store& store, Key root, int zarr_format)
      : store_(store), root_(std::move(root)), zarr_format_(zarr_format) {}

  std::optional<ZarrNode> node_at(const std::string& path) {
    const Key key = below(root_, path);
    std::optional<Json> document;
    ZarrNode node = damage_listed(path, [&] {
      document = read_own(store_, key, zarr_format_ == 3 ? "zarr.json" : ".zarray");
      return ZarrNode{path, {}, {}, {}};
    });
    if (node.unreadable) return node;
    if (document && zarr_format_ == 3) return node_from_v3(path, *document);
    if (document) {
      return damage_listed(path,
                           [&] { return array_node_v2(path, *document, attributes_at(key)); });
    }
    if (zarr_format_ == 3 || !read_document(store_, key / ".zgroup")) return std::nullopt;
    return group_node_v2(path, attributes_at(key));
  }

  void add_children(const std::string& path, std::vector<ZarrNode>& nodes, int depth = 0) {
    if (depth > kMostGroupDepth) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("groups are nested deeper than {}", kMostGroupDepth));
    }
    for (const std::string& name : store_.children(below(root_, path))) {
      if (is_document_name(name)) continue;
      auto child = node_at(node_path(path, name));
      if (!child) continue;
      const bool is_group = child->is_group();
      nodes.push_back(std::move(*child));
      if (is_group) add_children(node_path(path, name), nodes, depth + 1);
    }
  }

 private:
  Json attributes_at(const Key& key) {
    return read_own(store_, key, ".zattrs").value_or(Json(Json::object()));
  }

  Store& store_;
  Key root_;
  int zarr_format_;
};

std::optional<ZarrHierarchy> open_v3(Store& store, const Key& root) {
  const auto document = read_document(store, root / "zarr.json");
  if (!document) return std::nullopt;
  ZarrHierarchy hierarchy;
  hierarchy.nodes.push_back(node_from_v3("", *document));
  if (!hierarchy.nodes[0].is_group()) return hierarchy;
  const auto consolidated = document->find("consolidated_metadata");
  const bool is_inline = consolidated != document->end() && consolidated->is_object() &&
                         consolidated->value("kind", Json("inline")) == Json("inline");
  if (is_inline) {
    hierarchy.is_consolidated = true;
    add_consolidated_v3(*consolidated, hierarchy.nodes);
  } else {
    Lister(store, root, 3).add_children("", hierarchy.nodes);
  }
  return hierarchy;
}

std::optional<ZarrHierarchy> open_v2(Store& store, const Key& root) {
  ZarrHierarchy hierarchy;
  hierarchy.zarr_format = 2;
  if (const auto consolidated = read_document(store, root / ".zmetadata")) {
    hierarchy.is_consolidated = true;
    add_consolidated_v2(*consolidated, hierarchy.nodes);
    sort_parents_first(hierarchy.nodes);
    if (hierarchy.nodes.empty() || !hierarchy.nodes[0].path.empty()) {
      throw Error(ErrorKind::corrupt, ".zmetadata does not describe the root");
    }
    return hierarchy;
  }
  Lister lister(store, root, 2);
  auto node = lister.node_at("");
  if (!node) return std::nullopt;
  hierarchy.nodes.push_back(std::move(*node));
  if (hierarchy.nodes[0].is_group()) lister.add_children("", hierarchy.nodes);
  return hierarchy;
}

}  // namespace

ZarrHierarchy open_hierarchy(Store& store, const Key& root) {
  return in_context(
      [&] { return store.describe(); },
      [&] {
        auto hierarchy = open_v3(store, root);
        if (!hierarchy) hierarchy = open_v2(store, root);
        if (!hierarchy) {
          throw Error(
              ErrorKind::not_found,
              fmt::format("no Zarr group or array at {} (neither zarr.json nor .zgroup, .zarray "
                          "or .zmetadata)",
                          named(root.text())));
        }
        sort_parents_first(hierarchy->nodes);
        return std::move(*hierarchy);
      });
}

std::optional<int> zarr_format_at(Store& store, const Key& root) {
  if (store.stat(root / "zarr.json")) return 3;
  for (const char* name : {".zgroup", ".zarray", ".zmetadata"}) {
    if (store.stat(root / name)) return 2;
  }
  return std::nullopt;
}

}  // namespace gridmill
