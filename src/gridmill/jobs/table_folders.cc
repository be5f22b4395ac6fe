#include "gridmill/jobs/table_folders.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/formats/utf8_text.h"
#include "gridmill/jobs/table_directory.h"

namespace gridmill {
namespace {

constexpr int kDeepestFolder = 64;

bool is_passed_over(const std::string& name) {
  return name.starts_with('.') || name.starts_with('_') || name.ends_with(".gridmill");
}

// "%20" is a blank in folders' names (sink/partitioning.h).
std::string unescaped(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char* digits = text.data() + i + 1;
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2;
    value += is_escape ? static_cast<char>(code) : text[i];
    if (is_escape) i += 2;
  }
  return value;
}

class FolderSearch {
 public:
  FolderSearch(Files& files, std::string root, std::string name)
      : files_(files), root_(std::move(root)), name_(std::move(name)) {}

  void search(const std::string& path, int depth) {
    if (depth > kDeepestFolder) {
      throw Error(ErrorKind::invalid, fmt::format("{}/{} lies too deep", name_, path));
    }
    TableFolder folder;
    folder.path = path;
    std::vector<std::string> deeper;
    for (const DirectoryEntry& entry : files_.list(at(path))) {
      if (entry.name == kTableRecord && !path.empty()) {
        throw Error(
            ErrorKind::conflict,
            fmt::format("{0}/{1} is a table of its own: name it by itself, {0}/{1}", name_, path));
      }
      if (!is_utf8(entry.name)) folder.odd_name = entry.name;
      folder.has_folders = folder.has_folders || entry.is_directory;
      if (is_passed_over(entry.name)) continue;
      if (entry.is_directory) {
        deeper.push_back(below(path, entry.name));
      } else {
        add(folder, entry.name);
      }
    }
    if (!folder.parquets.empty() || !folder.csvs.empty()) found.push_back(std::move(folder));
    for (const std::string& next : deeper) search(next, depth + 1);
  }

  std::vector<TableFolder> found;

 private:
  static std::string below(const std::string& path, const std::string& name) {
    return path.empty() ? name : fmt::format("{}/{}", path, name);
  }
  std::string at(const std::string& path) const {
    return path.empty() ? root_ : fmt::format("{}/{}", root_, path);
  }

  void add(TableFolder& folder, const std::string& name) {
    const bool is_parquet = name.ends_with(".parquet");
    if (!is_parquet && !name.ends_with(".csv")) return;
    const auto status = files_.status(at(below(folder.path, name)));
    if (!status || status->is_directory || status->is_special) return;
    (is_parquet ? folder.parquets : folder.csvs).push_back({name, *status});
  }

  Files& files_;
  const std::string root_;
  const std::string name_;
};

}  // namespace

std::vector<TableFolder> find_table_folders(Files& files, const std::string& root,
                                            const std::string& name) {
  const auto status = files.status(root);
  if (!status || !status->is_directory) {
    throw Error(ErrorKind::not_found,
                status ? fmt::format("{} is a file: name the directory of a table", name)
                       : fmt::format("there is no directory {}", name));
  }
  FolderSearch search(files, root, name);
  search.search("", 0);
  if (!search.found.empty()) return std::move(search.found);
  throw Error(
      ErrorKind::not_found,
      fmt::format("{} is no table: no .parquet and no .csv file lies in it or below", name));
}

std::vector<std::pair<std::string, std::string>> hive_keys(const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> keys;
  if (folder.empty()) return keys;
  for (const std::string& segment : split(folder, '/')) {
    const std::size_t sign = segment.find('=');
    if (sign == std::string::npos) return {};
    keys.emplace_back(unescaped(segment.substr(0, sign)), unescaped(segment.substr(sign + 1)));
  }
  return keys;
}

}  // namespace gridmill
