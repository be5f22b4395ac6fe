#include "gridmill/engine/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/engine/amdahl.h"
#include "gridmill/engine/bottleneck.h"
#include "gridmill/engine/worker_part.h"
#include "gridmill/system/clock.h"

namespace gridmill {
namespace {

double over(double amount, double time) { return time > 0 ? amount / time : 0; }

double cpu_of(const StageFigures& stage, LaneWork work) {
  const LaneKind kind = lane_of(work);
  const auto busy = static_cast<double>(stage.busy_ns(kind));
  return over(static_cast<double>(stage.of(work).busy_ns), busy) *
         seconds_of(stage.of(kind).cpu_ns);
}

Json work_json(const StageFigures& stage, LaneWork work) {
  const WorkFigures& figures = stage.of(work);
  const double wall = seconds_of(stage.end_ns - stage.start_ns);
  return {{"items", figures.items},
          {"bytes", figures.bytes},
          {"busy_seconds", seconds_of(figures.busy_ns)},
          {"cpu_seconds", cpu_of(stage, work)},
          {"bytes_per_second", over(static_cast<double>(figures.bytes), wall)}};
}

Json queue_json(const QueueFigures& queue) {
  return {{"capacity", queue.capacity},
          {"mean", over(static_cast<double>(queue.sum), static_cast<double>(queue.samples))},
          {"most", queue.most}};
}

Json stage_json(const StageFigures& stage) {
  Json work = Json::object();
  for (std::size_t i = 0; i < kLaneWorks; ++i) {
    const auto one = static_cast<LaneWork>(i);
    if (stage.of(one).items > 0) work[name_of(one)] = work_json(stage, one);
  }
  Json lanes = Json::object();
  double cpu = 0;
  for (std::size_t i = 0; i < kLaneKinds; ++i) {
    const auto kind = static_cast<LaneKind>(i);
    cpu += seconds_of(stage.of(kind).cpu_ns);
    lanes[name_of(kind)] = {{"lanes", stage.of(kind).lanes},
                            {"use", use_of(stage, kind)},
                            {"cpu_seconds", seconds_of(stage.of(kind).cpu_ns)}};
  }
  return {{"name", stage.name},
          {"skew",
           {{"tasks", stage.skew.skewed},
            {"median_bytes", stage.skew.median},
            {"largest_bytes", stage.skew.largest},
            {"largest_of", stage.skew.largest_of}}},
          {"seconds", seconds_of(stage.end_ns - stage.start_ns)},
          {"cpu_seconds", cpu},
          {"tasks", stage.tasks},
          {"work", std::move(work)},
          {"lanes", std::move(lanes)},
          {"queues",
           {{"reads", queue_json(stage.reads)},
            {"decodes", queue_json(stage.decodes)},
            {"writes", queue_json(stage.writes)}}},
          {"credit",
           {{"budget", stage.credit_budget},
            {"most", stage.credit_most},
            {"wait_seconds", seconds_of(stage.credit_wait_ns)}}}};
}

std::int64_t elapsed_of(const RunFacts& facts) {
  return facts.elapsed_ns > 0 ? facts.elapsed_ns : facts.wall_ns;
}

// How much of what the table can price.
std::map<std::string, double> amounts_of(const RunFacts& facts) {
  const double hours = seconds_of(elapsed_of(facts)) / 3600;
  std::int64_t requests = 0;
  for (const StageFigures& stage : facts.stages) {
    requests += stage.of(LaneWork::read).items + stage.of(LaneWork::write).items;
  }
  return {{"cpu-hour", seconds_of(facts.cpu_ns) / 3600},
          {"machine-hour", hours},
          {"memory-gib-hour", std::ldexp(static_cast<double>(facts.peak_memory), -30) * hours},
          {"read-gb", static_cast<double>(facts.bytes_read) * 1e-9},
          {"written-gb", static_cast<double>(facts.bytes_written) * 1e-9},
          {"requests-1000", static_cast<double>(requests) / 1000}};
}

Json cost_json(const RunFacts& facts, const PriceTable& table) {
  Json items = Json::object();
  double total = 0;
  const auto amounts = amounts_of(facts);
  for (const auto& [name, price] : table.prices) {
    const double cost = amounts.at(name) * price;
    items[name] = {{"amount", amounts.at(name)}, {"price", price}, {"cost", cost}};
    total += cost;
  }
  return {{"currency", table.currency}, {"total", total}, {"items", std::move(items)}};
}

// ---- text

// Records may be of another version: what is missing counts as nothing.
Json member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() ? *found : Json::object();
}

std::string rate(double bytes_per_second) {
  return bytes_per_second >= 1e9 ? fmt::format("{:.2f} GB/s", bytes_per_second * 1e-9)
                                 : fmt::format("{:.1f} MB/s", bytes_per_second * 1e-6);
}

// "2 tasks of 120 are larger than 10 x the median (4 MiB): up to 120 MiB, of t2m"
// A smaller task is over in some milliseconds, however small the others are: coordinates, mostly.
constexpr std::int64_t kWorthTelling = 16 << 20;

std::string skew_text(const Json& skew) {
  const auto tasks = static_cast<std::int64_t>(json_number(skew, "tasks"));
  return fmt::format("skew: {} {} more than {} x the median of {}, up to {} (of {})",
                     format_count(tasks), tasks == 1 ? "task reads" : "tasks read", kSkewed,
                     format_bytes(json_number(skew, "median_bytes")),
                     format_bytes(json_number(skew, "largest_bytes")),
                     skew.value("largest_of", ""));
}

std::string stage_text(const Json& stage) {
  const Json credit = member(stage, "credit");
  std::string text = fmt::format(
      "  {}: {}, CPU {}, {} tasks, memory of tasks {} of {}\n", stage.value("name", "?"),
      format_duration(json_number(stage, "seconds")),
      format_duration(json_number(stage, "cpu_seconds")),
      format_count(static_cast<std::int64_t>(json_number(stage, "tasks"))),
      format_bytes(json_number(credit, "most")), format_bytes(json_number(credit, "budget")));
  const Json works = member(stage, "work"), kinds = member(stage, "lanes");
  const Json queues = member(stage, "queues");
  for (const auto& [name, work] : works.items()) {
    text += fmt::format("    {:<8}{:>10} items {:>11} {:>12}  busy {:>8}  CPU {:>8}\n", name,
                        format_count(static_cast<std::int64_t>(json_number(work, "items"))),
                        format_bytes(json_number(work, "bytes")),
                        rate(json_number(work, "bytes_per_second")),
                        format_duration(json_number(work, "busy_seconds")),
                        format_duration(json_number(work, "cpu_seconds")));
  }
  std::vector<std::string> parts;
  for (const auto& [name, lanes] : kinds.items()) {
    parts.push_back(fmt::format("{} {} {:.0f} %", static_cast<int>(json_number(lanes, "lanes")),
                                name, json_number(lanes, "use") * 100));
  }
  text += "    busy: " + join(parts, ", ") + "\n";
  parts.clear();
  for (const auto& [name, queue] : queues.items()) {
    parts.push_back(fmt::format("{} {:.1f} of {}", name, json_number(queue, "mean"),
                                static_cast<std::int64_t>(json_number(queue, "capacity"))));
  }
  text += "    queues, on average: " + join(parts, ", ");
  if (const double wait = json_number(credit, "wait_seconds"); wait > 1e-3) {
    text += fmt::format("; {} waiting for memory", format_duration(wait));
  }
  const Json skew = member(stage, "skew");
  if (json_number(skew, "tasks") > 0) text += "\n    " + skew_text(skew);
  return text + "\n";
}

std::string cost_text(const Json& cost) {
  const std::string currency = cost.value("currency", "");
  std::string text = fmt::format("  cost {:.4g}{}{}:", json_number(cost, "total"),
                                 currency.empty() ? "" : " ", currency);
  std::vector<std::string> parts;
  const Json items = member(cost, "items");
  for (const auto& [name, item] : items.items()) {
    parts.push_back(fmt::format(" {:.4g} {} = {:.4g}", json_number(item, "amount"), name,
                                json_number(item, "cost")));
  }
  return text + join(parts, ",") + "\n";
}

}  // namespace

