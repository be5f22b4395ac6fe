#include "gridmill/engine/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"

namespace gridmill {
namespace {

ChunkGrid tasks_of(const Output& output) {
  return {output.sink->units().counts(), output.units_per_task};
}

}  // namespace

TaskGrid::TaskGrid(const std::vector<Output>& outputs) : first_{0} {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].joins_previous && !passes_.empty()) {
      join(passes_.back(), i, outputs[i]);
      continue;
    }
    passes_.push_back({{i, tasks_of(outputs[i]), {}}});
    first_.push_back(first_.back() + passes_.back().front().tasks.size());
  }
}

void TaskGrid::join(Pass& pass, std::size_t index, const Output& output) const {
  Member member{index, tasks_of(output), output.follows};
  const Shape lead = pass.front().tasks.counts(), own = member.tasks.counts();
  if (member.follows.empty()) {
    for (int d = 0; d < own.rank(); ++d) member.follows.push_back(d);
  }
  std::vector<int> followers(static_cast<std::size_t>(lead.rank()), 0);
  bool is_same = static_cast<int>(member.follows.size()) == own.rank();
  for (int d = 0; is_same && d < own.rank(); ++d) {
    const int at = member.follows[static_cast<std::size_t>(d)];
    is_same = at >= 0 && at < lead.rank() && own[d] == lead[at];
    if (is_same) followers[static_cast<std::size_t>(at)] += 1;
  }
  for (int d = 0; is_same && d < lead.rank(); ++d) {
    is_same = lead[d] == 1 || followers[static_cast<std::size_t>(d)] == 1;
  }
  if (!is_same) {
    throw Error(ErrorKind::internal,
                fmt::format("{} is cut into {} tasks, and the output that it joins into {}",
                            output.name, to_string(own), to_string(lead)));
  }
  pass.push_back(std::move(member));
}

TaskGrid::Task TaskGrid::task(std::int64_t index) const {
  const auto next = std::upper_bound(first_.begin(), first_.end(), index);
  const auto at = static_cast<std::size_t>(next - first_.begin()) - 1;
  const Pass& pass = passes_[at];
  const Index position = pass.front().tasks.position(index - first_[at]);
  Task task{{pass.front().output, pass.front().tasks.box_of(position)}};
  for (std::size_t i = 1; i < pass.size(); ++i) {
    Index own;
    for (const int d : pass[i].follows) own.push_back(position[d]);
    task.push_back({pass[i].output, pass[i].tasks.box_of(own)});
  }
  return task;
}

bool is_done(const std::vector<Output>& outputs, const TaskGrid::Task& task, const TaskLog& log) {
  bool is_known = true;
  for (const TaskGrid::Share& share : task) {
    const Sink& sink = *outputs[share.output].sink;
    for_each_position(share.units, [&](const Index& unit) {
      if (!is_known) return;
      const std::optional<Key> key = sink.key(unit);
      is_known = key && log.has(key->text());
    });
  }
  return is_known;
}

}  // namespace gridmill
