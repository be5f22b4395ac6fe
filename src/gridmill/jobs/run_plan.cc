#include "gridmill/jobs/run_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/engine/run_memory.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/jobs/plan_session.h"
#include "gridmill/jobs/sample_plan.h"
#include "gridmill/jobs/skipped_report.h"

namespace gridmill {
namespace {

bool reads_its_output(const PlanDocument& plan) {
  return std::any_of(plan.datasets.begin(), plan.datasets.end(), [&](const auto& dataset) {
    const std::vector<std::string>& inputs = dataset.second.inputs;
    return std::any_of(inputs.begin(), inputs.end(), [&](const std::string& input) {
      return parse_location(input).path == plan.target.location.path;
    });
  });
}

class Running {
 public:
  Running(const PlanDocument& plan, OpenedDatasets opened, const PlanRun& run,
          const Workplace& workplace)
      : plan_(plan),
        run_(run),
        workplace_(workplace),
        archive_(open_archive(workplace.files, workplace.clock, plan.target,
                              {plan.overwrite, run.resume}, plan.identity)),
        open_(plan, workplace.files, archive_, std::move(opened)) {}

  Json execute() {
    if (archive_->resumed() > 0) {
      workplace_.console.say(
          fmt::format("{} chunks are there from an unfinished run", archive_->resumed()));
    }
    // Since the plan was made others may have written into it: from here on nobody can.
    if (reads_its_output(plan_)) check_identity(plan_, workplace_.files);
    run_.account.add_workers(load_parts(*archive_, workplace_.console));
    const std::shared_ptr<SkippedLeaves> skipped = run_.resources.skipped;
    const auto notes = archive_->complete([&] {
      const SkipsKept kept(skipped, archive_->skipped());
      const Watched watched(workplace_.console, run_.what, progress_);
      for (std::size_t i = 0; i < plan_.stages.size(); ++i) run_stage_at(i);
      if (skipped) archive_->set_attributes(skipped_attributes(*skipped));
      // A group that is read beside the one that is written is nobody's own: it may have gone.
      if (reads_its_output(plan_)) check_identity(plan_, workplace_.files);
    });
    for (const std::string& note : notes) workplace_.console.warn(note);
    return report();
  }

 private:
  void run_stage_at(std::size_t index) {
    const StageRecipe& recipe = plan_.stages[index];
    if (!is_needless(recipe)) {
      const auto stage = open_.stage(index);
      const auto log = open_.log_of(index);
      const std::int64_t before = progress_.bytes_written;
      run_.account.note_stage(index);
      RunOptions options = run_.account.counted(draining_options(run_.resources));
      options.memory -= open_.side_bytes();
      run_stage(stage, 0, recipe.tasks, options, workplace_.clock, progress_, workplace_.stop, log);
      if (log == archive_->spill_log()) spilled_ += progress_.bytes_written - before;
    }
    // The disk holds an intermediate array no longer than somebody reads it.
    for (const std::string& key : recipe.frees) free_spill(*archive_, Key(key));
    states_.update(open_.results_of(index));
  }

  // What nobody will read: the stage that it serves is done, or serves one that is.
  bool is_needless(const StageRecipe& recipe) {
    if (recipe.serves < 0) return false;
    const auto served = static_cast<std::size_t>(recipe.serves);
    return is_needless(plan_.stages[served]) ||
           tasks_left(*open_.stage(served), *open_.log_of(served)).empty();
  }

  Json report() const {
    Json report = plan_.about;
    const std::int64_t read = progress_.bytes_fetched - spilled_;
    const std::int64_t written = progress_.bytes_written - spilled_;
    report["bytes_read"] = read;
    report["bytes_written"] = written;
    report["bytes_spilled"] = spilled_;
    if (!states_.empty()) report["states"] = states_;
    report["chunks_written"] = progress_.units_written.load();
    report["chunks_resumed"] = archive_->resumed();
    if (archive_->resumed() == 0) {  // otherwise this run wrote only the rest
      report["ratio"] =
          report.value("logical_bytes", 0.0) / std::max<double>(1, static_cast<double>(written));
    }
    return report;
  }

  const PlanDocument& plan_;
  const PlanRun& run_;
  const Workplace& workplace_;
  const std::shared_ptr<Archive> archive_;
  OpenPlan open_;
  Progress progress_;
  std::int64_t spilled_ = 0;
  Json states_ = Json::object();
};

}  // namespace

Json run_plan(const PlanDocument& plan, OpenedDatasets opened, const PlanRun& run,
              const Workplace& workplace) {
  Json report;
  run.account.watch(plan_id(plan),
                    [&] { report = Running(plan, std::move(opened), run, workplace).execute(); });
  run.account.finish(report);
  return report;
}

std::int64_t missing_memory(PlannedJob& job, const Resources& resources,
                            const Workplace& workplace) {
  OpenPlan plan(job.plan, workplace.files, nullptr, std::move(job.opened));
  std::int64_t most = INT64_MIN;
  for (std::size_t i = 0; i < job.plan.stages.size(); ++i) {
    const auto stage = plan.stage(i);
    RunOptions options = run_options(resources);
    options.memory -= plan.side_bytes();
    most = std::max(most, run_memory(*stage, options).total() - options.memory);
  }
  job.opened = std::move(plan).datasets();
  return most;
}

void rate_memory(PlannedJob& job, const Resources& resources, const Workplace& workplace) {
  OpenPlan plan(job.plan, workplace.files, nullptr, std::move(job.opened));
  const RunOptions options = run_options(resources);
  std::shared_ptr<const Stage> largest;
  std::int64_t most = INT64_MIN;
  for (std::size_t i = 0; i < job.plan.stages.size(); ++i) {
    const auto stage = plan.stage(i);
    const std::int64_t least = smallest_budget(*stage, options) + plan.side_bytes();
    job.plan.stages[i].least_memory = least;
    if (least > most) largest = stage;
    most = std::max(most, least);
  }
  const std::int64_t beside = plan.side_bytes();
  job.opened = std::move(plan).datasets();  // whoever asks again, with more memory, needs them
  if (largest) check_fits(*largest, options, beside);
}

Json carry_out(PlannedJob job, const PlanRun& run, bool only_look, const Workplace& workplace) {
  for (const Json& note : job.plan.about.value("notes", Json::array())) {
    workplace.console.warn(note.get<std::string>());
  }
  if (only_look) return job.plan.about;
  if (run.account.sample() > 0) {
    return sample_plan(std::move(job.plan), std::move(job.opened), run, workplace);
  }
  return run_plan(job.plan, std::move(job.opened), run, workplace);
}

}  // namespace gridmill