const std::vector<std::string>& price_names() {
  static const std::vector<std::string> kNames{"cpu-hour", "machine-hour", "memory-gib-hour",
                                               "read-gb",  "written-gb",   "requests-1000"};
  return kNames;
}

PriceTable parse_prices(const std::vector<std::string>& texts) {
  PriceTable table;
  for (const std::string& text : texts) {
    const auto sign = text.find('=');
    std::string name(trim(text.substr(0, sign)));
    std::replace(name.begin(), name.end(), '_', '-');
    const std::string value(trim(sign == std::string::npos ? "" : text.substr(sign + 1)));
    if (name == "currency") {
      table.currency = value;
      continue;
    }
    const auto& names = price_names();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw Error(ErrorKind::invalid,
                  fmt::format("there is no price of \"{}\"{}; there is: {}", name,
                              did_you_mean(name, names), join(names, ", ")));
    }
    const double price = parse_double(value);
    if (!(price >= 0) || std::isinf(price)) {
      throw Error(ErrorKind::invalid, fmt::format("{}: {} is no price", name, value));
    }
    table.prices[name] = price;
  }
  return table;
}

Json run_report(const RunFacts& facts, const PriceTable& prices) {
  const Bottleneck found = find_bottleneck(facts.stages, facts.wall_ns, facts.cores);
  Json stages = Json::array();
  for (const StageFigures& stage : facts.stages) stages.push_back(stage_json(stage));
  Json report = {{"seconds", seconds_of(elapsed_of(facts))},
                 {"cpu_seconds", seconds_of(facts.cpu_ns)},
                 {"threads", facts.threads},
                 {"cores", facts.cores},
                 {"memory", facts.memory},
                 {"peak_memory", facts.peak_memory},
                 {"bytes_read", facts.bytes_read},
                 {"bytes_written", facts.bytes_written},
                 {"bottleneck",
                  {{"what", found.what},
                   {"stage", found.stage},
                   {"use", found.use},
                   {"sentence", found.sentence},
                   {"useful_threads", found.useful_threads},
                   {"most_speedup", found.most_speedup}}},
                 {"more_threads", amdahl_json(amdahl_of(facts.stages, facts.wall_ns, facts.cores))},
                 {"stages", std::move(stages)}};
  if (!prices.prices.empty()) report["cost"] = cost_json(facts, prices);
  return report;
}

