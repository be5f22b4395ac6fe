// documents.h: what reading, writing and editing a hierarchy share: its JSON documents and their
// places.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/store/store.h"

namespace gridmill {

inline constexpr int kMostGroupDepth = 64;  // of groups in groups

// The member of a v3 root that holds the metadata of all nodes.
inline constexpr const char* kConsolidated = "consolidated_metadata";
Json consolidated_member(Json metadata);

// nullopt where nothing is stored. Error(corrupt), with key and store, for what is no JSON.
std::optional<Json> read_document(Store& store, const Key& key);

// Throws Error(unsupported) for a member that is not `known` and doesn't say that it may be left
// aside ("must_understand": false).
void refuse_unknown_members(const Json& document, std::span<const std::string_view> known);

// Members that say that they may be left aside, but for consolidated metadata.
std::vector<std::string> ignored_members(const Json& document);
// Error(corrupt) for a member that says of itself that it may be left aside, where v3 allows none.
void refuse_optional_member(const Json& document, const char* name);

// Whether a node's document is called so, in any format: no node is.
bool is_document_name(std::string_view name);

// "a/b" of "a" and "b"; the root is "".
std::string node_path(const std::string& parent, const std::string& name);
std::string parent_of(const std::string& path);  // "a" of "a/b"

}  // namespace gridmill
