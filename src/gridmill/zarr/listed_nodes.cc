#include "gridmill/zarr/listed_nodes.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

Json* object_member(Json& document, const char* name) {
  if (!document.is_object()) return nullptr;
  const auto found = document.find(name);
  return found != document.end() && found->is_object() ? &*found : nullptr;
}

// Of the nodes below a group; null if it isn't consolidated.
Json* listed_members(Json& document, int zarr_format) {
  if (zarr_format == 2) return object_member(document, "metadata");
  Json* inlined = object_member(document, kConsolidated);
  return inlined == nullptr ? nullptr : object_member(*inlined, "metadata");
}

bool erase_below(Json& members, const std::string& path) {
  std::vector<std::string> gone;
  for (const auto& [name, member] : members.items()) {
    if (name == path || name.starts_with(path + "/")) gone.push_back(name);
  }
  for (const std::string& name : gone) members.erase(name);
  return !gone.empty();
}

// Groups that a v3 document holds may have such documents of their own, inline.
template <class Change>
bool change_inner(Json& members, const std::string& path, Change&& change) {
  bool has_changed = false;
  for (auto& [name, member] : members.items()) {
    if (!path.starts_with(name + "/")) continue;
    has_changed = change(member, path.substr(name.size() + 1)) || has_changed;
  }
  return has_changed;
}

// As zarr-python has it: groups below the root get an empty one of their own, so that they are not
// looked into further.
Json inlined_document(const std::map<std::string, Json>& documents) {
  Json document = documents.at("zarr.json");
  if (document.value("node_type", "") == "group") {
    document[kConsolidated] = consolidated_member(Json::object());
  }
  return document;
}

bool set_member(Json& members, const std::string& name, const Json& document) {
  if (members.contains(name) && members[name] == document) return false;
  members[name] = document;
  return true;
}

// As write_consolidated() has them: nodes of one group behind each other, or zarr-python 3 loses
// some.
void put_siblings_together(Json& members, int zarr_format) {
  std::vector<std::pair<std::string, Json>> ordered;
  for (auto& [name, member] : members.items()) ordered.emplace_back(name, std::move(member));
  const auto place = [zarr_format](const std::string& name) {
    const std::string node = zarr_format == 2 ? parent_of(name) : name;
    return std::tuple(!node.empty(), std::count(node.begin(), node.end(), '/'), parent_of(node));
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const auto& a, const auto& b) { return place(a.first) < place(b.first); });
  members = Json::object();
  for (auto& [name, member] : ordered) members[name] = std::move(member);
}

}  // namespace

bool forget_node(Json& document, int zarr_format, const std::string& path) {
  Json* members = listed_members(document, zarr_format);
  if (members == nullptr) return false;
  const bool has_changed = erase_below(*members, path);
  if (zarr_format == 2) return has_changed;
  return change_inner(*members, path,
                      [&](Json& inner, const std::string& below) {
                        return forget_node(inner, zarr_format, below);
                      }) ||
         has_changed;
}

bool lists_node(Json& document, int zarr_format, const std::string& path) {
  const Json* members = listed_members(document, zarr_format);
  if (members == nullptr) return false;
  if (zarr_format == 3) return members->contains(path);
  return members->contains(node_path(path, ".zgroup")) ||
         members->contains(node_path(path, ".zarray"));
}

bool add_node(Json& document, int zarr_format, const std::string& path,
              const std::map<std::string, Json>& documents) {
  Json* members = listed_members(document, zarr_format);
  if (members == nullptr) return false;
  bool has_changed = false;
  if (zarr_format == 2) {
    for (const auto& [name, content] : documents) {
      has_changed = set_member(*members, node_path(path, name), content) || has_changed;
    }
    if (has_changed) put_siblings_together(*members, zarr_format);
    return has_changed;
  }
  has_changed = set_member(*members, path, inlined_document(documents));
  if (has_changed) put_siblings_together(*members, zarr_format);
  return change_inner(*members, path,
                      [&](Json& inner, const std::string& below) {
                        const Json* own = listed_members(inner, zarr_format);
                        return own != nullptr && !own->empty() &&
                               add_node(inner, zarr_format, below, documents);
                      }) ||
         has_changed;
}

}  // namespace gridmill
