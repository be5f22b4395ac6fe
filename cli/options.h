// options.h: what an option is, and who may set it.
//
// An option is described once, by a row in its verb's table. From the row follow the flag that
// CLI11 parses (arguments.h), the environment variable, the key in a config file (config_file.h),
// the lines of --help, --show-config and shell completion. Whoever stands highest wins as a whole,
// lists too:
//
//   flag  >  GRIDMILL_<OPTION> in the environment  >  config file  >  default
//
// Nothing here holds state; everything throws Error(invalid) that says who gave the bad value.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridmill::cli {

enum class OptionKind {
  flag,      // on or off
  value,     // one; of several, the last counts
  list,      // several, separated by commas
  repeated,  // several, one each time; commas belong to the value
  many,      // several words after one flag
};

enum class Hint { none, file, directory };  // what a shell should offer for the value

using Values = std::vector<std::string>;

struct Option {
  std::string name;  // "zarr-format": --zarr-format, GRIDMILL_ZARR_FORMAT, `zarr-format:`
  OptionKind kind = OptionKind::value;
  std::string value_name;  // "FORMAT" in the help; "" for flags
  std::string help;        // one line for people
  std::string fallback;    // what holds if nobody says anything, in words
  // Takes the final values; a flag gets one, "true" or "false", a value one. May throw Error.
  std::function<void(const Values&)> apply;
  char letter = 0;  // short form, 0: none
  // Of a value that may be left out: what holds then. The word after the bare flag is its value
  // only if it is a number. "": it can't be left out.
  std::string value_if_bare = {};
  std::vector<std::string> choices;  // the only values allowed; empty: any
  Hint hint = Hint::none;
  bool in_environment = true;
  bool in_config = true;
  bool is_mapping = false;  // values are NAME=VALUE, so a config file may write a mapping
};

enum class Origin { fallback, config, environment, flag };

// What one layer says: by option name.
using Layer = std::map<std::string, Values>;

struct Setting {
  const Option* option = nullptr;
  Values values;  // empty for Origin::fallback
  Origin origin = Origin::fallback;
  std::string where;  // "--memory", "GRIDMILL_MEMORY", "memory in run.yaml", "default"
};

std::string flag_name(const Option& option);         // "--zarr-format"
std::string environment_name(const Option& option);  // "GRIDMILL_ZARR_FORMAT"
std::vector<std::string> flag_names(const std::vector<Option>& options);

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The layer of the environment; empty variables count as unset. Several values of `repeated` and
// `many` are separated by semicolons.
Layer environment_layer(const std::vector<Option>& options, const Environment& environment);

// One setting per option, in the options' order. `config_path` is for messages. The settings point
// into `options`.
std::vector<Setting> settle(const std::vector<Option>& options, const Layer& flags,
                            const Layer& environment, const Layer& config,
                            const std::string& config_path);

// Hands every setting that is not a fallback to its option, after a check of its choices.
void apply_settings(const std::vector<Setting>& settings);

// The --show-config table: one line per option with its value and where that came from.
std::string show_settings(const std::vector<Setting>& settings);

}  // namespace gridmill::cli
