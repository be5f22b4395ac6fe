#include "gridmill/jobs/rechunk.h"

#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/rechunk_planner.h"
#include "gridmill/jobs/working_budget.h"

namespace gridmill {
namespace {

ConvertOptions input_options(const RechunkOptions& options) {
  ConvertOptions input;
  input.inputs = {options.input};
  input.output = options.output;
  input.variables = options.variables;
  input.drop = options.drop;
  input.grib_index = options.grib_index;
  input.zarr_format = options.zarr_format;
  input.overwrite = options.overwrite;
  input.resources = options.resources;
  return input;
}

}  // namespace

PlannedJob plan_rechunk_job(const RechunkOptions& options, const Workplace& workplace) {
  const ConvertOptions source = input_options(options);
  const ConvertInput input = open_convert_input(source, workplace);
  const ZarrTarget target = make_target(
      input.selected, output_format(options.output, options.zarr_format, workplace.files),
      {options.chunks, options.shards, options.codec, options.chunk_wish});
  return plan_within(source.resources.memory, [&](std::int64_t memory) {
    ConvertOptions planned = source;
    planned.resources.memory = memory;
    PlannedJob job = plan_rechunked(planned, {"rechunk", options.way}, input, target, workplace);
    rate_memory(job, planned.resources, workplace);
    return job;
  });
}

Json rechunk(const RechunkOptions& options, const Workplace& workplace) {
  check_output(options.output, options.overwrite, workplace.files);
  RunAccount account("rechunk", {options.input}, options.output, options.reports, options.resources,
                     workplace);
  return carry_out(plan_rechunk_job(options, workplace),
                   {"rechunking to " + options.output, options.resume, options.resources, account},
                   options.dry_run, account.workplace());
}

}  // namespace gridmill
