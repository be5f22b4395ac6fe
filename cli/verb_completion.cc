// gridmill completion bash|zsh|fish
#include <fmt/format.h>

#include "cli/completion.h"
#include "cli/verb.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

constexpr const char* kAbout =
    "Prints a script that teaches a shell to complete verbs, options and their values. It is made "
    "from the same table as the options themselves, so print it anew after an update.";

std::string script_for(const std::string& shell) {
  const std::vector<Verb> verbs = all_verbs();
  if (shell == "bash") return bash_completion(verbs);
  if (shell == "zsh") return zsh_completion(verbs);
  if (shell == "fish") return fish_completion(verbs);
  throw Error(ErrorKind::invalid, fmt::format("no completion for \"{}\"{}: bash, zsh and fish",
                                              shell, did_you_mean(shell, {"bash", "zsh", "fish"})));
}

}  // namespace

Verb completion_verb() {
  Verb verb;
  verb.name = "completion";
  verb.summary = "a script that completes gridmill's words in bash, zsh or fish";
  verb.operands = "bash|zsh|fish";
  verb.about = kAbout;
  verb.examples = {
      {"completion bash > ~/.local/share/bash-completion/completions/gridmill",
       "for every bash from now on"},
      {"completion zsh > ~/.zfunc/_gridmill", "for zsh, with ~/.zfunc in its fpath"},
      {"completion fish > ~/.config/fish/completions/gridmill.fish", "for fish"},
  };
  verb.has_general_options = false;
  verb.run = [](const Invocation& invocation) {
    invocation.out.print(script_for(invocation.operands.front()));
    return 0;
  };
  return verb;
}

}  // namespace gridmill::cli
