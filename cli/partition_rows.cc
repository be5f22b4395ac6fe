#include "cli/partition_rows.h"

namespace gridmill::cli {

std::vector<Option> partition_rows(const std::shared_ptr<ExtractOptions>& options) {
  return {
      values_row("partition", OptionKind::list, "KEY",
                 "make a directory of Parquet files with a folder for each value of these keys: "
                 "year, month, day, name, a dimension of the rows, or a further column of --points",
                 "none", member_of(options, &ExtractOptions::partition)),
      text_row("target-size", "SIZE", "about how large the files of a directory become",
               kTargetSize, member_of(options, &ExtractOptions::target_size)),
      values_row("keep", OptionKind::list, "COLUMN",
                 "further columns of --points that become columns of the table",
                 "those that --partition names", member_of(options, &ExtractOptions::keep)),
  };
}

}  // namespace gridmill::cli
