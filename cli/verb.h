// verb.h: one verb of the command line, as data. Each has its file, verb_<name>.cc, with one
// function that makes it; all_verbs() is the table.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/general_options.h"
#include "cli/options.h"
#include "cli/printer.h"
#include "cli/questions.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/jobs/workplace.h"

namespace gridmill::cli {

// What a verb runs with, when all options have been applied.
struct Invocation {
  const Workplace& workplace;
  const GeneralOptions& general;
  const std::vector<Setting>& settings;
  const std::vector<std::string>& operands;  // as many as the verb asks for
  Printer& out;
  Printer& err;               // for questions
  const ReadLine& read_line;  // for answers; may be empty: there are none
};

struct Example {
  std::string command;  // without "gridmill"
  std::string what;
};

struct Verb {
  std::string name;
  std::string summary;   // one line, for the list of verbs
  std::string operands;  // "IN... OUT"
  int least_operands = 1;
  int most_operands = 1;  // -1: no limit
  std::string about;      // paragraphs for its help
  std::vector<Example> examples;
  std::vector<Option> options;  // its own
  bool has_general_options = true;
  std::function<int(const Invocation&)> run;  // the exit code; throws Error
};

Verb convert_verb();
Verb info_verb();
Verb dump_verb();
Verb verify_verb();
Verb check_verb();
Verb schema_verb();
Verb extract_verb();
Verb rechunk_verb();
Verb template_verb();
Verb synth_verb();
Verb write_region_verb();
Verb append_verb();
Verb archive_verb();
Verb plan_verb();
Verb exec_verb();
Verb runs_verb();
Verb cache_verb();
Verb store_verb();
Verb table_verb();
Verb bench_verb();
Verb analyze_verb();
Verb completion_verb();

// The table, in the order of the help.
std::vector<Verb> all_verbs();

// What a verb says in the end: as JSON if that was asked for, else as `text` has it.
void print_report(const Invocation& invocation, const Json& report,
                  const std::function<std::string(const Json&)>& text);

// A verb's own options, then those of every verb.
std::vector<Option> options_of(const Verb& verb, const std::shared_ptr<GeneralOptions>& general);

// The setting of an option that the verb has.
const Setting& setting_of(const std::vector<Setting>& settings, const std::string& name);

// A dry run writes nothing.
GribIndexUse grib_index_of(GribIndexUse asked, const Invocation& invocation);

// For verbs that read little and run nothing: --memory and --threads on the command line are a
// mistake. That an environment or a config file sets them for other verbs is none.
void refuse_resources(const std::vector<Setting>& settings, const std::string& verb);

}  // namespace gridmill::cli
