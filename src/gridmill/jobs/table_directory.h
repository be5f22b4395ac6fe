// table_directory.h: a directory that holds a table in parts: refused or promised at the start, and
// known again by its record, `_gridmill.json`.
//
// Readers of Parquet pass over files whose names begin with '_'. The record says which files the
// table consists of; there is no clock in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gridmill/base/json.h"
#include "gridmill/sink/part_writer.h"
#include "gridmill/store/location.h"

namespace gridmill {

inline constexpr std::string_view kTableRecord = "_gridmill.json";

// `path` without slashes at its end: the directory itself.
std::string directory_path(const std::string& path);

// Throws Error(conflict) if `path` is or lies in one of `inputs` (locations), or holds one; if it
// exists and `overwrite` is false, or isn't a table of ours with nothing else in it;
// Error(not_found) if its parent is missing. Call it before any work.
void check_output_directory(Files& files, const std::string& path, bool overwrite,
                            const std::vector<std::string>& inputs);

// Once more, when the new table is about to replace what is there: throws Error(conflict) if that
// isn't a table of ours with nothing else in it. Nothing being there is fine.
void check_still_ours(Files& files, const std::string& path);

// {"gridmill_table": 1, ..., "parts": [{"path", "rows", "bytes", "hash"}]}
Json table_record(const Json& about, const std::vector<TablePart>& parts);

// nullopt: there is none that can be read.
std::optional<Json> load_table_record(Files& files, const std::string& directory);
// {"path", "rows", "bytes", "hash"}, as a record lists it.
Json part_of_record(const std::string& path, std::int64_t rows, const ManifestEntry& entry);
// Files that others have taken the place of: {"went": [path], "came": [part]} each. The parts that
// came stand where the first one stood that went. Replacing them once more changes nothing.
void replace_parts(Json& record, const std::vector<Json>& replaced);

}  // namespace gridmill
