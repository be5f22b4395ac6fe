#include "gridmill/engine/worker_part.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

constexpr std::string_view kWhere = "the figures of a worker";
constexpr std::size_t kMostListed = 256;
constexpr std::size_t kMostLines = 16;

// ---- JSON

Json queue_to_json(const QueueFigures& queue) {
  return {queue.capacity, queue.samples, queue.sum, queue.most};
}

std::vector<std::int64_t> numbers(const Json& json, std::string_view name, std::size_t count) {
  const Json& found = json_member(json, name, kWhere);
  std::vector<std::int64_t> numbers;
  if (found.is_array()) {
    for (const Json& number : found) {
      if (number.is_number_integer()) numbers.push_back(number.get<std::int64_t>());
    }
  }
  if (numbers.size() == count) return numbers;
  throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not {} numbers", kWhere, name, count));
}

QueueFigures queue_from_json(const Json& json, std::string_view name) {
  const auto found = numbers(json, name, 4);
  return {found[0], found[1], found[2], found[3]};
}

Json stage_to_json(const StageFigures& stage) {
  Json busy = Json::array(), items = Json::array(), bytes = Json::array();
  for (const WorkFigures& work : stage.work) {
    busy.push_back(work.busy_ns);
    items.push_back(work.items);
    bytes.push_back(work.bytes);
  }
  Json lanes = Json::array(), cpu = Json::array();
  for (const LaneFigures& lane : stage.lanes) {
    lanes.push_back(lane.lanes);
    cpu.push_back(lane.cpu_ns);
  }
  const Skew& skew = stage.skew;
  return {{"name", stage.name},
          {"wall_ns", stage.wall_ns()},
          {"tasks", stage.tasks},
          {"busy_ns", std::move(busy)},
          {"items", std::move(items)},
          {"bytes", std::move(bytes)},
          {"lanes", std::move(lanes)},
          {"cpu_ns", std::move(cpu)},
          {"reads", queue_to_json(stage.reads)},
          {"decodes", queue_to_json(stage.decodes)},
          {"writes", queue_to_json(stage.writes)},
          {"credit", {stage.credit_budget, stage.credit_most, stage.credit_wait_ns}},
          {"skew", {skew.tasks, skew.skewed, skew.median, skew.largest}},
          {"largest_of", skew.largest_of}};
}

StageFigures figures_from_json(const Json& json) {
  StageFigures stage;
  stage.name = json_string(json, "name", kWhere);
  stage.end_ns = json_int(json, "wall_ns", kWhere);
  stage.tasks = json_int(json, "tasks", kWhere);
  const auto busy = numbers(json, "busy_ns", kLaneWorks);
  const auto items = numbers(json, "items", kLaneWorks);
  const auto bytes = numbers(json, "bytes", kLaneWorks);
  for (std::size_t i = 0; i < kLaneWorks; ++i) stage.work[i] = {busy[i], items[i], bytes[i]};
  const auto lanes = numbers(json, "lanes", kLaneKinds);
  const auto cpu = numbers(json, "cpu_ns", kLaneKinds);
  for (std::size_t i = 0; i < kLaneKinds; ++i) {
    stage.lanes[i] = {static_cast<int>(lanes[i]), cpu[i]};
  }
  stage.reads = queue_from_json(json, "reads");
  stage.decodes = queue_from_json(json, "decodes");
  stage.writes = queue_from_json(json, "writes");
  const auto credit = numbers(json, "credit", 3);
  stage.credit_budget = credit[0];
  stage.credit_most = credit[1];
  stage.credit_wait_ns = credit[2];
  const auto skew = numbers(json, "skew", 4);
  stage.skew = {skew[0], skew[1], skew[2], skew[3], json_string(json, "largest_of", kWhere)};
  return stage;
}

std::size_t stage_number(const std::string& name) {
  if (!name.empty() && name.size() < 10 &&
      name.find_first_not_of("0123456789") == std::string::npos) {
    return static_cast<std::size_t>(parse_int(name));
  }
  throw Error(ErrorKind::corrupt, fmt::format("{}: \"{}\" is no stage", kWhere, name));
}

// ---- adding up

void add_queue(QueueFigures& into, const QueueFigures& more) {
  into.capacity = std::max(into.capacity, more.capacity);
  into.samples += more.samples;
  into.sum += more.sum;
  into.most = std::max(into.most, more.most);
}

