#include "gridmill/jobs/input_identity.h"

#include <fmt/format.h>

#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/store/manifest.h"

namespace gridmill {
namespace {

// The file that changes when the input does.
std::pair<std::string, FileStatus> telling_file(Files& files, const std::string& path) {
  const auto status = files.status(path);
  if (!status) throw Error(ErrorKind::not_found, fmt::format("there is no {}", path));
  if (!status->is_directory) return {path, *status};
  const std::string manifest = fmt::format("{}.gridmill/{}", path, kManifestKey);
  if (const auto there = files.status(manifest)) return {manifest, *there};
  for (const char* name : {".zmetadata", "zarr.json", ".zgroup", ".zarray"}) {
    const std::string document = path + "/" + name;
    if (const auto there = files.status(document)) return {document, *there};
  }
  return {path, *status};
}

}  // namespace

Json input_identity(Files& files, const Location& location) {
  const auto [path, status] = telling_file(files, files.absolute(location.path));
  return {{"location", location.path + (location.node.empty() ? "" : "#/" + location.node)},
          {"path", path},
          {"size", status.size},
          {"modified_ns", status.modified_ns}};
}

Json input_identities(Files& files, const std::vector<std::string>& locations) {
  Json identities = Json::array();
  for (const std::string& text : locations) {
    identities.push_back(input_identity(files, parse_location(text)));
  }
  return identities;
}

}  // namespace gridmill
