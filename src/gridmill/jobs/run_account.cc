#include "gridmill/jobs/run_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

#include "gridmill/base/bytes.h"
#include "gridmill/base/text.h"
#include "gridmill/base/version.h"
#include "gridmill/engine/open_metrics.h"
#include "gridmill/jobs/output_file.h"
#include "gridmill/jobs/run_records.h"
#include "gridmill/jobs/skipped_report.h"
#include "gridmill/store/stage.h"
#include "gridmill/system/clock.h"
#include "gridmill/system/cpu.h"
#include "gridmill/system/cpu_time.h"
#include "gridmill/system/memory.h"
#include "gridmill/system/process.h"
#include "gridmill/system/random.h"

namespace gridmill {
namespace {

constexpr std::string_view kRecordBegin = "{\n  \"gridmill\": ";
constexpr std::string_view kTextBegin = "gridmill ";

bool is_json_name(std::string_view path) { return path.ends_with(".json"); }

std::string first_bytes(Files& files, const std::string& path, std::size_t most) {
  const auto file = files.open(path);
  std::string text(file ? most : 0, '\0');
  if (file) text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

// A file of a run's account replaces only what such a file was: no flag is needed, because nothing
// of anybody else's is ever lost.
void check_own_file(Files& files, const char* option, const std::string& path,
                    std::string_view begin, const std::vector<std::string>& inputs,
                    const std::string& output) {
  if (path.empty()) return;
  in_context([&] { return std::string(option); },
             [&] {
               check_output_file(files, path, true, inputs);
               const std::string place = files.absolute(path);
               const std::string store = files.absolute(parse_location(output).path);
               if (place == store || place.starts_with(store + "/")) {
                 throw Error(ErrorKind::conflict,
                             fmt::format("{} is the output {} or lies in it", path, output));
               }
               if (!files.status(path)) return;
               const std::string found = first_bytes(files, path, begin.size());
               if (!found.empty() && found != begin) {
                 throw Error(
                     ErrorKind::conflict,
                     fmt::format("{} exists and holds something else; give another name", path));
               }
             });
}

Json parse_tags(const std::vector<std::string>& texts) {
  Json tags = Json::object();
  for (const std::string& text : texts) {
    const auto sign = text.find('=');
    const std::string name(trim(text.substr(0, sign)));
    if (sign == std::string::npos || name.empty()) {
      throw Error(ErrorKind::invalid, fmt::format("--tags: \"{}\" is not NAME=VALUE", text));
    }
    tags[name] = std::string(trim(text.substr(sign + 1)));
  }
  return tags;
}

}  // namespace

// Knows the counters of what runs now, and lets another thread look at them.
class FollowingConsole final : public Console {
 public:
  FollowingConsole(Console& around, LiveRun& live) : around_(around), live_(live) {}

  void say(const std::string& line) override { around_.say(line); }
  void warn(const std::string& line) override {
    around_.warn(line);
    ++warnings_;
  }
  void note_left_threads() override { around_.note_left_threads(); }
  void log(const Json& event, const std::string& text) override { around_.log(event, text); }
  void watch(std::function<LiveView()> view) override { around_.watch(std::move(view)); }
  void begin(const std::string& what, const Progress& progress) override {
    follow(&progress);
    live_.begin(what, progress);
    around_.begin(what, progress);
  }
  void done() override {
    around_.done();
    live_.done();
    follow(nullptr);
  }
  // Of all that has been followed to its end.
  std::int64_t retries() const {
    const std::lock_guard lock(mutex_);
    return retries_;
  }

  std::int64_t warnings() const noexcept { return warnings_; }

  template <class Look>
  auto look(Look&& look) const {
    const std::lock_guard lock(mutex_);
    return look(progress_);
  }

 private:
  void follow(const Progress* progress) {
    const std::lock_guard lock(mutex_);
    if (progress_ != nullptr) retries_ += progress_->retries;
    progress_ = progress;
  }