// What doesn't depend on whether they were there at once. The median can't be had from two medians:
// that of the larger number of tasks stands for both.
void add_counts(StageFigures& into, const StageFigures& more) {
  for (std::size_t i = 0; i < kLaneWorks; ++i) {
    into.work[i].busy_ns += more.work[i].busy_ns;
    into.work[i].items += more.work[i].items;
    into.work[i].bytes += more.work[i].bytes;
  }
  for (std::size_t i = 0; i < kLaneKinds; ++i) into.lanes[i].cpu_ns += more.lanes[i].cpu_ns;
  add_queue(into.reads, more.reads);
  add_queue(into.decodes, more.decodes);
  add_queue(into.writes, more.writes);
  into.tasks += more.tasks;
  Skew skew = into.skew.tasks >= more.skew.tasks ? into.skew : more.skew;
  skew.tasks = into.skew.tasks + more.skew.tasks;
  skew.skewed = into.skew.skewed + more.skew.skewed;
  const Skew& larger = into.skew.largest >= more.skew.largest ? into.skew : more.skew;
  skew.largest = larger.largest;
  skew.largest_of = larger.largest_of;
  into.skew = skew;
}

void follow(StageFigures& into, const StageFigures& later) {
  add_counts(into, later);
  into.end_ns += later.wall_ns();
  for (std::size_t i = 0; i < kLaneKinds; ++i) {
    into.lanes[i].lanes = std::max(into.lanes[i].lanes, later.lanes[i].lanes);
  }
  into.credit_budget = std::max(into.credit_budget, later.credit_budget);
  into.credit_most = std::max(into.credit_most, later.credit_most);
  into.credit_wait_ns += later.credit_wait_ns;
}

void lie_beside(StageFigures& into, const StageFigures& other) {
  const auto lanes = [](const StageFigures& stage) {
    return static_cast<double>(std::max(1, stage.of(LaneKind::cpu).lanes));
  };
  const double all = lanes(into) + lanes(other);
  const auto mean = [&](std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(
        (static_cast<double>(a) * lanes(into) + static_cast<double>(b) * lanes(other)) / all);
  };
  into.end_ns = into.start_ns + mean(into.wall_ns(), other.wall_ns());
  into.credit_wait_ns = mean(into.credit_wait_ns, other.credit_wait_ns);
  add_counts(into, other);
  for (std::size_t i = 0; i < kLaneKinds; ++i) into.lanes[i].lanes += other.lanes[i].lanes;
  into.credit_budget += other.credit_budget;
  into.credit_most += other.credit_most;
}

// The time during which at least one was there.
std::int64_t covered_ns(const std::vector<WorkerPart>& parts) {
  std::vector<std::pair<std::int64_t, std::int64_t>> spans;
  spans.reserve(parts.size());
  for (const WorkerPart& part : parts) spans.emplace_back(part.begin_ns, part.end_ns);
  std::sort(spans.begin(), spans.end());
  std::int64_t covered = 0, end = INT64_MIN;
  for (const auto& [from, to] : spans) {
    const std::int64_t begin = std::max(from, end);
    if (to <= begin) continue;
    covered += to - begin;
    end = to;
  }
  return covered;
}

Json part_report(const WorkerPart& part) {
  return {{"name", part.name},
          {"threads", part.threads},
          {"memory", part.memory},
          {"seconds", seconds_of(part.end_ns - part.begin_ns)},
          {"tasks", part.tasks()},
          {"cpu_seconds", seconds_of(part.cpu_ns)},
          {"bytes_read", part.bytes_read},
          {"bytes_written", part.bytes_written},
          {"peak_memory", part.peak_memory}};
}

std::string part_line(const Json& part) {
  return fmt::format(
      "    {:<16} {:>8} tasks, took {:>8}, CPU {:>8}, read {:>10}, wrote {:>10}, peak "
      "memory {}\n",
      part.value("name", ""), format_count(part.value("tasks", std::int64_t{0})),
      format_duration(part.value("seconds", 0.0)), format_duration(part.value("cpu_seconds", 0.0)),
      format_bytes(part.value("bytes_read", 0.0)), format_bytes(part.value("bytes_written", 0.0)),
      format_bytes(part.value("peak_memory", 0.0)));
}

}  // namespace

