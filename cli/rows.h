// rows.h: shorthand for the rows of the option tables: where a value goes.
//
// `target` must outlive the row; verbs keep their settings in a shared_ptr and pass an aliasing
// one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/chunk_wish.h"
#include "gridmill/jobs/pack_options.h"
#include "gridmill/jobs/run_account.h"

namespace gridmill::cli {

// on or off
Option switch_row(std::string name, std::string help, std::shared_ptr<bool> target);
// one value, taken as it is
Option text_row(std::string name, std::string value_name, std::string help, std::string fallback,
                std::shared_ptr<std::string> target);
// one value, which `take` reads, and may refuse
Option parsed_row(std::string name, std::string value_name, std::string help, std::string fallback,
                  std::function<void(const std::string&)> take);
// one of the choices
Option choice_row(std::string name, std::string value_name, std::string help, std::string fallback,
                  Values choices, std::shared_ptr<std::string> target);
// a path that a shell can complete
Option file_row(std::string name, std::string help, std::string fallback,
                std::shared_ptr<std::string> target);
Option directory_row(std::string name, std::string help, std::string fallback,
                     std::shared_ptr<std::string> target);
// --output or -o
Option output_row(std::string help, std::string fallback, std::shared_ptr<std::string> target);
// several values: kind list, repeated or many
Option values_row(std::string name, OptionKind kind, std::string value_name, std::string help,
                  std::string fallback, std::shared_ptr<Values> target);
// Refused by name, for the reason `why`; `value_name` is "" for a flag.
Option refused_row(std::string name, std::string value_name, std::string help,
                   std::string why = "comes with a later version; it is not in this one");

// The rows that choose variables and parts of them, the same for every verb that has them.
Option variables_row(std::shared_ptr<Values> target);
Option drop_row(std::shared_ptr<Values> target);
Option region_row(std::shared_ptr<Values> target);
Option sel_row(std::shared_ptr<Values> target);
Option overwrite_row(std::shared_ptr<bool> target);
Option resume_row(std::shared_ptr<bool> target);

// The rows that describe a Zarr store to be written.
Option zarr_format_row(std::shared_ptr<int> target);
Option chunks_row(std::shared_ptr<Values> target);
Option shards_row(std::shared_ptr<Values> target);
Option codec_row(std::shared_ptr<Values> target);
Option access_pattern_row(const std::shared_ptr<ChunkWish>& target);
Option target_chunk_size_row(std::shared_ptr<ChunkWish> target);
Option way_row(std::shared_ptr<std::string> target);  // of rechunk

// --pack, --pack-range, --pack-buffer, --out-of-range of a job's options.
std::vector<Option> pack_rows(const std::shared_ptr<PackOptions>& target);
Option out_of_range_row(std::shared_ptr<std::string> target);

// --check-vars and --retries of a job's options.
Option check_variables_row(std::shared_ptr<Values> target);
Option retries_row(std::shared_ptr<int> target);

Option attributes_row(std::shared_ptr<Values> target);
Option grib_index_row(std::shared_ptr<GribIndexUse> target);
// --skip-corrupt of verbs that read inputs: allow_skipping() puts what it says into the job's
// resources, before the run.
Option skip_corrupt_row(std::shared_ptr<bool> target);
void allow_skipping(bool is_allowed, Resources& resources);
// Of verbs whose inputs must be as a schema wants them before they are read.
Option schema_row(std::shared_ptr<std::string> target);

// What is told of a run: --report, --metrics, --metrics-port, --trace, --watch, --serve, --prices,
// --tags, --sample.
std::vector<Option> report_rows(const std::shared_ptr<ReportOptions>& target);

// A pointer to a member that keeps its owner alive.
template <class Owner, class Member>
std::shared_ptr<Member> member_of(const std::shared_ptr<Owner>& owner, Member Owner::*member) {
  return {owner, &((*owner).*member)};
}

// --variables, --region and --sel of a job's options.
template <class Options>
std::vector<Option> selection_rows(const std::shared_ptr<Options>& options) {
  return {variables_row(member_of(options, &Options::variables)),
          region_row(member_of(options, &Options::region)),
          sel_row(member_of(options, &Options::sel))};
}

}  // namespace gridmill::cli
