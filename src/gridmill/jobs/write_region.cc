#include "gridmill/jobs/write_region.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/hashing.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/jobs/input_identity.h"
#include "gridmill/jobs/read_back.h"
#include "gridmill/jobs/region_run.h"
#include "gridmill/jobs/schema_gate.h"
#include "gridmill/sink/region_sink.h"

namespace gridmill {
namespace {

class RegionWriter {
 public:
  RegionWriter(const WriteRegionOptions& options, const Workplace& workplace)
      : options_(options),
        workplace_(workplace),
        shared_(std::make_shared<SharedStore>(workplace.files, workplace.clock,
                                              parse_location(options.store), Writers::together,
                                              workplace.stop)),
        archive_(open_archive_dataset(options.store, workplace.files)),
        input_(open_gated(workplace.files,
                          {options.inputs, options.variables, options.drop, options.grib_index},
                          options.schema)) {
    check_coordinates(input_);
    promote_scalar_times(archive_, input_);
    target_ = region_target(input_, archive_, arrays_of(shared_->store()), options.region,
                            out_of_range_from(options.out_of_range));
    if (target_.parts.empty()) {
      throw Error(ErrorKind::not_found,
                  fmt::format("{} holds nothing that belongs into a region of {}: all of it is "
                              "coordinates and static fields",
                              input_.location, options.store));
    }
    check_names(options.check_variables, input_.variable_paths());
    if (options.only_whole_chunks) check_aligned();
    stage_ = region_stage(shared_, target_.parts, options_.resources, "write-region");
  }

  Json describe() const {
    Json region = Json::object();
    for (const auto& [name, range] : target_.region) region[name] = {range.first, range.second};
    Json notes(input_.notes);
    for (const std::string& note : target_.notes) notes.push_back(note);
    return {{"output", options_.store},     {"inputs", options_.inputs},
            {"region", std::move(region)},  {"variables", describe_parts(target_.parts)},
            {"compared", target_.compared}, {"logical_bytes", bytes_of(target_.parts)},
            {"notes", std::move(notes)}};
  }

  Json counts() const { return counted_outside(stage_); }

  // Of what is written where: the same run again has the same.
  std::string identity() const {
    const Json what{{"inputs", input_identities(workplace_.files, options_.inputs)},
                    {"about", describe()}};
    return to_hex(hash_bytes(as_bytes(dump_json(what))));
  }

  void run(RunAccount& account, Progress& progress) {
    run_region_stage(stage_, "writing into " + options_.store, options_.resources, account,
                     progress);
    read_back_parts(shared_, target_.parts, options_.check_variables, options_.resources, account);
    shared_->finish();
  }

  std::string remains() const {
    return fmt::format(
        "some chunks of the region may be written, each of them whole: the same "
        "command again finishes {}",
        options_.store);
  }

 private:
  void check_aligned() const {
    for (const RegionPart& part : target_.parts) {
      if (touched_keys(part.metadata, part.box).merged == 0) continue;
      throw Error(ErrorKind::conflict,
                  fmt::format("{}: the region {} ends inside chunks of {}, which other processes "
                              "may write at the same time; whole chunks are {}; or leave out "
                              "--no-lock",
                              part.source.path(), to_string(part.box), options_.store,
                              to_string(aligned_box(part.metadata, part.box))));
    }
  }

  const WriteRegionOptions& options_;
  const Workplace& workplace_;
  // First of all: what is looked at below stays as it is.
  const std::shared_ptr<SharedStore> shared_;
  const Dataset archive_;
  Dataset input_;
  RegionTarget target_;
  RegionStage stage_;
};

}  // namespace

Json write_region(const WriteRegionOptions& options, const Workplace& workplace) {
  refuse_sample(options.reports);
  return with_retries(options.retries, options.check_variables, workplace.console, [&](bool) {
    RunAccount account("write-region", options.inputs, options.store, options.reports,
                       options.resources, workplace);
    RegionWriter writer(options, account.workplace());
    return run_into_archive(writer, options.dry_run, account);
  });
}

}  // namespace gridmill
