// gridmill table ls|compact DIR
#include <fmt/format.h>

#include "cli/rows.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/compact_table.h"
#include "gridmill/jobs/extract.h"
#include "gridmill/jobs/list_table.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Looks after a table in a directory: folders of Hive's kind (year=2020/month=03) with Parquet "
    "or CSV files, from `extract --partition` or from others. `ls` says which folders there are, "
    "with files, rows and bytes, and the columns. `compact` merges small files: in each folder "
    "those below half of --target-size that stand next to each other, in the order of their "
    "names, become files of about that size; larger ones stay. Values, types, units, order and "
    "compression are kept; files that differ in more than their rows are refused, and named, "
    "before anything is changed (exit code 3).\n"
    "\n"
    "Each folder is replaced in one step: whoever reads the table meanwhile finds a folder's old "
    "files or its new ones. A run that is killed leaves whole folders; the next one goes on "
    "(docs/tables.md).";

void refuse_for_ls(const Invocation& invocation) {
  refuse_resources(invocation.settings, "table ls");
  if (setting_of(invocation.settings, "target-size").origin != Origin::flag) return;
  throw Error(ErrorKind::invalid, "--target-size is of `table compact`");
}

// One folder is worked on at a time.
void refuse_threads(const Invocation& invocation) {
  if (setting_of(invocation.settings, "threads").origin != Origin::flag) return;
  throw Error(ErrorKind::invalid,
              "--threads has no meaning here: table compact works on one folder at a time; leave "
              "it out");
}

int run(CompactOptions options, const Invocation& invocation) {
  const std::string& word = invocation.operands[0];
  options.directory = invocation.operands[1];
  if (word == "ls") {
    refuse_for_ls(invocation);
    print_report(invocation, list_table(options.directory, invocation.workplace), table_text);
    return 0;
  }
  if (word != "compact") {
    throw Error(ErrorKind::invalid, fmt::format("table can't \"{}\"{}: ls or compact", word,
                                                did_you_mean(word, {"ls", "compact"})));
  }
  refuse_threads(invocation);
  options.dry_run = invocation.general.dry_run;
  options.resources = invocation.general.resources;
  print_report(invocation, compact_table(options, invocation.workplace), compact_text);
  return 0;
}

}  // namespace

Verb table_verb() {
  const auto options = std::make_shared<CompactOptions>();
  Verb verb;
  verb.name = "table";
  verb.summary = "tables in a directory: what is in them, small files merged";
  verb.operands = "ls|compact DIR";
  verb.least_operands = 2;
  verb.most_operands = 2;
  verb.about = kAbout;
  verb.examples = {
      {"table ls stations/", "its folders and columns"},
      {"table ls stations/ --json | jq '.folders[] | select(.files > 8)'", "for programs"},
      {"table compact stations/ --dry-run", "how many files there would be"},
      {"table compact stations/ --target-size 256MB", "merge them"},
  };
  verb.options = {text_row("target-size", "SIZE", "compact: about how large the files become",
                           kTargetSize, member_of(options, &CompactOptions::target_size))};
  verb.run = [options](const Invocation& invocation) { return run(*options, invocation); };
  return verb;
}

}  // namespace gridmill::cli