  Console& around_;
  LiveRun& live_;
  std::atomic<std::int64_t> warnings_{0};
  mutable std::mutex mutex_;
  const Progress* progress_ = nullptr;  // lives until done()
  std::int64_t retries_ = 0;
};

RunAccount::RunAccount(std::string verb, std::vector<std::string> inputs, std::string output,
                       const ReportOptions& options, const Resources& resources,
                       const Workplace& workplace)
    : verb_(std::move(verb)),
      inputs_(std::move(inputs)),
      output_(std::move(output)),
      options_(options),
      resources_(resources),
      workplace_(workplace),
      prices_(in_context([] { return std::string("--prices"); },
                         [&] { return parse_prices(options.prices); })),
      tags_(parse_tags(options.tags)),
      start_ns_(workplace.clock.monotonic_ns()),
      cpu_before_ns_(process_cpu_ns()),
      wall_ns_(workplace.clock.wall_ns()),
      id_(run_id(wall_ns_, unique_suffix().substr(0, 4))),
      live_({id_, verb_, output_, resources.threads, resources.memory, start_ns_, cpu_before_ns_},
            workplace.clock),
      following_(std::make_unique<FollowingConsole>(workplace.console, live_)),
      followed_workplace_{workplace.files, workplace.clock, *following_, workplace.stop} {
  Files& files = workplace_.files;
  const std::string_view report = is_json_name(options.report) ? kRecordBegin : kTextBegin;
  check_own_file(files, "--report", options.report, report, inputs_, output_);
  check_own_file(files, "--metrics", options.metrics, kMetricsBegin, inputs_, output_);
  check_own_file(files, "--trace", options.trace, kTraceBegin, inputs_, output_);
  std::set<std::string> places;
  for (const std::string& path : {options.report, options.metrics, options.trace}) {
    if (!path.empty() && !places.insert(files.absolute(path)).second) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} is named for two of --report, --metrics and --trace", path));
    }
  }
  open_doors();
}

RunAccount::~RunAccount() {
  if (options_.watch) workplace_.console.watch(nullptr);
}

// For those who look while the run goes on.
void RunAccount::open_doors() {
  if (!options_.metrics_port.empty()) {
    in_context([] { return std::string("--metrics-port"); },
               [&] {
                 const Endpoint endpoint = parse_endpoint(options_.metrics_port);
                 responder_ = std::make_unique<HttpResponder>(endpoint, "/metrics", kMetricsType,
                                                              [this] { return live_figures(); });
                 if (endpoint.port == 0) {
                   workplace_.console.say(fmt::format("metrics are at {} port {}, /metrics",
                                                      endpoint.address, responder_->port()));
                 }
               });
  }
  if (!options_.serve.empty()) {
    in_context([] { return std::string("--serve"); },
               [&] {
                 server_ = std::make_unique<LiveServer>(
                     parse_local_endpoint(options_.serve), [this] { return live_.view(); },
                     [this] { return live_figures(); }, workplace_.clock);
               });
    workplace_.console.say("the run can be looked at: " + server_->url());
  }
  if (options_.watch) {
    workplace_.console.watch([this] { return live_.view(); });
  }
}

void RunAccount::log(const std::string& event, const Json& more, const std::string& text) const {
  const std::string now = utc_text(workplace_.clock.wall_ns());
  Json line{{"event", event}, {"time", now}, {"pid", process_id()}, {"run", id_}, {"verb", verb_}};
  line.update(more);
  workplace_.console.log(line, fmt::format("{} {} {}: {}", now, verb_, process_id(), text));
}

void RunAccount::log_start() const {
  const std::string others =
      inputs_.size() > 1 ? fmt::format(" and {} more", inputs_.size() - 1) : "";
  const std::string first = inputs_.empty() ? "" : inputs_.front();
  log("start",
      {{"inputs", inputs_},
       {"output", output_},
       {"threads", resources_.threads},
       {"memory", resources_.memory}},
      fmt::format("starts, {}{} to {}", first, others, output_));
}