std::vector<std::string> skew_sentences(const Json& report) {
  std::vector<std::string> sentences;
  for (const Json& stage : report.value("stages", Json::array())) {
    const Json skew = member(stage, "skew");
    const bool holds_up = json_number(skew, "largest_bytes") >= static_cast<double>(kWorthTelling);
    if (json_number(skew, "tasks") > 0 && holds_up) sentences.push_back(skew_text(skew));
  }
  return sentences;
}

std::string run_report_text(const Json& report) {
  std::string text = fmt::format("  took {}, CPU {} on {} threads, read {}, wrote {}\n",
                                 format_duration(json_number(report, "seconds")),
                                 format_duration(json_number(report, "cpu_seconds")),
                                 static_cast<int>(json_number(report, "threads")),
                                 format_bytes(json_number(report, "bytes_read")),
                                 format_bytes(json_number(report, "bytes_written")));
  text +=
      fmt::format("  peak memory {}, budget {}\n", format_bytes(json_number(report, "peak_memory")),
                  format_bytes(json_number(report, "memory")));
  const Json found = member(report, "bottleneck");
  text += fmt::format("  bottleneck: {}\n", found.value("sentence", ""));
  if (const Json more = member(report, "more_threads"); more.contains("sentence")) {
    text += fmt::format("  threads: {}\n", more.value("sentence", ""));
  }
  if (report.contains("workers")) text += workers_text(report["workers"]);
  const Json stages = member(report, "stages");
  for (const Json& stage : stages) text += stage_text(stage);
  if (report.contains("cost")) text += cost_text(report["cost"]);
  return text;
}

}  // namespace gridmill
