// compact_table.h: `gridmill table compact DIR`: small files of a table in a directory become few
// large ones.
//
// In each folder the files that are smaller than half of the target and stand next to each other in
// the order of their names are merged, rows behind rows, into files of about the target size; what
// is larger stays. So each row keeps its place in a folder that is read in that order. A merged
// file has a name that none had before: who has listed the old ones finds them or nothing, never
// the rows of others under their names.
//
// All folders are looked at before the first is changed. Each one is then replaced in one step
// (store/folder_swap.h), and the table's record (table_directory.h) follows; a run that dies leaves
// whole folders, old or new, and the next one settles the rest.
#pragma once

#include <string>

#include "gridmill/base/json.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill {

struct CompactOptions {
  std::string directory;
  std::string target_size;  // "": kTargetSize (extract.h)
  bool dry_run = false;
  Resources resources = default_resources();
};

// {"table", "target_bytes", "dry_run", "folders", "files_before", "files_after", "bytes_before",
// "bytes_after", "compacted": [{"folder", "files_before", "files_after", "bytes_before",
// "bytes_after", "files_merged", "rows"}]}. Of a dry run what is after is an estimate, and rows are
// null. Throws Error(conflict) if somebody else writes the table, Error(corrupt) if files that were
// to be merged differ in more than their rows, Error(invalid) if the memory is too little.
Json compact_table(const CompactOptions& options, const Workplace& workplace);
std::string compact_text(const Json& report);

// Whatever a compaction of `directory` that died has left to do. Nothing, as a rule.
void settle_compaction(Files& files, const std::string& directory);

}  // namespace gridmill
