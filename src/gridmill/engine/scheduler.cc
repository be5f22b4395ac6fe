#include "gridmill/engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "gridmill/base/checked.h"
#include "gridmill/engine/task_work.h"

namespace gridmill {

void Scheduler::deal(std::int64_t first, std::int64_t last) {
  const std::vector<Output>& outputs = run_.stage->outputs;
  const TaskGrid grid(outputs);
  const std::int64_t every = std::max<std::int64_t>(1, run_.options.every);
  // The middle one of each group: the first and the last may be unlike the others.
  const std::int64_t begin = first + std::min(every, last - first) / 2;
  run_.progress.tasks_total += ceil_div(last - begin, every);
  try {
    for (std::int64_t index = begin; index < last && !run_.has_failed(); index += every) {
      const TaskGrid::Task spec = grid.task(index);
      if (run_.log && is_done(outputs, spec, *run_.log)) {
        run_.progress.tasks_done += 1;
        continue;
      }
      const std::int64_t cost = task_cost(outputs, spec);
      run_.live.note(LiveStage::Scheduler::deals);  // to lanes that have enough
      if (!run_.admission.wait(cost, run_.stopping())) break;
      if (run_.draining_since_ns() >= 0) {
        was_cut_short_ = true;
        break;
      }
      admit(spec, index, cost);
    }
  } catch (...) {
    run_.fail(current_error());
  }
  run_.live.note(LiveStage::Scheduler::is_done);
}

void Scheduler::admit(const TaskGrid::Task& spec, std::int64_t index, std::int64_t cost) {
  run_.live.note_task(index, cost);
  Credit::Hold hold = take_credit(cost);
  const TaskPtr task = expand_task(run_.stage->outputs, spec, index);
  task->credit = std::move(hold);
  for (Unit& unit : task->units) {
    if (unit.output->sink->is_ordered()) unit.turn = next_turn_++;
  }
  run_.begin_task(*task);
  if (run_.recorder) sizes_.add(leaf_bytes(*task), task->name);
  if (task->leaves.empty()) {
    // No reader holds these back, and who stops the run waits for all that it has begun.
    run_.work.wait_for_urgent(static_cast<std::size_t>(run_.options.threads));
    run_.encode_units(task);
  }
  run_.live.note(LiveStage::Scheduler::waits_for_readers);
  for (std::size_t leaf = 0; leaf < task->leaves.size(); ++leaf) {
    if (!run_.reads.push({task, leaf, std::make_shared<Race>()})) break;
  }
}

Credit::Hold Scheduler::take_credit(std::int64_t bytes) {
  const std::int64_t start_ns = run_.recorder ? run_.recorder->now_ns() : 0;
  run_.live.note(LiveStage::Scheduler::waits_for_memory);
  Credit::Hold hold = run_.credit.take(bytes, run_.stopping());
  run_.live.note(LiveStage::Scheduler::deals);
  if (run_.recorder) {
    credit_wait_ns_ += run_.recorder->now_ns() - start_ns;
    credit_most_ = std::max(credit_most_, run_.credit.held());
  }
  return hold;
}

void Scheduler::tell(StageFigures& figures) const {
  figures.credit_most = credit_most_;
  figures.credit_wait_ns = credit_wait_ns_;
  figures.skew = sizes_.skew();
}

}  // namespace gridmill
