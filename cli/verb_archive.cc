// gridmill archive STORE
#include <memory>

#include "cli/rows.h"
#include "cli/values.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/rolling_archive.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "A rolling archive: groups of one Zarr store are forecast cycles, and old ones are removed. "
    "Cycles are the groups whose whole name is a time as --format says it; all else in the store "
    "is left alone. Times are UTC. A cycle older than --keep goes, unless it is one of the newest "
    "(--min-groups) or was --just-written; one in the future stays, with a warning. --dry-run "
    "gives the very report of a real run. `gridmill convert IN... STORE#/NAME` writes the next "
    "cycle. "
    "Readers find all of a cycle or nothing of it; a run that "
    "was killed is finished by the same command. Nobody else may write meanwhile.";

// Options of the job, and what has to be said.
struct ArchiveWords {
  RollingArchiveOptions options;
  std::string keep;
  std::string min_groups = "1";
};

std::vector<Option> rows(const std::shared_ptr<ArchiveWords>& words) {
  const auto to = [&](auto member) {
    return std::shared_ptr<std::decay_t<decltype(words->options.*member)>>(
        words, &(words->options.*member));
  };
  return {
      text_row("format", "FORMAT",
               "the form of the cycles' names: text and %Y %m %d %H %M %S %j, of fixed width",
               "none", to(&RollingArchiveOptions::format)),
      text_row("keep", "DURATION", "how old a cycle may become: 36h, 7d, 2w, 90min", "none",
               member_of(words, &ArchiveWords::keep)),
      text_row("min-groups", "N", "so many of the newest cycles stay, however old", "1",
               member_of(words, &ArchiveWords::min_groups)),
      text_row("group", "PATH", "the group that the cycles lie in (or STORE#/PATH)", "the root",
               to(&RollingArchiveOptions::group)),
      text_row("time-attribute", "NAME",
               "the attribute of a group that holds its time, instead of its name", "none",
               to(&RollingArchiveOptions::time_attribute)),
      values_row("just-written", OptionKind::repeated, "NAME", "a group that stays, however old",
                 "none", to(&RollingArchiveOptions::just_written)),
      text_row("now", "TIME", "the time from which ages are counted (2026-01-31T06:00:00Z)",
               "the clock's", to(&RollingArchiveOptions::now)),
  };
}

int run(ArchiveWords& words, const Invocation& invocation) {
  refuse_resources(invocation.settings, "archive");
  RollingArchiveOptions& options = words.options;
  if (words.keep.empty()) {
    throw Error(ErrorKind::invalid, "how old may a cycle become? Give --keep: 24h, 7d");
  }
  options.keep_us = parse_age(words.keep) / 1000;
  options.min_groups = parse_int(words.min_groups);
  options.store = invocation.operands[0];
  options.dry_run = invocation.general.dry_run;
  const Json report = roll_archive(options, invocation.workplace);
  print_report(invocation, report, rolling_archive_text);
  return report["failed"].empty() ? 0 : exit_code(ErrorKind::unavailable);
}

}  // namespace

Verb archive_verb() {
  const auto words = std::make_shared<ArchiveWords>();
  Verb verb;
  verb.name = "archive";
  verb.summary = "a rolling archive of forecast cycles: old ones are removed";
  verb.operands = "STORE";
  verb.about = kAbout;
  verb.examples = {
      {"archive fc.zarr --format %Y%m%dT%H%M%S --keep 7d --dry-run", "which cycles would go"},
      {"archive fc.zarr --format %Y%m%d%H --group cycle --keep 36h --min-groups 4",
       "the cycles below /cycle, of which four stay whatever their age"},
      {"archive fc.zarr --format run_%Y%j --keep 2w --just-written run_2026031",
       "one that stays although it is of an old day"},
      {"archive fc.zarr --time-attribute cycle_time --keep 24h", "by an attribute of the groups"},
  };
  verb.options = rows(words);
  verb.run = [words](const Invocation& invocation) { return run(*words, invocation); };
  return verb;
}

}  // namespace gridmill::cli
