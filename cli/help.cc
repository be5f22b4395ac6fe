#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

constexpr int kOptionColumn = 28;

constexpr std::string_view kExitCodes =
    "Exit codes\n"
    "  0    done\n"
    "  1    internal error, or not supported by this version\n"
    "  2    wrong usage, an unknown name, or a plan that can't work\n"
    "  3    the data are bad: corrupt, or not what they should equal\n"
    "  4    may succeed later: unavailable, timed out, no space, no memory\n"
    "  5    refused: the output exists, no permission, or a conflict\n"
    "  130  interrupted; nothing half-done is visible\n";

// "-o, --output FILE"
std::string left_side(const Option& option) {
  std::string text = option.letter == 0 ? "" : fmt::format("-{}, ", option.letter);
  text += flag_name(option);
  if (!option.value_if_bare.empty()) {
    text += fmt::format(" [{}]", option.value_name);
  } else if (!option.value_name.empty()) {
    text += " " + option.value_name;
  }
  return text;
}

std::string option_text(const Option& option, int width) {
  std::string help = option.help;
  if (option.kind != OptionKind::flag) help += fmt::format(" [{}]", option.fallback);
  const std::string left = "  " + left_side(option);
  const std::string right = wrapped(help, kOptionColumn, width);
  if (left.size() + 2 > static_cast<std::size_t>(kOptionColumn)) return left + "\n" + right;
  return left + right.substr(left.size());
}

std::string options_text(const std::string& title, const std::vector<Option>& options,
                         std::size_t first, std::size_t last, int width) {
  if (first == last) return "";
  std::string text = "\n" + title + "\n";
  for (std::size_t i = first; i < last; ++i) text += option_text(options[i], width);
  return text;
}

std::string examples_text(const std::vector<Example>& examples, int width) {
  std::string text = examples.size() == 1 ? "\nExample\n" : "\nExamples\n";
  for (const Example& example : examples) {
    text += "  gridmill " + example.command + "\n" + wrapped(example.what, 6, width);
  }
  return text;
}

std::string layers_text(const Verb& verb, int width) {
  if (!verb.has_general_options) return "";
  return "\n" +
         wrapped(
             fmt::format("An option may also be set in the environment (GRIDMILL_MEMORY=2GiB for "
                         "--memory) or in the --config file (memory: 2GiB, at the top or in a "
                         "section {}:). A flag wins over the environment, that over the file. "
                         "--show-config tells what counts.",
                         verb.name),
             0, width);
}

}  // namespace

std::string wrapped(std::string_view text, int indent, int width) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  const auto columns = static_cast<std::size_t>(std::max(width, indent + 20));
  std::string result;
  for (const std::string& paragraph : split(text, '\n')) {
    std::string line;
    for (const std::string& word : split(paragraph, ' ')) {
      if (!line.empty() && line.size() + 1 + word.size() > columns) {
        result += line + "\n";
        line.clear();
      }
      line += line.empty() ? margin + word : " " + word;
    }
    result += (trim(line).empty() ? "" : line) + "\n";
  }
  return result;
}

std::string program_help(const std::vector<Verb>& verbs, int width) {
  std::string text =
      "gridmill VERB IN... OUT [options]\n\n" +
      wrapped("Weather and climate archives (netCDF, GRIB, Zarr) to analysis-ready, verified Zarr.",
              2, width) +
      "\nVerbs\n";
  for (const Verb& verb : verbs) text += fmt::format("  {:<14}{}\n", verb.name, verb.summary);
  text += fmt::format("\n  {:<28}{}\n  {:<28}{}\n  {:<28}{}\n", "gridmill VERB --help",
                      "options and examples of a verb", "gridmill --version",
                      "this build and the libraries in it", "gridmill --help", "this text");
  text +=
      examples_text({{"convert coads_climatology.cdf coads.zarr", "a netCDF file to Zarr"},
                     {"verify coads.zarr --against coads_climatology.cdf", "is it the same?"},
                     {"extract coads.zarr --point 52.5,-20 -o atlantic.csv --plot atlantic.html",
                      "a point's time series"}},
                    width);
  text +=
      "\n" + wrapped(
                 "A location is PATH or PATH#/GROUP/ARRAY; a Zarr store is a directory or, named "
                 "*.zip, a zip file; http:, s3:, gs: and zip: are reserved.",
                 0, width);
  return text + "\n" + std::string(kExitCodes);
}

std::string verb_help(const Verb& verb, const std::vector<Option>& options, int width) {
  std::string text = fmt::format("gridmill {} {} [options]\n\n", verb.name, verb.operands);
  text += wrapped(verb.about, 2, width);
  text += examples_text(verb.examples, width);
  const std::size_t own = verb.options.size();
  text += options_text("Options", options, 0, own, width);
  text += options_text("Options of every verb", options, own, options.size(), width);
  return text + layers_text(verb, width) + "\n" + std::string(kExitCodes);
}

}  // namespace gridmill::cli
