#include "gridmill/zarr/hierarchy.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

// Metadata documents are small; a huge one is an attack or a mistake.
constexpr std::int64_t kLargestDocument = std::int64_t{1} << 28;
constexpr int kDeepestGroup = 32;

std::optional<Json> read_json(Store& store, const Key& key) {
  const auto found = store.stat(key);
  if (!found) return std::nullopt;
  return in_context([&] { return fmt::format("{}/{}", store.describe(), key.text()); }, [&] {
    if (found->value_size > kLargestDocument) {
      throw Error(ErrorKind::corrupt, fmt::format("a metadata document of {} bytes",
                                                  found->value_size));
    }
    Buffer bytes;
    if (!store.get(key, bytes)) throw Error(ErrorKind::unavailable, "vanished while being read");
    return std::optional(parse_json(as_text(bytes)));
  });
}

template <class Parse>
void add_node(const std::string& path, Parse&& parse) {
  in_context([&] { return "/" + path; }, parse);
}

// ---- v3

bool is_group(const Json& document) {
  return json_string(document, "node_type", "zarr.json") == "group";
}

void add_v3(ZarrHierarchy& out, const std::string& path, const Json& document) {
  add_node(path, [&] {
    if (json_int(document, "zarr_format", "zarr.json") != 3) {
      throw Error(ErrorKind::corrupt, "zarr.json: zarr_format is not 3");
    }
    if (is_group(document)) {
      out.groups.push_back({path, Attributes::from_json(document.value("attributes", Json::object()))});
    } else {
      out.arrays.push_back({path, parse_array_v3(document)});
    }
  });
}

void walk_v3(Store& store, const Key& root, const Key& at, const std::string& path, int depth,
             ZarrHierarchy& out) {
  if (depth > kDeepestGroup) throw Error(ErrorKind::corrupt, "groups are nested too deeply");
  for (const std::string& name : store.children(at)) {
    const auto document = read_json(store, at / name / "zarr.json");
    if (!document) continue;
    const std::string child = path.empty() ? name : path + "/" + name;
    add_v3(out, child, *document);
    if (is_group(*document)) walk_v3(store, root, at / name, child, depth + 1, out);
  }
}

bool add_consolidated_v3(const Json& root, ZarrHierarchy& out) {
  const Json consolidated = root.value("consolidated_metadata", Json());
  if (!consolidated.is_object() || !consolidated.contains("metadata")) return false;
  std::map<std::string, const Json*> sorted;
  for (const auto& [path, document] : consolidated["metadata"].items()) {
    (void)Key(path);  // keys can't leave the root
    sorted.emplace(path, &document);
  }
  for (const auto& [path, document] : sorted) add_v3(out, path, *document);
  return true;
}

ZarrHierarchy open_v3(Store& store, const Key& root, const Json& document) {
  ZarrHierarchy out;
  out.format = 3;
  add_v3(out, "", document);
  if (!is_group(document)) return out;
  out.is_consolidated = add_consolidated_v3(document, out);
  if (!out.is_consolidated) walk_v3(store, root, root, "", 0, out);
  return out;
}

// ---- v2

void add_v2_array(ZarrHierarchy& out, const std::string& path, const Json& zarray,
                  const std::optional<Json>& zattrs) {
  add_node(path, [&] {
    out.arrays.push_back({path, parse_array_v2(zarray, zattrs.value_or(Json::object()))});
  });
}

void add_v2_group(ZarrHierarchy& out, const std::string& path, const std::optional<Json>& zattrs) {
  add_node(path, [&] {
    out.groups.push_back({path, Attributes::from_json(zattrs.value_or(Json::object()))});
  });
}

void walk_v2(Store& store, const Key& at, const std::string& path, int depth, ZarrHierarchy& out) {
  if (depth > kDeepestGroup) throw Error(ErrorKind::corrupt, "groups are nested too deeply");
  for (const std::string& name : store.children(at)) {
    const Key child_key = at / name;
    const std::string child = path.empty() ? name : path + "/" + name;
    if (const auto zarray = read_json(store, child_key / ".zarray")) {
      add_v2_array(out, child, *zarray, read_json(store, child_key / ".zattrs"));
    } else if (read_json(store, child_key / ".zgroup")) {
      add_v2_group(out, child, read_json(store, child_key / ".zattrs"));
      walk_v2(store, child_key, child, depth + 1, out);
    }
  }
}

// "a/b/.zarray" -> ("a/b", ".zarray").
std::pair<std::string, std::string> split_document_key(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  if (slash == std::string::npos) return {"", key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

void add_consolidated_v2(const Json& zmetadata, ZarrHierarchy& out) {
  struct Documents {
    const Json* zarray = nullptr;
    const Json* zgroup = nullptr;
    std::optional<Json> zattrs;
  };
  std::map<std::string, Documents> nodes;
  for (const auto& [key, document] : json_member(zmetadata, "metadata", ".zmetadata").items()) {
    const auto [path, name] = split_document_key(key);
    (void)Key(path);
    Documents& node = nodes[path];
    if (name == ".zarray") node.zarray = &document;
    if (name == ".zgroup") node.zgroup = &document;
    if (name == ".zattrs") node.zattrs = document;
  }
  for (const auto& [path, node] : nodes) {
    if (node.zarray != nullptr) add_v2_array(out, path, *node.zarray, node.zattrs);
    if (node.zgroup != nullptr) add_v2_group(out, path, node.zattrs);
  }
}

std::optional<ZarrHierarchy> open_v2(Store& store, const Key& root) {
  ZarrHierarchy out;
  out.format = 2;
  if (const auto zarray = read_json(store, root / ".zarray")) {
    add_v2_array(out, "", *zarray, read_json(store, root / ".zattrs"));
    return out;
  }
  if (const auto zmetadata = read_json(store, root / ".zmetadata")) {
    add_consolidated_v2(*zmetadata, out);
    out.is_consolidated = true;
    return out;
  }
  if (!read_json(store, root / ".zgroup")) return std::nullopt;
  add_v2_group(out, "", read_json(store, root / ".zattrs"));
  walk_v2(store, root, "", 0, out);
  return out;
}

}  // namespace

ZarrHierarchy open_hierarchy(Store& store, const Key& root) {
  if (const auto document = read_json(store, root / "zarr.json")) {
    return open_v3(store, root, *document);
  }
  if (auto found = open_v2(store, root)) return *std::move(found);
  throw Error(ErrorKind::not_found,
              fmt::format("{} holds no Zarr group or array{}", store.describe(),
                          root.is_root() ? "" : " at " + root.text()));
}

}  // namespace gridmill