void RunAccount::log_end(const Json& record) const {
  const double seconds = record.value("seconds", 0.0);
  const auto read = record.value("bytes_read", 0.0), written = record.value("bytes_written", 0.0);
  const double rate = written / std::max(seconds, 1e-9);
  const std::int64_t retries = following_->retries();
  const std::int64_t warnings = following_->warnings();
  const std::string state = record.value("state", "");
  log("end",
      {{"state", state},
       {"seconds", seconds},
       {"bytes_read", read},
       {"bytes_written", written},
       {"bytes_per_second", rate},
       {"retries", retries},
       {"warnings", warnings}},
      fmt::format("ends, {}: read {}, wrote {} in {} ({}/s), {} retries, {} warnings", state,
                  format_bytes(read), format_bytes(written), format_duration(seconds),
                  format_bytes(rate), retries, warnings));
}

// From the responder's thread: of this object only what never changes.
std::string RunAccount::live_figures() const {
  const Json record{{"gridmill", kVersion},
                    {"id", id_},
                    {"verb", verb_},
                    {"output", output_},
                    {"tags", tags_},
                    {"seconds", seconds_of(workplace_.clock.monotonic_ns() - start_ns_)},
                    {"cpu_seconds", seconds_of(process_cpu_ns() - cpu_before_ns_)},
                    {"peak_memory", peak_resident_memory()},
                    {"memory", resources_.memory},
                    {"threads", resources_.threads}};
  return following_->look([&](const Progress* progress) { return live_metrics(record, progress); });
}

RunOptions RunAccount::counted(RunOptions options) {
  options.recorder = recorder_;
  return options;
}

void RunAccount::begin(const std::string& plan) {
  plan_ = plan;
  log_start();
  if (!options_.trace.empty()) {
    trace_ = std::make_shared<TraceWriter>(write_file(workplace_.files, options_.trace), start_ns_);
  }
  recorder_ = std::make_shared<RunRecorder>(workplace_.clock, trace_);
  live_.count_by(recorder_);
}

RunFacts RunAccount::own_facts(const Json& report) const {
  RunFacts facts;
  if (recorder_) facts.stages = recorder_->stages();
  facts.wall_ns = workplace_.clock.monotonic_ns() - start_ns_;
  facts.cpu_ns = process_cpu_ns() - cpu_before_ns_;
  facts.threads = resources_.threads;
  facts.cores = usable_cores();
  facts.memory = resources_.memory;
  facts.peak_memory = peak_resident_memory();
  std::int64_t read = 0, written = 0;  // by all stages, unless the verb knows better
  for (const StageFigures& stage : facts.stages) {
    read += stage.of(LaneWork::read).bytes;
    written += stage.of(LaneWork::write).bytes;
  }
  facts.bytes_read = report.value("bytes_read", read);
  facts.bytes_written = report.value("bytes_written", written);
  return facts;
}

WorkerPart RunAccount::own_part(const RunFacts& facts) const {
  WorkerPart part;
  part.name = "publisher";
  part.threads = facts.threads;
  part.memory = facts.memory;
  part.peak_memory = facts.peak_memory;
  part.begin_ns = wall_ns_;
  part.end_ns = wall_ns_ + facts.wall_ns;
  part.bytes_read = facts.bytes_read;
  part.bytes_written = facts.bytes_written;
  for (std::size_t i = 0; i < facts.stages.size(); ++i) {
    part.add(i < stage_numbers_.size() ? stage_numbers_[i] : i, facts.stages[i]);
  }
  part.cpu_ns = facts.cpu_ns;
  return part;
}

