#include "gridmill/jobs/input_identity.h"

#include <fmt/format.h>

#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/dataset/dataset_recipe.h"
#include "gridmill/store/manifest.h"

namespace gridmill {
namespace {

// The file that changes when the input does; of a store its first document.
std::pair<std::string, FileStatus> telling_file(Files& files, const std::string& path) {
  const auto status = files.status(path);
  if (!status) throw Error(ErrorKind::not_found, fmt::format("there is no {}", path));
  if (!status->is_directory) return {path, *status};
  for (const char* name : {".zmetadata", "zarr.json", ".zgroup", ".zarray"}) {
    const std::string document = path + "/" + name;
    if (const auto there = files.status(document)) return {document, *there};
  }
  return {path, *status};
}

}  // namespace

Json input_identity(Files& files, const Location& location) {
  const std::string absolute = files.absolute(location.path);
  const std::string node = location.node.empty() ? "" : "/" + location.node;
  const bool is_group = !node.empty() && files.status(absolute + node);
  const auto [path, status] = telling_file(files, is_group ? absolute + node : absolute);
  Json identity{{"location", location.path + (location.node.empty() ? "" : "#/" + location.node)},
                {"path", path},
                {"size", status.size},
                {"modified_ns", status.modified_ns}};
  if (path == absolute) return identity;
  // Another store may have been moved here, with its times; and one of ours tells all its chunks.
  identity["inode"] = status.inode;
  if (is_group) return identity;  // other groups of the store may come and go
  const auto manifest = files.status(fmt::format("{}.gridmill/{}", absolute, kManifestKey));
  if (manifest) {
    identity["manifest"] = {{"size", manifest->size}, {"modified_ns", manifest->modified_ns}};
  }
  return identity;
}

std::string absolute_location(const std::string& text, Files& files) {
  Location location = parse_location(text);
  location.path = files.absolute(location.path);
  return location.text();
}

Json input_identities(Files& files, const std::vector<std::string>& locations) {
  Json identities = Json::array();
  for (const std::string& text : without_indexes(locations)) {
    identities.push_back(input_identity(files, parse_location(text)));
  }
  return identities;
}

}  // namespace gridmill
