#include <fmt/format.h>

#include <algorithm>

#include "cli/verb.h"
#include "gridmill/base/error.h"

namespace gridmill::cli {

std::vector<Verb> all_verbs() {
  std::vector<Verb> verbs;
  verbs.push_back(convert_verb());
  verbs.push_back(info_verb());
  verbs.push_back(dump_verb());
  verbs.push_back(verify_verb());
  verbs.push_back(check_verb());
  verbs.push_back(schema_verb());
  verbs.push_back(extract_verb());
  verbs.push_back(rechunk_verb());
  verbs.push_back(template_verb());
  verbs.push_back(write_region_verb());
  verbs.push_back(append_verb());
  verbs.push_back(archive_verb());
  verbs.push_back(plan_verb());
  verbs.push_back(exec_verb());
  verbs.push_back(runs_verb());
  verbs.push_back(cache_verb());
  verbs.push_back(store_verb());
  verbs.push_back(table_verb());
  verbs.push_back(bench_verb());
  verbs.push_back(analyze_verb());
  verbs.push_back(synth_verb());
  verbs.push_back(completion_verb());
  return verbs;
}

void print_report(const Invocation& invocation, const Json& report,
                  const std::function<std::string(const Json&)>& text) {
  invocation.out.print(invocation.general.json ? dump_json(report) + "\n" : text(report));
}

std::vector<Option> options_of(const Verb& verb, const std::shared_ptr<GeneralOptions>& general) {
  std::vector<Option> options = verb.options;
  for (Option& option : general_options(general)) {
    const bool is_own = std::any_of(verb.options.begin(), verb.options.end(),
                                    [&](const Option& own) { return own.name == option.name; });
    const bool wanted = !is_own && (verb.has_general_options || option.name == "help");
    if (wanted) options.push_back(std::move(option));
  }
  return options;
}

const Setting& setting_of(const std::vector<Setting>& settings, const std::string& name) {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& setting) {
    return setting.option->name == name;
  });
  if (found != settings.end()) return *found;
  throw Error(ErrorKind::internal, fmt::format("the verb has no option {}", name));
}

GribIndexUse grib_index_of(GribIndexUse asked, const Invocation& invocation) {
  const bool writes = asked == GribIndexUse::write;
  return writes && invocation.general.dry_run ? GribIndexUse::read : asked;
}

void refuse_resources(const std::vector<Setting>& settings, const std::string& verb) {
  for (const char* name : {"memory", "threads"}) {
    if (setting_of(settings, name).origin != Origin::flag) continue;
    throw Error(
        ErrorKind::invalid,
        fmt::format("--{} has no meaning here: {} reads no values; leave it out", name, verb));
  }
}

}  // namespace gridmill::cli
