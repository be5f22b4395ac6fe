#include "cli/general_options.h"

#include <fmt/format.h>

#include "cli/rows.h"
#include "cli/values.h"
#include "gridmill/base/text.h"
#include "gridmill/system/clock.h"

namespace gridmill::cli {
namespace {

LogFormat log_format(const std::string& name) {
  if (name == "text") return LogFormat::text;
  return name == "json" ? LogFormat::json : LogFormat::automatic;
}

std::vector<Option> resource_options(const std::shared_ptr<GeneralOptions>& general) {
  const Resources& defaults = general->resources;
  return {
      parsed_row(
          "memory", "SIZE", "most memory that the run may use, at least 64M",
          format_bytes(static_cast<double>(defaults.memory)),
          [general](const std::string& text) { general->resources.memory = parse_memory(text); }),
      parsed_row(
          "threads", "N", "threads that decode, compute and encode; I/O has its own",
          fmt::format("{}", defaults.threads),
          [general](const std::string& text) { general->resources.threads = parse_threads(text); }),
      parsed_row("timeout", "DURATION",
                 "longest wait for one read or write (30s, 10m; 0: no limit)",
                 format_duration(seconds_of(defaults.timeout_ns)),
                 [general](const std::string& text) {
                   general->resources.timeout_ns = parse_duration(text);
                 }),
  };
}

Option config_row(const std::shared_ptr<GeneralOptions>& general) {
  Option option = file_row("config", "take options from this YAML file", "none",
                           member_of(general, &GeneralOptions::config));
  option.in_config = false;  // files don't include files
  return option;
}

Option log_row(const std::shared_ptr<GeneralOptions>& general) {
  Option option = parsed_row(
      "log", "FORMAT",
      "how progress and messages go to standard error: auto (one moving line on a terminal, "
      "plain lines elsewhere); text: plain lines, with the start and the end of the run; json: the "
      "same as an object on each line",
      "auto", [general](const std::string& name) { general->log = log_format(name); });
  option.choices = {"auto", "text", "json"};
  return option;
}

Option flag_only(Option option) {
  option.in_environment = false;
  option.in_config = false;
  return option;
}

}  // namespace

std::vector<Option> general_options(const std::shared_ptr<GeneralOptions>& general) {
  std::vector<Option> options = resource_options(general);
  options.push_back(refused_row(
      "mpi", "", "run on the ranks of an MPI job (not in this verb: plan it, then exec --mpi)",
      "is not for this verb: `gridmill plan` it, then mpirun gridmill exec --mpi"));
  options.push_back(switch_row("dry-run", "say what would be done, and why; write nothing",
                               member_of(general, &GeneralOptions::dry_run)));
  options.push_back(switch_row("json", "the report on standard output as JSON, errors too",
                               member_of(general, &GeneralOptions::json)));
  options.push_back(log_row(general));
  options.push_back(config_row(general));
  options.push_back(flag_only(switch_row("show-config",
                                         "print every option, its value and who set it; do nothing",
                                         member_of(general, &GeneralOptions::show_config))));
  Option help =
      flag_only(switch_row("help", "this text", member_of(general, &GeneralOptions::help)));
  help.letter = 'h';
  options.push_back(std::move(help));
  return options;
}

}  // namespace gridmill::cli