Json RunAccount::record(const std::string& state, const Json& report) const {
  RunFacts facts = own_facts(report);
  std::int64_t resumed = report.value("chunks_resumed", std::int64_t{0});
  Json workers;
  if (!workers_.empty()) {
    std::vector<WorkerPart> parts = workers_;
    parts.push_back(own_part(facts));
    RunFacts all = facts_of_all(parts);
    std::int64_t inside = 0;
    for (const StageFigures& stage : facts.stages) inside += stage.end_ns - stage.start_ns;
    all.wall_ns += std::max<std::int64_t>(0, facts.wall_ns - inside);  // this process, publishing
    all.threads = facts.threads;
    all.cores = facts.cores;
    all.memory = facts.memory;
    facts = std::move(all);
    workers = workers_report(parts);
    // What workers did for this run was not resumed.
    for (const WorkerPart& part : workers_) resumed -= part.chunks_written;
    resumed = std::max<std::int64_t>(resumed, 0);
  }
  Json record = {{"gridmill", kVersion},
                 {"id", id_},
                 {"verb", verb_},
                 {"inputs", inputs_},
                 {"output", output_},
                 {"state", state},
                 {"started", utc_text(wall_ns_)},
                 {"plan", plan_},
                 {"tags", tags_},
                 {"chunks_resumed", resumed}};
  record.update(run_report(facts, prices_));
  for (const char* name : {"skipped_chunks", "skipped"}) {
    if (report.contains(name)) record[name] = report[name];
  }
  if (!workers.is_null()) record["workers"] = std::move(workers);
  return record;
}

Json RunAccount::extrapolated(const std::vector<std::int64_t>& all_tasks) const {
  RunFacts facts = own_facts(Json::object());
  facts.bytes_read = facts.bytes_written = 0;
  std::int64_t more_credit = 0;  // of the stage that would take the most beyond what it took
  for (std::size_t i = 0; i < facts.stages.size() && i < all_tasks.size(); ++i) {
    StageFigures& stage = facts.stages[i];
    if (stage.tasks == 0) continue;
    const double times = static_cast<double>(all_tasks[i]) / static_cast<double>(stage.tasks);
    const auto more = [&](std::int64_t figure) {
      return static_cast<std::int64_t>(static_cast<double>(figure) * times);
    };
    facts.wall_ns += more(stage.end_ns - stage.start_ns) - (stage.end_ns - stage.start_ns);
    for (const LaneFigures& lane : stage.lanes) facts.cpu_ns += more(lane.cpu_ns) - lane.cpu_ns;
    for (WorkFigures& work : stage.work) {
      work.bytes = more(work.bytes);
      work.items = more(work.items);
    }
    // With more tasks at hand, more are under way at once, as far as the budget goes.
    const std::int64_t credit = std::min(more(stage.credit_most), stage.credit_budget);
    more_credit = std::max(more_credit, credit - stage.credit_most);
    facts.bytes_read += stage.of(LaneWork::read).bytes;
    facts.bytes_written += stage.of(LaneWork::write).bytes;
  }
  facts.peak_memory += more_credit;
  const Json all = run_report(facts, prices_);
  Json estimate;
  for (const char* name :
       {"seconds", "cpu_seconds", "bytes_read", "bytes_written", "peak_memory", "cost"}) {
    if (all.contains(name)) estimate[name] = all[name];
  }
  return estimate;
}

void RunAccount::close_trace() {
  if (!trace_) return;
  trace_->close();
  if (!trace_->problem().empty()) {
    workplace_.console.warn("the trace could not be written: " + trace_->problem());
  }
}

Json RunAccount::warnings_of(const Json& record, const Json& comparison) const {
  Json warnings = run_warnings(record, comparison);
  if (!resources_.skipped) return warnings;
  const std::string skipped = skipped_warning(*resources_.skipped, output_);
  if (!skipped.empty()) warnings.push_back(skipped);
  return warnings;
}

