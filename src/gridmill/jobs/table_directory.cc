#include "gridmill/jobs/table_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/store/zip_store.h"

namespace gridmill {
namespace {

constexpr std::int64_t kTableFormat = 1;

bool lies_in(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

void check_apart(Files& files, const std::string& path, const std::vector<std::string>& inputs) {
  const std::string output = files.absolute(path);
  for (const std::string& text : inputs) {
    const std::string input = files.absolute(parse_location(text).path);
    if (lies_in(output, input)) {
      throw Error(ErrorKind::conflict, fmt::format("the output {} is the input {} or lies in it; "
                                                   "choose another output",
                                                   path, text));
    }
    if (lies_in(input, output)) {
      throw Error(ErrorKind::conflict, fmt::format("the input {} lies in the output {}; choose "
                                                   "another output",
                                                   text, path));
    }
  }
}

// The files that the directory's record names; nullopt: it has none that can be read.
std::optional<std::set<std::string>> recorded_files(Files& files, const std::string& directory) {
  const auto record = load_table_record(files, directory);
  if (!record) return std::nullopt;
  std::set<std::string> names{std::string(kTableRecord)};
  for (const Json& part : record->at("parts")) names.insert(part.at("path").get<std::string>());
  return names;
}

// What lies in it beside the files that are known, "" if nothing does.
std::string first_stranger(Files& files, const std::string& directory, const std::string& below,
                           const std::set<std::string>& known) {
  for (const DirectoryEntry& entry : files.list(directory + "/" + below)) {
    const std::string name = below.empty() ? entry.name : below + "/" + entry.name;
    if (entry.is_directory) {
      std::string found = first_stranger(files, directory, name, known);
      if (!found.empty()) return found;
    } else if (!known.contains(name)) {
      return name;
    }
  }
  return "";
}

// Throws for what is no directory.
bool is_there(Files& files, const std::string& directory) {
  const auto existing = files.status(directory);
  if (existing && !existing->is_directory) {
    throw Error(ErrorKind::conflict,
                fmt::format("the output {} exists and is no directory", directory));
  }
  return existing.has_value();
}

void check_ours(Files& files, const std::string& path) {
  if (files.list(path).empty()) return;
  const auto known = recorded_files(files, path);
  if (!known) {
    throw Error(ErrorKind::conflict,
                fmt::format("the directory {} is no table of ours (it has no {} that can be read): "
                            "nothing of it is replaced; choose another output",
                            path, kTableRecord));
  }
  const std::string stranger = first_stranger(files, path, "", *known);
  if (stranger.empty()) return;
  throw Error(ErrorKind::conflict,
              fmt::format("{}/{} is no part of the table that is to be replaced: move it away, or "
                          "choose another output",
                          path, stranger));
}

}  // namespace

std::string directory_path(const std::string& path) {
  std::string directory = path;
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  return directory;
}

void check_output_directory(Files& files, const std::string& path, bool overwrite,
                            const std::vector<std::string>& inputs) {
  const std::string directory = directory_path(path);
  const std::string absolute = files.absolute(directory);
  if (is_zip_name(absolute)) {
    throw Error(ErrorKind::invalid,
                fmt::format("{}: a table in parts is a directory, not a zip file", directory));
  }
  if (absolute == "/") throw Error(ErrorKind::invalid, "the output can't be the root directory");
  check_apart(files, directory, inputs);
  const std::string parent = absolute.substr(0, std::max<std::size_t>(1, absolute.rfind('/')));
  if (!files.status(parent)) {
    throw Error(
        ErrorKind::not_found,
        fmt::format("the directory {} for the output {} does not exist", parent, directory));
  }
  if (!overwrite && is_there(files, directory)) {
    throw Error(ErrorKind::conflict,
                fmt::format("{} exists already; give --overwrite to replace it", directory));
  }
  check_still_ours(files, directory);
}

void check_still_ours(Files& files, const std::string& path) {
  const std::string directory = directory_path(path);
  if (is_there(files, directory)) check_ours(files, directory);
}

Json table_record(const Json& about, const std::vector<TablePart>& parts) {
  Json record{{"gridmill_table", kTableFormat}};
  record.update(about);
  Json listed = Json::array();
  for (const TablePart& part : parts) {
    listed.push_back(part_of_record(part.record.key, part.rows, *part.record.entry));
  }
  record["parts"] = std::move(listed);
  return record;
}

Json part_of_record(const std::string& path, std::int64_t rows, const ManifestEntry& entry) {
  return {{"path", path}, {"rows", rows}, {"bytes", entry.size}, {"hash", to_hex(entry.hash)}};
}

std::optional<Json> load_table_record(Files& files, const std::string& directory) {
  const auto file = files.open(fmt::format("{}/{}", directory, kTableRecord));
  if (file == nullptr) return std::nullopt;
  std::string text(static_cast<std::size_t>(file->status().size), '\0');
  if (file->read_at(0, std::as_writable_bytes(std::span(text))) != text.size()) {
    throw Error(ErrorKind::unavailable,
                fmt::format("{}/{} shrank while it was read", directory, kTableRecord));
  }
  try {
    Json record = parse_json(text);
    if (json_int(record, "gridmill_table", kTableRecord) != kTableFormat) return std::nullopt;
    for (const Json& part : json_member(record, "parts", kTableRecord)) {
      (void)json_string(part, "path", kTableRecord);
      (void)json_int(part, "rows", kTableRecord);
    }
    return record;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void replace_parts(Json& record, const std::vector<Json>& replaced) {
  std::map<std::string, std::size_t> went;  // path: which of `replaced` took its place
  for (std::size_t i = 0; i < replaced.size(); ++i) {
    for (const Json& path : replaced[i].at("went")) went[path.get<std::string>()] = i;
    for (const Json& part : replaced[i].at("came")) went[part.at("path").get<std::string>()] = i;
  }
  std::vector<bool> has_come(replaced.size(), false);
  Json parts = Json::array();
  const auto put = [&](std::size_t i) {
    if (has_come[i]) return;
    has_come[i] = true;
    for (const Json& part : replaced[i].at("came")) parts.push_back(part);
  };
  for (const Json& part : record.at("parts")) {
    const auto found = went.find(part.at("path").get<std::string>());
    if (found == went.end()) {
      parts.push_back(part);
    } else {
      put(found->second);
    }
  }
  for (std::size_t i = 0; i < replaced.size(); ++i) put(i);
  std::int64_t rows = 0;
  for (const Json& part : parts) rows += part.at("rows").get<std::int64_t>();
  record["parts"] = std::move(parts);
  record["rows"] = rows;
}

}  // namespace gridmill
