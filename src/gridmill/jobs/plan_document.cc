#include "gridmill/jobs/plan_document.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/base/version.h"
#include "gridmill/codec/versions.h"
#include "gridmill/formats/format_file.h"
#include "gridmill/jobs/input_identity.h"

namespace gridmill {
namespace {

Json codec_versions() {
  Json versions = Json::object();
  for (const LibraryVersion& library : codec_library_versions()) {
    versions[library.name] = library.version;
  }
  return versions;
}

Json array_document(const ArrayMetadata& metadata) {
  return metadata.zarr_format == 2 ? array_metadata_to_v2(metadata)
                                   : array_metadata_to_v3(metadata);
}

}  // namespace

Json plan_document(const std::string& verb, const std::vector<std::string>& inputs,
                   const ConvertInput& input, const ZarrTarget& target, Files& files) {
  Json arrays = Json::object();
  for (std::size_t i = 0; i < target.arrays.size(); ++i) {
    const Index& begin = input.regions[i].begin;
    arrays[input.selected.variables[i].path()] = {
        {"begin", std::vector<std::int64_t>(begin.begin(), begin.end())},
        {"document", array_document(target.arrays[i].metadata)}};
  }
  return {{"gridmill", kVersion},
          {"verb", verb},
          {"codecs", codec_versions()},
          {"inputs", input_identities(files, inputs)},
          {"arrays", std::move(arrays)}};
}

void check_output(const std::string& output, bool overwrite, Files& files) {
  const Location location = parse_location(output);
  const auto status = files.status(location.path);
  if (!status) return;
  if (!overwrite) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("{} exists; give --overwrite to replace it, or another name", location.path));
  }
  if (!status->is_directory || files.list(location.path).empty()) return;
  if (detect_format(files, location) == FileFormat::zarr) return;
  throw Error(ErrorKind::conflict,
              fmt::format("{} is a directory with something other than a Zarr store: --overwrite "
                          "would remove it all; give another name, or remove it yourself",
                          location.path));
}

}  // namespace gridmill
