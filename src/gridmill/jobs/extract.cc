#include "gridmill/jobs/extract.h"

#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/jobs/extract_output.h"
#include "gridmill/jobs/extraction.h"
#include "gridmill/jobs/table_cache.h"

namespace gridmill {

Json extract(const ExtractOptions& options, const Workplace& workplace) {
  check_table_output(options, workplace.files);
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid, "--sample is of runs that write a Zarr store");
  }
  RunAccount account("extract", options.inputs, options.output, options.reports, options.resources,
                     workplace);
  RunCache cache(options.cache, options.dry_run, account.workplace());
  const bool is_step = cache.inputs() != nullptr && is_kept_as_step(options);
  const StepRequest request = is_step ? step_request(options, workplace.files) : StepRequest();
  if (auto kept = is_step ? cache.take(request, options.output) : std::nullopt) {
    account.watch("", [] {});  // the log tells of it as of any run
    cache.tell(*kept);
    account.finish(*kept);
    return std::move(*kept);
  }
  Extraction extraction(options, account.workplace(), cache.inputs());
  Json report = extraction.report();
  if (options.dry_run) return report;
  Progress progress;
  if (writes_directory(options)) {
    const std::string plan = to_hex(hash_bytes(as_bytes(dump_json(extraction.identity()))));
    account.watch(plan, [&] {
      report.update(
          extraction.run_in_parts(progress, account.counted(draining_options(options.resources))));
    });
  } else {
    // No record is kept: beside a file there is no place for one.
    account.watch(
        "", [&] { extraction.run(progress, account.counted(run_options(options.resources))); });
    if (is_step) cache.keep(request, options.output, report, extraction.notes());
    report["bytes_written"] = progress.bytes_written.load();
  }
  report["bytes_read"] = progress.bytes_fetched.load();
  cache.tell(report);
  account.finish(report);
  return report;
}

void extract_into(TableOutlet& outlet, const ExtractOptions& options, const Workplace& workplace) {
  check_point_method(options.method);
  RunCache cache(options.cache, options.dry_run, workplace);
  Extraction extraction(options, workplace, cache.inputs(), &outlet);
  outlet.begin(extraction.report());
  Progress progress;
  extraction.run(progress, run_options(options.resources));
}

std::pair<Json, TableFigures> look_at_table(const ExtractOptions& options,
                                            const Workplace& workplace) {
  check_table_output(options, workplace.files);
  Extraction extraction(options, workplace);
  Json report = extraction.report();
  return {std::move(report), extraction.figures()};
}

}  // namespace gridmill
