// gridmill runs ls|show OUT [ID]
#include <fmt/format.h>

#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/run_account.h"
#include "gridmill/jobs/runs.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Every run of convert (to a Zarr store), rechunk and exec (workers keep none) leaves a record "
    "beside the store that it wrote, in OUT.gridmill/runs; the last hundred are kept. "
    "`runs ls OUT` lists them, `runs show OUT` shows the last one, or the one whose ID begins as "
    "given: time, processor time and rates per stage, queues, memory, what held the run back, "
    "cost, tags.\n"
    "\n"
    "A run is compared with earlier ones of the same plan (the same inputs, options and versions), "
    "threads and memory. A warning says if it took more than twice their median, and a second "
    "more, or used more than 90 % of --memory.";

int run(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.operands;
  refuse_resources(invocation.settings, "runs");
  const bool shows = words[0] == "show";
  if (!shows && words[0] != "ls") {
    throw Error(ErrorKind::invalid, fmt::format("runs can't \"{}\"{}: ls or show", words[0],
                                                did_you_mean(words[0], {"ls", "show"})));
  }
  if (!shows && words.size() > 2) {
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" is one too many: gridmill runs ls OUT", words[2]));
  }
  if (invocation.general.dry_run) {
    invocation.out.print(fmt::format("would read the records of {}\n", words[1]));
    return 0;
  }
  if (shows) {
    const Json record = show_run(words[1], words.size() > 2 ? words[2] : "", invocation.workplace);
    print_report(invocation, record, run_text);
  } else {
    print_report(invocation, list_runs(words[1], invocation.workplace), runs_text);
  }
  return 0;
}

}  // namespace

Verb runs_verb() {
  Verb verb;
  verb.name = "runs";
  verb.summary = "what earlier runs took, and what held them back";
  verb.operands = "ls|show OUT [ID]";
  verb.least_operands = 2;
  verb.most_operands = 3;
  verb.about = kAbout;
  verb.examples = {
      {"runs ls coads.zarr", "the runs that wrote this store, compared"},
      {"runs show coads.zarr", "everything about the last one"},
      {"runs show coads.zarr 20260301T0412 --json | jq .bottleneck", "one of them, for programs"},
  };
  verb.run = run;
  return verb;
}

}  // namespace gridmill::cli
