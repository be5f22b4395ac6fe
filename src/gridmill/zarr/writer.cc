#include "gridmill/zarr/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "gridmill/base/error.h"
#include "gridmill/zarr/documents.h"

namespace gridmill {
namespace {

void put_json(Store& store, const Key& key, const Json& document) {
  store.put(key, as_bytes(dump_json(document)));
}

Json group_v3(const Attributes& attributes) {
  return {{"zarr_format", 3}, {"node_type", "group"}, {"attributes", attributes.to_json()}};
}

Json group_v2() { return {{"zarr_format", 2}}; }

void check_root(const std::vector<ZarrNode>& nodes) {
  if (nodes.empty() || !nodes[0].path.empty() || nodes[0].array) {
    throw Error(ErrorKind::internal, "consolidated metadata without a root group");
  }
}

// Nodes of one group behind each other: zarr-python 3 loses those that others of their depth part
// from the rest of their group.
std::vector<const ZarrNode*> siblings_together(const std::vector<ZarrNode>& nodes) {
  std::vector<const ZarrNode*> ordered;
  for (const ZarrNode& node : nodes) ordered.push_back(&node);
  const auto place = [](const ZarrNode& node) {
    const auto depth = std::count(node.path.begin(), node.path.end(), '/');
    return std::tuple(!node.path.empty(), depth, parent_of(node.path));
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const ZarrNode* a, const ZarrNode* b) { return place(*a) < place(*b); });
  return ordered;
}

// zarr-python gives every group below the root an empty consolidated member, and so reads them
// without looking further.
Json consolidated_v3(const std::vector<ZarrNode>& nodes) {
  Json metadata = Json::object();
  for (const ZarrNode* node : siblings_together(nodes)) {
    if (node->path.empty()) continue;
    if (node->array) {
      metadata[node->path] = array_metadata_to_v3(*node->array);
      continue;
    }
    metadata[node->path] = group_v3(node->attributes);
    metadata[node->path][kConsolidated] = consolidated_member(Json::object());
  }
  Json root = group_v3(nodes[0].attributes);
  root[kConsolidated] = consolidated_member(std::move(metadata));
  return root;
}

Json consolidated_v2(const std::vector<ZarrNode>& nodes) {
  Json metadata = Json::object();
  for (const ZarrNode* node : siblings_together(nodes)) {
    const std::string below = node->path.empty() ? "" : node->path + "/";
    if (node->array) {
      metadata[below + ".zarray"] = array_metadata_to_v2(*node->array);
      metadata[below + ".zattrs"] = array_attributes_to_v2(*node->array);
    } else {
      metadata[below + ".zgroup"] = group_v2();
      metadata[below + ".zattrs"] = node->attributes.to_json();
    }
  }
  return {{"zarr_consolidated_format", 1}, {"metadata", std::move(metadata)}};
}

}  // namespace

void write_group(Store& store, const Key& path, int zarr_format, const Attributes& attributes) {
  if (zarr_format == 3) {
    put_json(store, path / "zarr.json", group_v3(attributes));
    return;
  }
  put_json(store, path / ".zattrs", attributes.to_json());
  put_json(store, path / ".zgroup", group_v2());
}

void write_array(Store& store, const Key& path, const ArrayMetadata& metadata) {
  if (metadata.zarr_format == 3) {
    put_json(store, path / "zarr.json", array_metadata_to_v3(metadata));
    return;
  }
  put_json(store, path / ".zattrs", array_attributes_to_v2(metadata));
  put_json(store, path / ".zarray", array_metadata_to_v2(metadata));
}

void write_consolidated(Store& store, int zarr_format, const std::vector<ZarrNode>& nodes) {
  check_root(nodes);
  if (zarr_format == 3) {
    put_json(store, Key("zarr.json"), consolidated_v3(nodes));
  } else {
    put_json(store, Key(".zmetadata"), consolidated_v2(nodes));
  }
}

}  // namespace gridmill
