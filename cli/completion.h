// completion.h: completion scripts for shells, written from the tables of verbs and options.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace gridmill::cli {

std::string bash_completion(const std::vector<Verb>& verbs);
std::string zsh_completion(const std::vector<Verb>& verbs);
std::string fish_completion(const std::vector<Verb>& verbs);

}  // namespace gridmill::cli
