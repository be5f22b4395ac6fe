#include "gridmill/jobs/plan_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "gridmill/base/error.h"
#include "gridmill/jobs/archive_plan.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/memory.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

constexpr std::int64_t kLargestPart = 16 << 20;

std::shared_ptr<Archive> joined_archive(const PlanDocument& plan, const Workplace& workplace) {
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

bool reads_spill(const PlanDocument& plan, std::size_t stage) {
  return std::any_of(plan.stages.begin(), plan.stages.end(), [&](const StageRecipe& before) {
    return before.serves == static_cast<int>(stage);
  });
}

}  // namespace

PlanSession::PlanSession(const PlanDocument& plan, const Resources& resources,
                         const Workplace& workplace, std::string name)
    : plan_(plan),
      resources_(resources),
      workplace_(workplace),
      archive_(joined_archive(plan, workplace)),
      open_(plan, workplace.files, archive_),
      part_key_(unique_suffix() + ".json") {
  part_.name = name.empty() ? "worker " + part_key_.text().substr(0, 8) : std::move(name);
  part_.threads = resources.threads;
  part_.memory = resources.memory;
  part_.begin_ns = workplace.clock.wall_ns();
}

// A worker's figures are worth less than its work: what fails here is only said.
void PlanSession::note(std::size_t stage, const RunRecorder& recorder, const Progress& progress) {
  const std::vector<StageFigures> figures = recorder.stages();
  if (figures.empty()) return;  // refused before it began
  part_.add(stage, figures.back());
  if (!reads_spill(plan_, stage)) part_.bytes_read += progress.bytes_fetched;
  if (open_.log_of(stage) != archive_->spill_log()) {
    part_.bytes_written += progress.bytes_written;
    part_.chunks_written += progress.units_written;
  }
  part_.peak_memory = peak_resident_memory();
  part_.end_ns = workplace_.clock.wall_ns();
  try {
    (void)archive_->parts()->put(part_key_, as_bytes(dump_json(part_to_json(part_), -1)));
  } catch (const Error& error) {
    workplace_.console.warn(
        fmt::format("the run's record will lack the figures of {}: {}", part_.name, error.what()));
  }
}

Json PlanSession::run(std::int64_t stage, std::int64_t first, std::int64_t last,
                      const std::shared_ptr<RunRecorder>& recorder) {
  check_range(plan_, stage, first, last);
  const std::int64_t start_ns = workplace_.clock.monotonic_ns();
  const auto index = static_cast<std::size_t>(stage);
  const auto opened = open_.stage(index);
  RunOptions options = draining_options(resources_);
  options.memory -= open_.side_bytes();
  options.recorder = recorder ? recorder : std::make_shared<RunRecorder>(workplace_.clock);
  Progress progress;
  try {
    archive_->contribute([&] {
      const Watched watched(
          workplace_.console,
          fmt::format("stage {} ({}), tasks {}:{}", stage, opened->name, first, last), progress);
      run_stage(opened, first, last, options, workplace_.clock, progress, workplace_.stop,
                open_.log_of(index));
    });
  } catch (...) {
    note(index, *options.recorder, progress);
    throw;
  }
  note(index, *options.recorder, progress);
  return {{"stage", stage},
          {"first", first},
          {"last", last},
          {"bytes_read", progress.bytes_fetched.load()},
          {"bytes_written", progress.bytes_written.load()},
          {"chunks_written", progress.units_written.load()},
          {"seconds", seconds_of(workplace_.clock.monotonic_ns() - start_ns)},
          {"peak_memory", peak_resident_memory()}};
}

void PlanSession::free_spill(std::int64_t stage) {
  for (const std::string& key : plan_.stages.at(static_cast<std::size_t>(stage)).frees) {
    gridmill::free_spill(*archive_, Key(key));
  }
}

std::vector<WorkerPart> load_parts(Archive& archive, Console& console) {
  const auto store = archive.parts();
  std::vector<WorkerPart> parts;
  for (const std::string& name : store->children(Key())) {
    try {
      Buffer text;
      GetRequest request;
      request.most_bytes = kLargestPart;
      if (!store->get(Key(name), request, text)) continue;
      parts.push_back(part_from_json(parse_json(as_text(text))));
    } catch (const Error& error) {
      console.warn(
          fmt::format("the record of this run lacks the figures of a worker: {}", error.what()));
    }
  }
  std::sort(parts.begin(), parts.end(), [](const WorkerPart& a, const WorkerPart& b) {
    return std::tie(a.begin_ns, a.name) < std::tie(b.begin_ns, b.name);
  });
  return parts;
}

std::vector<TaskRanges> open_for_workers(const PlanDocument& plan, bool restart,
                                         const Workplace& workplace) {
  check_identity(plan, workplace.files);
  check_output(plan.target.location.text(), plan.overwrite, workplace.files);
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
