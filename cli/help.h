// help.h: what --help prints. The manual of the command line is nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"

namespace gridmill::cli {

std::string program_help(const std::vector<Verb>& verbs, int width);
// `options`: options_of(verb), so that the verb's own come first.
std::string verb_help(const Verb& verb, const std::vector<Option>& options, int width);
// `gridmill --version`: this build, and every library that it links.
std::string version_text();

// Lines of at most `width` columns, all indented by `indent`, each with its newline. An empty line
// in `text` separates paragraphs; a word that is too long has a line of its own.
std::string wrapped(std::string_view text, int indent, int width);

}  // namespace gridmill::cli
