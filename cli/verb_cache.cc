// gridmill cache ls|verify|gc [DIR...]
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "cli/rows.h"
#include "cli/values.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/cache.h"
#include "gridmill/jobs/cache_entries.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Looks after what lies on the disk and can be made again. Of a cache (the folder that --cache "
    "was given): chunks of inputs and finished tables ('steps'). `cache ls` says how many there "
    "are of each source, how large, and how long ago they were used; `cache verify` reads every "
    "one "
    "and names those that are bad (exit code 3); `cache gc` removes what --to-size, --older-than "
    "or "
    "--bad say. Of any other folder: what runs that were cut short have left (spill), every "
    "OUT.gridmill below it with an unfinished store or intermediate arrays. `cache ls` says how "
    "large and how old each is, whether a run is at work there, and whether --resume can go on; "
    "`cache gc` removes what no run holds, also what could be resumed. Stores, their manifests and "
    "run records stay, also a complete store that could not be moved to its place, and what "
    "`table compact` has left. With --dry-run "
    "gc "
    "only says what would go.";

struct CacheWords {
  std::string kind;       // "": as the folders are
  std::string directory;  // --cache, GRIDMILL_CACHE
  CacheEntriesOptions entries;

  bool is_told_what_goes() const {
    return entries.to_size || entries.older_than_ns > 0 || entries.bad;
  }
};

Option kind_row(const std::shared_ptr<CacheWords>& words) {
  Option row = choice_row(
      "kind", "KIND", "what to look after: chunks or steps of a cache; spill: unfinished outputs",
      "chunks and steps of a folder that is a cache, else spill", {"spill", "chunks", "steps"},
      member_of(words, &CacheWords::kind));
  row.in_environment = false;
  return row;
}

std::vector<Option> gc_rows(const std::shared_ptr<CacheWords>& words) {
  std::vector<Option> rows{
      parsed_row("to-size", "SIZE",
                 "gc: remove what was used longest ago until no more than this is left", "none",
                 [words](const std::string& size) { words->entries.to_size = parse_size(size); }),
      parsed_row(
          "older-than", "AGE", "gc: remove what wasn't used for so long (36h, 7d, 2w)", "none",
          [words](const std::string& age) { words->entries.older_than_ns = parse_age(age); }),
      switch_row("bad", "gc: read every entry and remove those that are bad",
                 std::shared_ptr<bool>(words, &words->entries.bad))};
  for (Option& row : rows) row.in_environment = row.in_config = false;
  return rows;
}

CacheTask task_of(const std::string& word) {
  if (word == "ls") return CacheTask::ls;
  if (word == "verify") return CacheTask::verify;
  if (word == "gc") return CacheTask::gc;
  throw Error(ErrorKind::invalid, fmt::format("cache can't \"{}\"{}: ls, verify or gc", word,
                                              did_you_mean(word, {"ls", "verify", "gc"})));
}

// Entries of a cache, or spill.
bool is_of_entries(const CacheWords& words, const Invocation& invocation) {
  if (!words.kind.empty()) return words.kind != "spill";
  if (words.entries.task == CacheTask::verify || words.is_told_what_goes()) return true;
  const auto& directories = words.entries.directories;
  return !directories.empty() &&
         std::all_of(directories.begin(), directories.end(), [&](const std::string& directory) {
           return is_cache_directory(invocation.workplace.files, directory);
         });
}

int run_entries(CacheWords& words, const Invocation& invocation) {
  CacheEntriesOptions& options = words.entries;
  if (words.kind == "chunks") options.kind = CacheKind::chunks;
  if (words.kind == "steps") options.kind = CacheKind::steps;
  if (words.is_told_what_goes() && options.task != CacheTask::gc) {
    throw Error(ErrorKind::invalid, "--to-size, --older-than and --bad are of `cache gc`");
  }
  if (options.directories.empty()) {
    options.directories = {words.directory.empty() ? "." : words.directory};
  }
  const Json report = look_after_entries(options, invocation.workplace);
  print_report(invocation, report,
               [&](const Json& json) { return cache_entries_text(json, options); });
  const bool is_bad = options.task == CacheTask::verify && !report.at("bad").empty();
  return is_bad ? exit_code(ErrorKind::corrupt) : 0;
}

int run_spill(const CacheWords& words, const Invocation& invocation) {
  if (words.is_told_what_goes() || words.entries.task == CacheTask::verify) {
    throw Error(ErrorKind::invalid,
                "verify, --to-size, --older-than and --bad are of the entries of a cache; of spill "
                "gc removes all that no run holds");
  }
  CacheOptions options;
  options.removes = words.entries.task == CacheTask::gc;
  options.dry_run = words.entries.dry_run;
  options.directories = words.entries.directories;
  if (options.directories.empty()) options.directories = {"."};
  print_report(invocation, look_after_spill(options, invocation.workplace), [&](const Json& json) {
    return cache_text(json, options.removes, options.dry_run);
  });
  return 0;
}

int run(CacheWords words, const Invocation& invocation) {
  refuse_resources(invocation.settings, "cache");
  const std::vector<std::string>& operands = invocation.operands;
  words.entries.task = task_of(operands[0]);
  words.entries.dry_run = invocation.general.dry_run;
  words.entries.directories.assign(operands.begin() + 1, operands.end());
  return is_of_entries(words, invocation) ? run_entries(words, invocation)
                                          : run_spill(words, invocation);
}

}  // namespace

Verb cache_verb() {
  const auto words = std::make_shared<CacheWords>();
  Verb verb;
  verb.name = "cache";
  verb.summary =
      "caches of chunks and results, and what broken runs have left: list, check, remove";
  verb.operands = "ls|verify|gc [DIR...]";
  verb.least_operands = 1;
  verb.most_operands = -1;
  verb.about = kAbout;
  verb.examples = {
      {"cache ls ~/.cache/gridmill", "what a cache holds, by source"},
      {"cache verify ~/.cache/gridmill", "read and check all of it"},
      {"cache gc ~/.cache/gridmill --kind chunks --older-than 30d", "what wasn't used for a month"},
      {"cache ls /archive", "what unfinished runs have left below a folder"},
      {"cache gc /archive --dry-run", "what would go"},
      {"cache gc /archive --kind spill", "remove it"},
  };
  verb.options = {kind_row(words)};
  for (Option& row : gc_rows(words)) verb.options.push_back(std::move(row));
  verb.options.push_back(directory_row("cache", "the cache, where no folder is named", "none",
                                       member_of(words, &CacheWords::directory)));
  verb.run = [words](const Invocation& invocation) { return run(*words, invocation); };
  return verb;
}

}  // namespace gridmill::cli
