// run_account.h: who keeps the account of one run, from its first look at the inputs to the record
// that stays beside the output.
//
// Nothing here may spoil a run: once the output is complete, a record or report that can't be
// written is a warning. What can be refused (--report that would replace somebody else's file) is
// refused at construction, before any work. A run that fails and leaves nothing at OUT.gridmill
// leaves no record either.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/json.h"
#include "gridmill/engine/run_report.h"
#include "gridmill/engine/trace.h"
#include "gridmill/engine/worker_part.h"
#include "gridmill/jobs/live_run.h"
#include "gridmill/jobs/live_server.h"
#include "gridmill/jobs/workplace.h"
#include "gridmill/system/http_responder.h"

namespace gridmill {

// The options of every verb that runs a plan.
struct ReportOptions {
  std::string report;               // file; *.json: JSON, otherwise text
  std::string metrics;              // file
  std::string metrics_port;         // "9464", "0.0.0.0:9464": served while the run goes on
  std::string trace;                // file
  std::vector<std::string> prices;  // "cpu-hour=0.04"
  std::vector<std::string> tags;    // "team=ocean"
  double sample = 0;                // of the tasks, in (0, 1); 0: the run is no sample
  std::string serve;                // port of this machine: a page to look at while it goes on
  bool watch = false;               // the console gets views to show
};

class FollowingConsole;

class RunAccount {
 public:
  // Throws Error(invalid) for prices and tags that are none, or a port that can't be listened at,
  // Error(conflict) for files that are not ours to replace. The options and `workplace` must
  // outlive it.
  RunAccount(std::string verb, std::vector<std::string> inputs, std::string output,
             const ReportOptions& options, const Resources& resources, const Workplace& workplace);
  ~RunAccount();

  // Where the run is to work: its progress can be asked for at the metrics port.
  const Workplace& workplace() const noexcept { return followed_workplace_; }
  // The lanes' options, told to count.
  RunOptions counted(RunOptions options);
  // A line of the log of this process: {"event", "time", "pid", "run", "verb"} and `more`.
  void log(const std::string& event, const Json& more, const std::string& text) const;
  // Does `work`, which may throw; then the record of the failure is kept if there is a place.
  // `plan` names it: runs of one plan are comparable. "": no record is kept.
  template <class Work>
  void watch(const std::string& plan, Work&& work) {
    begin(plan);
    try {
      std::forward<Work>(work)();
    } catch (const Error& error) {
      fail(error);
      throw;
    }
  }
  // What workers of the plan have done for this run: the record tells of all of them, and sums up.
  void add_workers(std::vector<WorkerPart> parts) { workers_ = std::move(parts); }
  // The next stage that counts is this one of the plan; not told: the one after the last.
  void note_stage(std::size_t number) { stage_numbers_.push_back(number); }
  // The run ended well: adds "seconds", "peak_memory", "bottleneck" and "run" (the whole record) to
  // the verb's report, which has "bytes_read" and "bytes_written" already; writes the files that
  // were asked for, keeps the record, warns.
  void finish(Json& report);
  // Of a sample (ReportOptions): what the whole would take, if it goes on like this.
  // `all_tasks`: of each stage that ran. {"seconds", "cpu_seconds", "bytes_read", "bytes_written",
  // "memory", "cost"}
  Json extrapolated(const std::vector<std::int64_t>& all_tasks) const;
  double sample() const noexcept { return options_.sample; }

 private:
  std::string live_figures() const;
  void open_doors();
  void log_start() const;
  void log_end(const Json& record) const;
  void begin(const std::string& plan);
  void fail(const Error& error);
  Json record(const std::string& state, const Json& report) const;
  RunFacts own_facts(const Json& report) const;
  // As one of several workers.
  WorkerPart own_part(const RunFacts& facts) const;
  Json warnings_of(const Json& record, const Json& comparison) const;
  void close_trace();

  const std::string verb_;
  const std::vector<std::string> inputs_;
  const std::string output_;
  const ReportOptions& options_;
  const Resources resources_;
  const Workplace& workplace_;
  const PriceTable prices_;
  Json tags_ = Json::object();
  const std::int64_t start_ns_;
  const std::int64_t cpu_before_ns_;
  const std::int64_t wall_ns_;
  const std::string id_;
  std::string plan_;
  std::shared_ptr<TraceWriter> trace_;
  std::shared_ptr<RunRecorder> recorder_;
  std::vector<WorkerPart> workers_;
  std::vector<std::size_t> stage_numbers_;
  LiveRun live_;
  const std::unique_ptr<FollowingConsole> following_;
  const Workplace followed_workplace_;
  std::unique_ptr<HttpResponder> responder_;  // last: they ask the others
  std::unique_ptr<LiveServer> server_;
};

// A record for people.
std::string run_text(const Json& record);

}  // namespace gridmill
