#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

[[noreturn]] void throw_no_value(const Option& option) {
  throw Error(ErrorKind::invalid, fmt::format("--{} needs a value: --{} {}", option.name,
                                              option.name, option.value_name));
}

[[noreturn]] void throw_unknown(const std::string& word, const std::vector<Option>& options) {
  const std::string flag = word.substr(0, word.find('='));
  throw Error(ErrorKind::invalid, fmt::format("there is no option {}{}; --help lists them", flag,
                                              did_you_mean(flag, flag_names(options))));
}

CLI::Option* declare(CLI::App& parser, const Option& option) {
  std::string names = flag_name(option);
  if (option.letter != 0) names += fmt::format(",-{}", option.letter);
  if (option.kind == OptionKind::flag) {
    return parser.add_flag(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  CLI::Option* declared = parser.add_option(names);
  declared->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (option.kind == OptionKind::many) return declared->expected(1, -1)->allow_extra_args();
  return declared->expected(1)->allow_extra_args(false);
}

// CLI11 would take the next word as the value of "--name=".
void check_empty_values(const std::vector<Option>& options, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return;
    for (const Option& option : options) {
      if (word == flag_name(option) + "=") throw_no_value(option);
    }
  }
}

bool is_number(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
}

// "--serve out.zarr" becomes "--serve=0 out.zarr": CLI11 would take any word as the value.
std::vector<std::string> with_bare_values(const std::vector<Option>& options,
                                          std::vector<std::string> words) {
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const bool has_number = i + 1 < words.size() && is_number(words[i + 1]);
    for (const Option& option : options) {
      const bool is_bare = !option.value_if_bare.empty() && words[i] == flag_name(option);
      if (is_bare && !has_number) words[i] += "=" + option.value_if_bare;
    }
  }
  return words;
}

// "--memory --threads 2" is a value forgotten; negative numbers ("-33.9,151.2") are values.
void check_value(const Option& option, const std::string& value) {
  if (value.starts_with("--") && option.kind != OptionKind::flag) throw_no_value(option);
}

// What CLI11 did not recognise: operands, and options that don't exist.
std::vector<std::string> operands_of(const std::vector<std::string>& rest,
                                     const std::vector<Option>& options) {
  std::vector<std::string> operands;
  bool only_operands = false;
  for (const std::string& word : rest) {
    if (!only_operands && word == "--") {
      only_operands = true;
    } else if (!only_operands && word.size() > 1 && word.starts_with('-')) {
      throw_unknown(word, options);
    } else {
      operands.push_back(word);
    }
  }
  return operands;
}

}  // namespace

Arguments parse_arguments(const std::vector<Option>& options,
                          const std::vector<std::string>& given) {
  const std::vector<std::string> words = with_bare_values(options, given);
  CLI::App parser;
  parser.set_help_flag();
  parser.allow_extras();
  std::vector<std::pair<const Option*, CLI::Option*>> declared;
  for (const Option& option : options) declared.emplace_back(&option, declare(parser, option));

  check_empty_values(options, words);
  try {
    parser.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // it reads from the back
  } catch (const CLI::ParseError& error) {
    // The only complaint left to CLI11 is a missing value at the end of the line.
    const auto bare = std::find_if(options.begin(), options.end(), [&](const Option& option) {
      return !words.empty() && (words.back() == flag_name(option) ||
                                words.back() == fmt::format("-{}", option.letter));
    });
    if (bare != options.end()) throw_no_value(*bare);
    throw Error(ErrorKind::invalid, error.what());
  }
  Arguments arguments;
  for (const auto& [option, seen] : declared) {
    if (seen->count() == 0) continue;
    for (const std::string& value : seen->results()) check_value(*option, value);
    arguments.flags[option->name] = seen->results();
  }
  arguments.operands = operands_of(parser.remaining(), options);
  return arguments;
}

}  // namespace gridmill::cli
