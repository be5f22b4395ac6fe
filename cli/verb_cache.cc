// gridmill cache ls|gc [DIR...]
#include <fmt/format.h>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/cache.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Finds what runs that were cut short have left on the disk: every OUT.gridmill below the given "
    "folders (else the current one) with an unfinished store or intermediate arrays. `cache ls` "
    "says how large and how old each is, whether a run is at work there, and whether --resume can "
    "go on. `cache gc` removes what no run holds, also what could be resumed; with --dry-run it "
    "only says so. Stores, their manifests and run records stay, also a complete store that could "
    "not be moved to its place.";

Option kind_row() {
  Option row;
  row.name = "kind";
  row.value_name = "KIND";
  row.help = "what to look after: spill (unfinished outputs); chunks and steps come later";
  row.fallback = "spill";
  row.choices = {"spill", "chunks", "steps"};
  row.in_environment = false;
  row.apply = [](const Values& values) {
    if (values.front() == "spill") return;
    throw Error(
        ErrorKind::unsupported,
        fmt::format("--kind {} comes with a later version; it is not in this one", values.front()));
  };
  return row;
}

int run(const Invocation& invocation) {
  refuse_resources(invocation.settings, "cache");
  const std::vector<std::string>& words = invocation.operands;
  CacheOptions options;
  options.removes = words[0] == "gc";
  if (!options.removes && words[0] != "ls") {
    throw Error(ErrorKind::invalid, fmt::format("cache can't \"{}\"{}: ls or gc", words[0],
                                                did_you_mean(words[0], {"ls", "gc"})));
  }
  options.dry_run = invocation.general.dry_run;
  options.directories.assign(words.begin() + 1, words.end());
  if (options.directories.empty()) options.directories = {"."};
  print_report(invocation, look_after_spill(options, invocation.workplace), [&](const Json& json) {
    return cache_text(json, options.removes, options.dry_run);
  });
  return 0;
}

}  // namespace

Verb cache_verb() {
  Verb verb;
  verb.name = "cache";
  verb.summary = "what runs that were cut short have left, and its removal";
  verb.operands = "ls|gc [DIR...]";
  verb.least_operands = 1;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"cache ls /archive", "what lies below a folder"},
      {"cache gc /archive --dry-run", "what would go"},
      {"cache gc /archive --kind spill", "remove it"},
  };
  verb.options = {kind_row()};
  verb.run = run;
  return verb;
}

}  // namespace gridmill::cli
