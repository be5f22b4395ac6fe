#include "gridmill/jobs/plan_session.h"

#include <fmt/format.h>

#include "gridmill/base/error.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/system/memory.h"

namespace gridmill {
namespace {

std::shared_ptr<Archive> join(const PlanDocument& plan, const Workplace& workplace) {
  check_identity(plan, workplace.files);
  StageOptions options;
  options.overwrite = plan.overwrite;
  options.is_worker = true;
  return open_archive(workplace.files, workplace.clock, plan.target, options, plan.identity);
}

void check_range(const PlanDocument& plan, std::int64_t stage, std::int64_t first,
                 std::int64_t last) {
  const auto stages = static_cast<std::int64_t>(plan.stages.size());
  if (stage < 0 || stage >= stages) {
    throw Error(ErrorKind::invalid, fmt::format("the plan has {} stages, numbered from 0: there is "
                                                "no stage {}",
                                                stages, stage));
  }
  const std::int64_t tasks = plan.stages[static_cast<std::size_t>(stage)].tasks;
  if (first < 0 || last < first || last > tasks) {
    throw Error(ErrorKind::invalid,
                fmt::format("stage {} has tasks 0:{}, and {}:{} is no part of them", stage, tasks,
                            first, last));
  }
}

}  // namespace

PlanSession::PlanSession(const PlanDocument& plan, const Resources& resources,
                         const Workplace& workplace)
    : plan_(plan),
      resources_(resources),
      workplace_(workplace),
      archive_(join(plan, workplace)),
      open_(plan, workplace.files, archive_) {}

Json PlanSession::run(std::int64_t stage, std::int64_t first, std::int64_t last) {
  check_range(plan_, stage, first, last);
  const std::int64_t start_ns = workplace_.clock.monotonic_ns();
  const auto index = static_cast<std::size_t>(stage);
  const auto opened = open_.stage(index);
  RunOptions options = draining_options(resources_);
  options.memory -= open_.side_bytes();
  Progress progress;
  archive_->contribute([&] {
    const Watched watched(
        workplace_.console,
        fmt::format("stage {} ({}), tasks {}:{}", stage, opened->name, first, last), progress);
    run_stage(opened, first, last, options, workplace_.clock, progress, workplace_.stop,
              open_.log_of(index));
  });
  return {{"stage", stage},
          {"first", first},
          {"last", last},
          {"bytes_read", progress.bytes_fetched.load()},
          {"bytes_written", progress.bytes_written.load()},
          {"chunks_written", progress.units_written.load()},
          {"seconds", static_cast<double>(workplace_.clock.monotonic_ns() - start_ns) * 1e-9},
          {"peak_memory", peak_resident_memory()}};
}

std::vector<TaskRanges> open_for_workers(const PlanDocument& plan, bool restart,
                                         const Workplace& workplace) {
  check_identity(plan, workplace.files);
  check_output(plan.target.location.path, plan.overwrite, workplace.files);
  const auto archive = open_archive(workplace.files, workplace.clock, plan.target,
                                    {plan.overwrite, !restart}, plan.identity);
  OpenPlan open(plan, workplace.files, archive);
  std::vector<TaskRanges> left;
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    left.push_back(tasks_left(*open.stage(i), *open.log_of(i)));
  }
  for (std::size_t i = plan.stages.size(); i-- > 0;) {  // whom it serves is known before
    const int serves = plan.stages[i].serves;
    if (serves >= 0 && left[static_cast<std::size_t>(serves)].empty()) left[i].clear();
  }
  return left;
}

}  // namespace gridmill
