#include "gridmill/zarr/grown_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "gridmill/base/error.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

class Grower {
 public:
  Grower(Store& store, int zarr_format, const std::vector<NewLength>& lengths)
      : store_(store), is_v2_(zarr_format == 2), lengths_(lengths) {}

  std::vector<DocumentChange> changes() {
    std::set<std::string> groups;
    for (const NewLength& length : lengths_) {
      grow_own(length);
      for (std::string group = length.path; !group.empty();) {
        group = parent_of(group);
        groups.insert(group);
      }
    }
    std::vector<std::string> deepest_first(groups.rbegin(), groups.rend());
    std::stable_sort(deepest_first.begin(), deepest_first.end(), [](const auto& a, const auto& b) {
      return std::count(a.begin(), a.end(), '/') + !a.empty() >
             std::count(b.begin(), b.end(), '/') + !b.empty();
    });
    for (const std::string& group : deepest_first) grow_consolidated(group);
    return std::move(changes_);
  }

 private:
  void grow_own(const NewLength& length) {
    const Key key = Key(length.path) / (is_v2_ ? ".zarray" : "zarr.json");
    const auto document = read_document(store_, key);
    if (!document) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} of {} is not there", key.text(), store_.describe()));
    }
    check_is_regular(*document, key.text());
    Json grown = *document;
    set_length(grown, length, key.text());
    old_shapes_[length.path] = document->at("shape");
    changes_.push_back({key, *document, std::move(grown)});
  }

  // Edges that are named end where the array does.
  void check_is_regular(const Json& document, const std::string& where) const {
    const Json grid = document.value("chunk_grid", Json());
    const Json name = grid.is_object() ? grid.value("name", Json()) : grid;
    if (is_v2_ || name == "regular") return;
    throw Error(
        ErrorKind::unsupported,
        fmt::format("{} of {} has chunk grid {}, which can't grow: make the store anew with "
                    "a regular one, gridmill convert",
                    where, store_.describe(), name.dump()));
  }

  void set_length(Json& document, const NewLength& length, const std::string& where) const {
    const bool is_array = document.is_object() && document.contains("shape") &&
                          document["shape"].is_array() &&
                          document["shape"].size() > static_cast<std::size_t>(length.dimension);
    if (!is_array) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("{} of {} has no such shape", where, store_.describe()));
    }
    document["shape"][static_cast<std::size_t>(length.dimension)] = length.length;
  }

  void grow_consolidated(const std::string& group) {
    const Key key = Key(group) / (is_v2_ ? ".zmetadata" : "zarr.json");
    const auto document = read_document(store_, key);
    if (!document || !document->is_object()) return;
    Json grown = *document;
    if (is_v2_) {
      grow_members(grown, "metadata", group, "/.zarray", key.text());
    } else {
      grow_inline(grown, group, key.text());
    }
    if (!is_same_document(grown, *document)) changes_.push_back({key, *document, std::move(grown)});
  }

  // Groups inside may have consolidated metadata of their own, inline.
  void grow_inline(Json& document, const std::string& group, const std::string& where) {
    const auto found = document.find(kConsolidated);
    if (found == document.end() || !found->is_object()) return;
    grow_members(*found, "metadata", group, "", where);
    const auto members = found->find("metadata");
    if (members == found->end() || !members->is_object()) return;
    for (auto& [name, member] : members->items()) {
      if (member.is_object()) grow_inline(member, node_path(group, name), where);
    }
  }

  void grow_members(Json& document, const char* name, const std::string& group, const char* suffix,
                    const std::string& where) {
    const auto members = document.find(name);
    if (members == document.end() || !members->is_object()) return;
    for (const NewLength& length : lengths_) {
      const bool is_below = group.empty() || length.path.starts_with(group + "/");
      if (!is_below) continue;
      const std::string below = group.empty() ? length.path : length.path.substr(group.size() + 1);
      const auto member = members->find(below + suffix);
      if (member == members->end()) continue;
      check_is_fresh(*member, length, where);
      set_length(*member, length, where);
    }
  }

  void check_is_fresh(const Json& member, const NewLength& length, const std::string& where) const {
    if (member.is_object() && member.value("shape", Json()) == old_shapes_.at(length.path)) return;
    throw Error(ErrorKind::conflict,
                fmt::format("{} of {} has another shape of {} than the array itself: bring it up "
                            "to date first, {}",
                            where, store_.describe(), length.path,
                            where == "zarr.json" || where == ".zmetadata"
                                ? "gridmill store consolidate"
                                : "with what consolidated that group (zarr.consolidate_metadata)"));
  }

  Store& store_;
  const bool is_v2_;
  const std::vector<NewLength>& lengths_;
  std::map<std::string, Json> old_shapes_;
  std::vector<DocumentChange> changes_;
};

}  // namespace

bool is_same_document(const Json& a, const Json& b) { return dump_json(a, -1) == dump_json(b, -1); }

std::vector<DocumentChange> grown_documents(Store& store, int zarr_format,
                                            const std::vector<NewLength>& lengths) {
  return Grower(store, zarr_format, lengths).changes();
}

}  // namespace gridmill