std::int64_t WorkerPart::tasks() const {
  std::int64_t sum = 0;
  for (const auto& [number, stage] : stages) sum += stage.tasks;
  return sum;
}

void WorkerPart::add(std::size_t stage, const StageFigures& figures) {
  for (const LaneFigures& lane : figures.lanes) cpu_ns += lane.cpu_ns;
  const auto [place, is_new] = stages.emplace(stage, figures);
  if (!is_new) follow(place->second, figures);
}

Json part_to_json(const WorkerPart& part) {
  Json stages = Json::object();
  for (const auto& [number, stage] : part.stages) {
    stages[std::to_string(number)] = stage_to_json(stage);
  }
  return {{"name", part.name},
          {"threads", part.threads},
          {"memory", part.memory},
          {"cpu_ns", part.cpu_ns},
          {"peak_memory", part.peak_memory},
          {"begin_ns", part.begin_ns},
          {"end_ns", part.end_ns},
          {"bytes_read", part.bytes_read},
          {"bytes_written", part.bytes_written},
          {"chunks_written", part.chunks_written},
          {"stages", std::move(stages)}};
}

WorkerPart part_from_json(const Json& json) {
  WorkerPart part;
  part.name = json_string(json, "name", kWhere);
  part.threads = static_cast<int>(json_int(json, "threads", kWhere));
  part.memory = json_int(json, "memory", kWhere);
  part.cpu_ns = json_int(json, "cpu_ns", kWhere);
  part.peak_memory = json_int(json, "peak_memory", kWhere);
  part.begin_ns = json_int(json, "begin_ns", kWhere);
  part.end_ns = json_int(json, "end_ns", kWhere);
  part.bytes_read = json_int(json, "bytes_read", kWhere);
  part.bytes_written = json_int(json, "bytes_written", kWhere);
  part.chunks_written = json_int(json, "chunks_written", kWhere);
  for (const auto& [name, stage] : json_member(json, "stages", kWhere).items()) {
    part.stages[stage_number(name)] = figures_from_json(stage);
  }
  return part;
}

RunFacts facts_of_all(const std::vector<WorkerPart>& parts) {
  RunFacts facts;
  std::map<std::size_t, StageFigures> stages;
  for (const WorkerPart& part : parts) {
    facts.cpu_ns += part.cpu_ns;
    facts.bytes_read += part.bytes_read;
    facts.bytes_written += part.bytes_written;
    facts.peak_memory = std::max(facts.peak_memory, part.peak_memory);
    for (const auto& [number, stage] : part.stages) {
      if (stage.tasks == 0) continue;  // its lanes were there for nothing
      const auto [place, is_new] = stages.emplace(number, stage);
      if (!is_new) lie_beside(place->second, stage);
    }
  }
  for (auto& [number, stage] : stages) {
    facts.wall_ns += stage.wall_ns();
    facts.stages.push_back(std::move(stage));
  }
  facts.elapsed_ns = covered_ns(parts);
  return facts;
}

Json workers_report(const std::vector<WorkerPart>& parts) {
  const RunFacts facts = facts_of_all(parts);
  std::int64_t tasks = 0;
  Json each = Json::array();
  for (const WorkerPart& part : parts) {
    tasks += part.tasks();
    if (each.size() < kMostListed) each.push_back(part_report(part));
  }
  return {{"count", parts.size()},
          {"tasks", tasks},
          {"cpu_seconds", seconds_of(facts.cpu_ns)},
          {"bytes_read", facts.bytes_read},
          {"bytes_written", facts.bytes_written},
          {"peak_memory", facts.peak_memory},
          {"each", std::move(each)}};
}

std::string workers_text(const Json& report) {
  const auto count = static_cast<std::size_t>(report.value("count", std::int64_t{0}));
  std::string text = fmt::format("  {} processes and workers, {} tasks:\n", count,
                                 format_count(report.value("tasks", std::int64_t{0})));
  std::size_t lines = 0;
  for (const Json& part : report.value("each", Json::array())) {
    if (lines == kMostLines) break;
    text += part_line(part);
    ++lines;
  }
  if (lines < count) text += fmt::format("    and {} more\n", count - lines);
  return text;
}

}  // namespace gridmill
