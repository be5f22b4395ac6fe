#include "gridmill/jobs/table_guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/formats/utf8_text.h"
#include "gridmill/jobs/table_directory.h"
#include "gridmill/store/stage.h"

namespace gridmill {
namespace {

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

void refuse_part_of_table(Files& files, const std::string& root, const std::string& name) {
  for (std::string above = parent_of(root); !above.empty(); above = parent_of(above)) {
    if (!files.status(fmt::format("{}/{}", above, kTableRecord))) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("{} is a folder of the table {}: name that one", name, above));
  }
  std::string top = root;
  while (top.substr(top.rfind('/') + 1).find('=') != std::string::npos) top = parent_of(top);
  if (top == root) return;
  throw Error(ErrorKind::invalid,
              fmt::format("{} is named like a partition of {}: name that one", name, top));
}

void refuse_indexed(Files& files, const std::string& directory, const std::string& name) {
  for (const char* index : {"_metadata", "_common_metadata", "_delta_log", ".hoodie"}) {
    if (!files.status(fmt::format("{}/{}", directory, index))) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{} has an index of its own, {}/{}, which would name files that have "
                            "gone: let the program that wrote it merge them",
                            name, directory, index));
  }
  const std::string metadata = directory + "/metadata";
  const auto status = files.status(metadata);
  if (!status || !status->is_directory) return;
  for (const DirectoryEntry& entry : files.list(metadata)) {
    if (!entry.name.ends_with(".metadata.json")) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{} is a table of Iceberg ({}/{}), which names its files: let a "
                            "program of Iceberg's merge them",
                            name, metadata, entry.name));
  }
}

}  // namespace

void check_compactable(Files& files, const std::string& root, const std::string& name) {
  // What fails above the table is named by it, too.
  in_context([&] { return name; },
             [&] {
               refuse_part_of_table(files, root, name);
               refuse_indexed(files, root, name);
               refuse_indexed(files, parent_of(root), name);
             });
  if (!has_published(files, root + ".gridmill")) return;
  throw Error(ErrorKind::conflict,
              fmt::format("a run that replaced {} has not ended: do it again with --resume, or "
                          "remove what it left with `gridmill cache gc`",
                          name));
}

void check_folder(const TableFolder& folder, const std::vector<std::string>* known,
                  const std::string& name) {
  if (!folder.odd_name.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("{}/{} holds a name that is not UTF-8, {}: rename it", name,
                            folder.path, with_valid_utf8(folder.odd_name)));
  }
  if (known == nullptr) return;
  for (const SeenFile& file : folder.parquets) {
    const std::string path =
        folder.path.empty() ? file.name : fmt::format("{}/{}", folder.path, file.name);
    if (std::find(known->begin(), known->end(), path) != known->end()) continue;
    throw Error(ErrorKind::conflict,
                fmt::format("{}/{} is none of the files that {} lists as the table's: move it to "
                            "another directory",
                            name, path, kTableRecord));
  }
}

}  // namespace gridmill
