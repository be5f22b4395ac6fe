#include "cli/completion.h"

#include <fmt/format.h>

#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

std::vector<Option> options_for(const Verb& verb) {
  return options_of(verb, std::make_shared<GeneralOptions>());
}

std::vector<std::string> verb_names(const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.push_back(verb.name);
  return names;
}

// What the first operand can be, where that is a list: completion's own shells, `runs ls`.
std::string operand_words(const Verb& verb) {
  const std::string first = split(verb.operands, ' ').front();
  return first.find('|') == std::string::npos ? "" : join(split(first, '|'), " ");
}

// Whether locations follow that word.
bool takes_more(const Verb& verb) { return verb.operands.find(' ') != std::string::npos; }

bool takes_value(const Option& option) { return option.kind != OptionKind::flag; }

std::string replaced(std::string_view text, char what, std::string_view with) {
  std::string result;
  for (const char c : text) c == what ? result += with : result += c;
  return result;
}

// 'text' for every shell.
std::string shell_quoted(std::string_view text) {
  return "'" + replaced(text, '\'', "'\\''") + "'";
}

// ---- bash

// After an option with a value: its choices, or nothing, so that bash offers file names.
std::string bash_values(const Verb& verb) {
  std::string cases;
  for (const Option& option : options_for(verb)) {
    if (!takes_value(option)) continue;
    std::string pattern = verb.name + ":" + flag_name(option);
    if (option.letter != 0) pattern += fmt::format("|{}:-{}", verb.name, option.letter);
    const std::string reply = option.choices.empty()
                                  ? ""
                                  : fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\")); ",
                                                join(option.choices, " "));
    cases += fmt::format("    {}) {}return ;;\n", pattern, reply);
  }
  return cases;
}

// ---- zsh

// A description inside _arguments: brackets and colons are its syntax.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return replaced(result, '\'', "'\\''");
}

std::string zsh_action(const Option& option) {
  if (!option.choices.empty()) return fmt::format("({})", join(option.choices, " "));
  if (option.hint == Hint::file) return "_files";
  return option.hint == Hint::directory ? "_files -/" : " ";
}

std::string zsh_option(const Option& option) {
  const bool repeats = option.kind != OptionKind::flag && option.kind != OptionKind::value;
  const std::string star = repeats ? "*" : "";
  const std::string value =
      takes_value(option) ? fmt::format(":{}:{}", zsh_text(option.value_name), zsh_action(option))
                          : "";
  std::string line =
      fmt::format("        '{}{}[{}]{}'", star, flag_name(option), zsh_text(option.help), value);
  if (option.letter != 0) {
    line += fmt::format(" \\\n        '{}-{}[{}]{}'", star, option.letter, zsh_text(option.help),
                        value);
  }
  return line + " \\\n";
}

// ---- fish

std::string fish_option(const Verb& verb, const Option& option) {
  std::string line = fmt::format("complete -c gridmill -n '__fish_seen_subcommand_from {}' -l {}",
                                 verb.name, option.name);
  if (option.letter != 0) line += fmt::format(" -s {}", option.letter);
  if (!option.choices.empty()) {
    line += fmt::format(" -x -a '{}'", join(option.choices, " "));
  } else if (takes_value(option)) {
    line += option.hint == Hint::none ? " -x" : " -r -F";
  }
  return line + fmt::format(" -d {}\n", shell_quoted(option.help));
}

}  // namespace

std::string bash_completion(const std::vector<Verb>& verbs) {
  std::string values;
  std::string words;
  for (const Verb& verb : verbs) {
    values += bash_values(verb);
    words += fmt::format("    {}) options='{}'; words='{}' ;;\n", verb.name,
                         join(flag_names(options_for(verb)), " "), operand_words(verb));
  }
  const std::string names = join(verb_names(verbs), " ");
  return "# bash completion for gridmill; made by `gridmill completion bash`.\n"
         "_gridmill() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local verb=${COMP_WORDS[1]} options='--help --version' words='" +
         names +
         "'\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    COMPREPLY=($(compgen -W \"$words $options\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case $verb:$previous in\n" +
         values +
         "  esac\n"
         "  options= words=\n"
         "  case $verb in\n" +
         words +
         "  esac\n"
         "  if [[ $word == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "  elif [[ $words ]] && ((COMP_CWORD == 2)); then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -o default -F _gridmill gridmill\n";
}

std::string zsh_completion(const std::vector<Verb>& verbs) {
  std::string list;
  std::string cases;
  for (const Verb& verb : verbs) {
    list += fmt::format("    '{}:{}'\n", verb.name, zsh_text(verb.summary));
    cases += fmt::format("    {})\n      _arguments \\\n", verb.name);
    for (const Option& option : options_for(verb)) cases += zsh_option(option);
    const std::string words = operand_words(verb);
    cases += words.empty() ? "        '*:location:_files' ;;\n"
                           : fmt::format("        '1:word:({})'{} ;;\n", words,
                                         takes_more(verb) ? " '*:location:_files'" : "");
  }
  return "#compdef gridmill\n"
         "# zsh completion for gridmill; made by `gridmill completion zsh`.\n"
         "_gridmill() {\n"
         "  local -a verbs\n"
         "  verbs=(\n" +
         list +
         "  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    _describe -t verbs verb verbs\n"
         "    return\n"
         "  fi\n"
         "  local verb=$words[2]\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
         "  _gridmill \"$@\"\n"
         "else\n"
         "  compdef _gridmill gridmill\n"
         "fi\n";
}

std::string fish_completion(const std::vector<Verb>& verbs) {
  const std::string names = join(verb_names(verbs), " ");
  std::string text = "# fish completion for gridmill; made by `gridmill completion fish`.\n";
  const std::string none = fmt::format("-n 'not __fish_seen_subcommand_from {}'", names);
  text += fmt::format("complete -c gridmill {} -f -l help -d 'the list of verbs'\n", none);
  text += fmt::format("complete -c gridmill {} -f -l version -d 'this build'\n", none);
  for (const Verb& verb : verbs) {
    text += fmt::format("complete -c gridmill {} -f -a {} -d {}\n", none, verb.name,
                        shell_quoted(verb.summary));
    for (const Option& option : options_for(verb)) text += fish_option(verb, option);
    const std::string words = operand_words(verb);
    if (words.empty()) continue;
    text += fmt::format("complete -c gridmill -n '__fish_seen_subcommand_from {}'{} -a '{}'\n",
                        verb.name, takes_more(verb) ? "" : " -f", words);
  }
  return text;
}

}  // namespace gridmill::cli