void RunAccount::finish(Json& report) {
  if (resources_.skipped) report.update(skipped_report(*resources_.skipped));
  Json mine = record("done", report);
  const auto tell = [&](const std::string& what, const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      following_->warn(fmt::format("{} could not be written: {}", what, error.what()));
    }
  };
  close_trace();
  if (!plan_.empty()) {
    tell("the record of this run", [&] {
      const auto companion = open_companion(workplace_.files, parse_location(output_));
      mine["comparison"] = compare_run(mine, load_runs(*companion));
      mine["warnings"] = warnings_of(mine, mine["comparison"]);
      save_run(*companion, mine);
    });
  }
  if (!mine.contains("warnings")) mine["warnings"] = warnings_of(mine, Json::object());
  for (const Json& warning : mine["warnings"]) following_->warn(warning.get<std::string>());
  if (!options_.report.empty()) {
    tell("--report", [&] {
      write_text_file(workplace_.files, options_.report,
                      is_json_name(options_.report) ? dump_json(mine) + "\n" : run_text(mine));
    });
  }
  if (!options_.metrics.empty()) {
    tell("--metrics",
         [&] { write_text_file(workplace_.files, options_.metrics, open_metrics(mine)); });
  }
  report["seconds"] = mine["seconds"];
  report["peak_memory"] = mine["peak_memory"];
  report["bottleneck"] = mine["bottleneck"]["sentence"];
  if (Json skew = skew_sentences(mine); !skew.empty()) report["skew"] = std::move(skew);
  log_end(mine);
  live_.end(RunState::done, mine["bottleneck"].value("sentence", ""),
            mine["more_threads"].value("sentence", ""));
  report["run"] = std::move(mine);
}

void RunAccount::fail(const Error& error) {
  live_.end(RunState::failed, error.what(), "");
  switch (error.kind()) {
    case ErrorKind::timeout:   // a stuck disk would hold this up as well
    case ErrorKind::conflict:  // refused: nothing ran
    case ErrorKind::invalid:
      log_end({{"state", "failed"},
               {"seconds", seconds_of(workplace_.clock.monotonic_ns() - start_ns_)}});
      return;
    default:
      break;
  }
  try {
    if (trace_) trace_->close();
    const auto companion = open_companion(workplace_.files, parse_location(output_));
    const bool has_place = !companion->children(Key()).empty();
    const bool is_cut_short = error.kind() == ErrorKind::cancelled;
    Json mine = record(is_cut_short ? "interrupted" : "failed", Json::object());
    mine["error"] = error.what();
    mine["warnings"] = Json::array();
    log_end(mine);
    if (!plan_.empty() && has_place) save_run(*companion, mine);
    if (!options_.metrics.empty()) {
      write_text_file(workplace_.files, options_.metrics, open_metrics(mine));
    }
    if (!options_.report.empty()) {
      write_text_file(workplace_.files, options_.report,
                      is_json_name(options_.report) ? dump_json(mine) + "\n" : run_text(mine));
    }
  } catch (...) {
    return;  // the error that led here is the one to tell
  }
}

std::string run_text(const Json& record) {
  std::string text =
      fmt::format("gridmill {} {}\n  run {}, {}\n", record.value("verb", ""),
                  record.value("output", ""), record.value("id", ""), record.value("state", ""));
  if (record.contains("error")) text += fmt::format("  {}\n", record.value("error", ""));
  std::vector<std::string> tags;
  const Json tagged = record.value("tags", Json::object());
  for (const auto& [name, value] : tagged.items()) {
    tags.push_back(fmt::format("{}={}", name, value.is_string() ? value.get<std::string>() : ""));
  }
  if (!tags.empty()) text += "  tags " + join(tags, ", ") + "\n";
  text += run_report_text(record) + skipped_text(record);
  const Json comparison = record.value("comparison", Json::object());
  const auto runs = comparison.value("runs", std::int64_t{0});
  if (runs > 0) {
    text += fmt::format("  {} earlier {} of this plan took {} (median): this one {:.2f} x that\n",
                        runs, runs == 1 ? "run" : "runs",
                        format_duration(comparison.value("median_seconds", 0.0)),
                        comparison.value("times_median", 0.0));
  }
  for (const Json& warning : record.value("warnings", Json::array())) {
    text += fmt::format("  warning: {}\n", warning.get<std::string>());
  }
  return text;
}

}  // namespace gridmill
