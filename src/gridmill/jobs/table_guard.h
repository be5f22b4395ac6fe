// table_guard.h: which tables in a directory can't be compacted, because somebody else keeps a list
// of their files, or because what would be named in notes has no name that notes can hold.
#pragma once

#include <string>
#include <vector>

#include "gridmill/jobs/table_folders.h"

namespace gridmill {

// Throws Error(invalid) if `root` is a folder of a table, and not one itself (the name to write is
// said); Error(conflict) if an index beside the files would name files that have gone (`_metadata`
// of Dask, Delta, Hudi, Iceberg), or if a run that replaced the table has not ended. `name`: as it
// was typed.
void check_compactable(Files& files, const std::string& root, const std::string& name);

// Throws Error(conflict) if the table's record lists some of the folder's files only: `extract
// --overwrite` removes what is listed. Error(invalid) if a name isn't UTF-8. `known`: the paths of
// the record; null if there is none.
void check_folder(const TableFolder& folder, const std::vector<std::string>* known,
                  const std::string& name);

}  // namespace gridmill
