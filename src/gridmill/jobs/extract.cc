#include "gridmill/jobs/extract.h"

#include <memory>
#include <optional>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/jobs/extract_output.h"
#include "gridmill/jobs/extraction.h"
#include "gridmill/jobs/recall.h"
#include "gridmill/jobs/table_cache.h"

namespace gridmill {

namespace {

std::unique_ptr<Extraction> open_extraction(const ExtractOptions& options, Recall& recall,
                                            RunCache& cache) {
  auto opened = recall.during([&] {
    return std::make_unique<Extraction>(options, recall.workplace(), recall.files(),
                                        cache.inputs());
  });
  recall.opened();
  return opened;
}

Json extract_once(const ExtractOptions& options, Recalling recalling, const Workplace& workplace) {
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
  Recall recall(cache.inputs(), options.inputs, recalling, account.workplace());
  const auto extraction = open_extraction(options, recall, cache);
  const auto warn = [&] { warn_of(extraction->notes(), recall.workplace().console); };
  const auto settle = [&] {
    recall.settle();
    if (recall.recalls()) warn();
  };
  if (!recall.recalls()) warn();
  Json report = extraction->report();
  if (options.dry_run) return report;
  Progress progress;
  if (writes_directory(options)) {
    settle();  // its parts appear one by one
    const std::string plan = to_hex(hash_bytes(as_bytes(dump_json(extraction->identity()))));
    account.watch(plan, [&] {
      report.update(
          extraction->run_in_parts(progress, account.counted(draining_options(options.resources))));
    });
  } else {
    const auto run = [&] {
      extraction->run(progress, account.counted(run_options(options.resources)), settle);
    };
    // No record is kept: beside a file there is no place for one.
    account.watch("", [&] {
      try {
        recall.during(run);
      } catch (const OutdatedRecall&) {
        account.log("end", {{"state", "outdated"}}, "ends, outdated: it begins once more");
        throw;
      }
    });
    if (is_step) cache.keep(request, options.output, report, extraction->notes());
    report["bytes_written"] = progress.bytes_written.load();
  }
  report["bytes_read"] = progress.bytes_fetched.load();
  cache.tell(report);
  account.finish(report);
  return report;
}

}  // namespace

Json extract(const ExtractOptions& options, const Workplace& workplace) {
  check_table_output(options, workplace.files);
  if (options.reports.sample > 0) {
    throw Error(ErrorKind::invalid, "--sample is of runs that write a Zarr store");
  }
  // What is left out is counted over the process: it must not be begun twice.
  if (options.skip_corrupt) return extract_once(options, Recalling::no, workplace);
  try {
    return extract_once(options, Recalling::yes, workplace);
  } catch (const OutdatedRecall&) {
    if (workplace.stop.stop_requested()) throw Error(ErrorKind::cancelled, "interrupted");
    workplace.console.say(
        "the inputs are not what they were when the cache was filled, or can't be asked: once "
        "more");
    return extract_once(options, Recalling::no, workplace);
  }
}

void extract_into(TableOutlet& outlet, const ExtractOptions& options, const Workplace& workplace) {
  check_point_method(options.method);
  RunCache cache(options.cache, options.dry_run, workplace);
  Extraction extraction(options, workplace, workplace.files, cache.inputs(), &outlet);
  warn_of(extraction.notes(), workplace.console);
  outlet.begin(extraction.report());
  Progress progress;
  extraction.run(progress, run_options(options.resources), [] {});
}

std::pair<Json, TableFigures> look_at_table(const ExtractOptions& options,
                                            const Workplace& workplace) {
  check_table_output(options, workplace.files);
  Extraction extraction(options, workplace, workplace.files);
  warn_of(extraction.notes(), workplace.console);
  Json report = extraction.report();
  return {std::move(report), extraction.figures()};
}

}  // namespace gridmill
