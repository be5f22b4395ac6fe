#include "gridmill/zarr/writer.h"

#include <algorithm>

namespace gridmill {
namespace {

class Writer {
 public:
  Writer(Store& store, Manifest& manifest) : store_(store), manifest_(manifest) {}

  void put(const Key& key, const Json& document) {
    const std::string text = dump_json(document);
    store_.put(key, as_bytes(text));
    manifest_.replace(key, as_bytes(text));
  }

 private:
  Store& store_;
  Manifest& manifest_;
};

Key node_key(const std::string& path, const char* name) {
  return path.empty() ? Key(name) : Key(path) / name;
}

std::string node_name(const std::string& path, const char* name) {
  return path.empty() ? name : path + "/" + name;
}

void write_v3(Writer& writer, const ZarrHierarchy& hierarchy) {
  Json consolidated = Json::object();
  const auto remember = [&](const std::string& path, const Json& document) {
    if (!path.empty()) consolidated[path] = document;
  };
  for (const ZarrArray& array : hierarchy.arrays) {
    const Json document = array_to_v3(array.metadata);
    writer.put(node_key(array.path, "zarr.json"), document);
    remember(array.path, document);
  }
  for (auto group = hierarchy.groups.rbegin(); group != hierarchy.groups.rend(); ++group) {
    Json document = group_to_v3(group->attributes);
    remember(group->path, document);
    if (group->path.empty()) {
      document["consolidated_metadata"] = {
          {"kind", "inline"}, {"must_understand", false}, {"metadata", consolidated}};
    }
    writer.put(node_key(group->path, "zarr.json"), document);
  }
}

void write_v2(Writer& writer, const ZarrHierarchy& hierarchy) {
  Json consolidated = Json::object();
  const auto put = [&](const std::string& path, const char* name, const Json& document) {
    consolidated[node_name(path, name)] = document;
    writer.put(node_key(path, name), document);
  };
  for (const ZarrArray& array : hierarchy.arrays) {
    put(array.path, ".zarray", array_to_v2(array.metadata));
    put(array.path, ".zattrs", attributes_to_v2(array.metadata));
  }
  for (auto group = hierarchy.groups.rbegin(); group != hierarchy.groups.rend(); ++group) {
    put(group->path, ".zattrs", group->attributes.to_json());
    put(group->path, ".zgroup", {{"zarr_format", 2}});
  }
  writer.put(Key(".zmetadata"), {{"zarr_consolidated_format", 1}, {"metadata", consolidated}});
}

}  // namespace

void write_metadata(Store& store, const ZarrHierarchy& hierarchy, Manifest& manifest) {
  Writer writer(store, manifest);
  if (hierarchy.format == 3) {
    write_v3(writer, hierarchy);
  } else {
    write_v2(writer, hierarchy);
  }
}

}  // namespace gridmill
