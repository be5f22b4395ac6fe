#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <thread>

#include "cli/arguments.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/terminal_console.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/system/cpu.h"
#include "gridmill/system/heartbeat.h"
#include "gridmill/system/watched_files.h"

namespace gridmill::cli {
namespace {

constexpr int kUsage = 2;
constexpr std::int64_t kLargestConfig = 1 << 20;

std::string read_config(Files& files, const std::string& path) {
  const auto file = files.open(path);
  if (!file) throw Error(ErrorKind::not_found, fmt::format("there is no config file {}", path));
  const std::int64_t size = file->status().size;
  if (size > kLargestConfig) {
    throw Error(ErrorKind::invalid,
                fmt::format("the config file {} is {} large: that is none of ours", path,
                            format_bytes(static_cast<double>(size))));
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  text.resize(file->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

OptionsByVerb options_by_verb(const std::vector<Verb>& verbs,
                              const std::shared_ptr<GeneralOptions>& general) {
  OptionsByVerb table;
  for (const Verb& verb : verbs) table.emplace(verb.name, options_of(verb, general));
  return table;
}

// The config file's path: --config, or GRIDMILL_CONFIG, or none.
std::string config_path(const Layer& flags, const Environment& environment) {
  const auto flag = flags.find("config");
  return flag != flags.end() ? flag->second.back() : environment("GRIDMILL_CONFIG").value_or("");
}

void check_operands(const Verb& verb, const std::vector<std::string>& operands) {
  const auto count = static_cast<int>(operands.size());
  const bool too_many = verb.most_operands >= 0 && count > verb.most_operands;
  if (count >= verb.least_operands && !too_many) return;
  const std::string problem = too_many     ? fmt::format("\"{}\" is one too many", operands.back())
                              : count == 0 ? "nothing is named to work on"
                                           : "something is missing";
  throw Error(ErrorKind::invalid,
              fmt::format("{}: gridmill {} {}", problem, verb.name, verb.operands));
}

std::string settings_text(const std::vector<Setting>& settings, bool as_json) {
  if (!as_json) return show_settings(settings);
  Json document = Json::object();
  for (const Setting& setting : settings) {
    const bool is_fallback = setting.origin == Origin::fallback;
    document[setting.option->name] = {
        {"value", is_fallback ? Json(setting.option->fallback) : Json(setting.values)},
        {"from", setting.where}};
  }
  return dump_json(document) + "\n";
}

// One call of one verb.
class Call {
 public:
  Call(const std::vector<Verb>& verbs, const Verb& verb, const Surroundings& surroundings)
      : verbs_(verbs), verb_(verb), around_(surroundings), options_(options_of(verb, general_)) {}

  int run(const std::vector<std::string>& words) {
    guess_formats(words);
    try {
      return run_or_throw(words);
    } catch (...) {
      const Error error = current_error();
      const int code = report(error);
      // A thread of the run may still be in the call that was given up.
      if (error.kind() == ErrorKind::timeout || console_->has_left_threads()) around_.leave(code);
      return code;
    }
  }

 private:
  int run_or_throw(const std::vector<std::string>& words) {
    const Arguments arguments = parse_arguments(options_, words);
    if (arguments.flags.count("help") > 0) {
      around_.out.print(verb_help(verb_, options_, around_.help_width));
      return 0;
    }
    const std::vector<Setting> settings = settings_for(arguments.flags);
    apply_settings(settings);
    if (general_->show_config) {
      around_.out.print(settings_text(settings, general_->json));
      return 0;
    }
    check_operands(verb_, arguments.operands);
    make_console();
    const std::jthread watch = watch_for_hangs();
    warn_of_threads();
    for (const std::string& note : config_notes_) console_->warn(note);
    const Workplace workplace{*files_, around_.clock, *console_, around_.stop};
    const int code = verb_.run({workplace, *general_, settings, arguments.operands, around_.out,
                                around_.err, around_.read_line});
    // A slow fetch whose second attempt was faster may still return to what goes away here.
    if (console_->has_left_threads()) around_.leave(code);
    return code;
  }

  // Libraries with threads of their own would share the cores with ours.
  void warn_of_threads() {
    const int cores = usable_cores(), threads = general_->resources.threads;
    for (const char* name : {"OMP_NUM_THREADS", "BLOSC_NTHREADS", "OPENBLAS_NUM_THREADS",
                             "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"}) {
      const int theirs = std::atoi(around_.environment(name).value_or("").c_str());
      if (theirs < 2 || threads * std::int64_t{theirs} <= cores) continue;
      console_->warn(
          fmt::format("{}={} beside --threads {} would be {} threads on {} cores: a library that "
                      "heeds it slows "
                      "this down; set it to 1",
                      name, theirs, threads, threads * std::int64_t{theirs}, cores));
    }
  }

  // The last resort: what the lanes of a run can give up, they report themselves, and sooner.
  std::jthread watch_for_hangs() {
    const std::int64_t limit_ns = general_->resources.timeout_ns / 4 * 5;
    if (limit_ns <= 0) return {};
    return std::jthread([this, limit_ns](const std::stop_token& done) {
      at_every_beat(around_.clock, beat_for(limit_ns), done, [&] {
        const auto late = files_->late(limit_ns);
        if (!late) return;
        around_.leave(report(Error(ErrorKind::timeout,
                                   *late + "; it is given up (--timeout sets how long to wait)")));
      });
    });
  }

  std::vector<Setting> settings_for(const Layer& flags) {
    if (!verb_.has_general_options) return settle(options_, flags, {}, {}, "");
    const Layer environment = environment_layer(options_, around_.environment);
    const std::string path = config_path(flags, around_.environment);
    Layer config;
    if (!path.empty()) {
      config = config_layer(read_config(around_.files, path), path, verb_.name,
                            options_by_verb(verbs_, general_), &config_notes_);
    }
    return settle(options_, flags, environment, config, path);
  }

  // Until the options are known to be right, an error is reported in the form that was asked for as
  // far as one can see.
  void guess_formats(const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
      const bool is_pair = words[i] == "--log" && i + 1 < words.size() && words[i + 1] == "json";
      if (words[i] == "--json") general_->json = true;
      if (words[i] == "--log=json" || is_pair) general_->log = LogFormat::json;
    }
    make_console();
  }

  void make_console() {
    console_.emplace(around_.err, around_.clock, console_style(general_->log, around_.is_terminal),
                     verb_.name, around_.error_width, around_.error_height);
  }

  int report(const Error& error) {
    // The reader left on purpose, and has all it wanted.
    if (around_.out.is_closed()) return 0;
    console_->fail(error);
    // Half a document followed by an error would be no JSON at all.
    if (general_->json && !around_.out.is_used()) {
      const Json document = {{"error", error_json(error)}};
      around_.out.try_print(dump_json(document) + "\n");
    }
    return exit_code(error.kind());
  }

  const std::vector<Verb>& verbs_;
  const Verb& verb_;
  const Surroundings& around_;
  // Outlives the run, because a thread that was given up may come back to it.
  const std::unique_ptr<WatchedFiles> files_ = watched_files(around_.files, around_.clock);
  const std::shared_ptr<GeneralOptions> general_ = std::make_shared<GeneralOptions>();
  const std::vector<Option> options_;
  std::vector<std::string> config_notes_;
  std::optional<TerminalConsole> console_;
};

const Verb* find_verb(const std::vector<Verb>& verbs, const std::string& name) {
  const auto found =
      std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

int refuse_word(const std::vector<Verb>& verbs, const std::string& word,
                const Surroundings& surroundings) {
  std::vector<std::string> names{"--help", "--version"};
  for (const Verb& verb : verbs) names.push_back(verb.name);
  const char* what = word.starts_with('-') ? "option" : "verb";
  surroundings.err.try_print(
      fmt::format("gridmill: error: there is no {} \"{}\"{}; gridmill --help lists the verbs\n",
                  what, word, did_you_mean(word, names)));
  return kUsage;
}

// What comes before any verb. None: the first word is no such thing.
std::optional<int> run_without_verb(const std::vector<std::string>& words,
                                    const std::vector<Verb>& verbs,
                                    const Surroundings& surroundings) {
  if (words.empty()) {
    surroundings.err.try_print(program_help(verbs, surroundings.help_width));
    return kUsage;
  }
  const std::string& first = words.front();
  const bool is_help = first == "--help" || first == "-h" || (first == "help" && words.size() == 1);
  if (is_help) surroundings.out.try_print(program_help(verbs, surroundings.help_width));
  if (first == "--version") surroundings.out.try_print(version_text());
  if (is_help || first == "--version") return 0;
  return std::nullopt;
}

}  // namespace

int run_command_line(const std::vector<std::string>& words, const Surroundings& surroundings) {
  const std::vector<Verb> verbs = all_verbs();
  if (const auto code = run_without_verb(words, verbs, surroundings)) return *code;
  const bool asks_help = words.front() == "help";  // gridmill help convert
  const std::string& name = words[asks_help ? 1 : 0];
  const Verb* verb = find_verb(verbs, name);
  if (verb == nullptr) return refuse_word(verbs, name, surroundings);
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  return Call(verbs, *verb, surroundings)
      .run(asks_help ? std::vector<std::string>{"--help"} : rest);
}

}  // namespace gridmill::cli
