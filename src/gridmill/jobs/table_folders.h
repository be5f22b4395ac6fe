// table_folders.h: a table in a directory, as its readers find it: folders, and the files in them.
//
// What begins with '.' or '_' is passed over, as pyarrow, Spark and DuckDB's users do, and so are
// folders that belong to a run (NAME.gridmill). Links to folders are not followed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gridmill/store/folder_swap.h"
#include "gridmill/store/location.h"

namespace gridmill {

enum class TableFormat { parquet, csv };

struct TableFolder {
  std::string path;                // below the table; "": the table itself
  std::vector<SeenFile> parquets;  // in the order of their names
  std::vector<SeenFile> csvs;
  bool has_folders = false;  // of any kind, hidden ones too
  std::string odd_name;      // of something in it, that isn't UTF-8; "": none

  const std::vector<SeenFile>& files(TableFormat format) const {
    return format == TableFormat::parquet ? parquets : csvs;
  }
};

// Those that hold files of a table, in the order of their paths. `root`: absolute; `name`: as it
// was typed. Throws Error(not_found) if there is no such directory or no such file in it, and
// Error(conflict) if a folder in it is a table of its own.
std::vector<TableFolder> find_table_folders(Files& files, const std::string& root,
                                            const std::string& name);

// The keys that Hive's folders say, unescaped: {"year", "2020"}, {"month", "03"}; none for other
// folders.
std::vector<std::pair<std::string, std::string>> hive_keys(const std::string& folder);

}  // namespace gridmill
