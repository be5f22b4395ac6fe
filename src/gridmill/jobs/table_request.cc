#include "gridmill/jobs/table_request.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill {
namespace {

struct ListWord {
  std::string_view name;
  std::vector<std::string> ExtractOptions::*member;
};

constexpr ListWord kListWords[] = {
    {"inputs", &ExtractOptions::inputs},       {"sources", &ExtractOptions::sources},
    {"points", &ExtractOptions::points},       {"keep", &ExtractOptions::keep},
    {"variables", &ExtractOptions::variables}, {"features", &ExtractOptions::features},
    {"region", &ExtractOptions::region},       {"sel", &ExtractOptions::sel},
    {"segments", &ExtractOptions::segments},   {"spread", &ExtractOptions::spread}};

struct TextWord {
  std::string_view name;
  std::string& (*of)(ExtractOptions&);
};

constexpr TextWord kTextWords[] = {
    {"along", [](ExtractOptions& o) -> std::string& { return o.along; }},
    {"duplicates", [](ExtractOptions& o) -> std::string& { return o.duplicates; }},
    {"join", [](ExtractOptions& o) -> std::string& { return o.join; }},
    {"points_file", [](ExtractOptions& o) -> std::string& { return o.points_file; }},
    {"features_file", [](ExtractOptions& o) -> std::string& { return o.features_file; }},
    {"method", [](ExtractOptions& o) -> std::string& { return o.method.name; }},
    {"box", [](ExtractOptions& o) -> std::string& { return o.method.box; }},
    {"mask", [](ExtractOptions& o) -> std::string& { return o.method.mask; }},
    {"mask_valid", [](ExtractOptions& o) -> std::string& { return o.method.mask_valid; }},
    {"mask_radius", [](ExtractOptions& o) -> std::string& { return o.method.mask_radius; }},
    {"schema", [](ExtractOptions& o) -> std::string& { return o.schema; }},
    {"cache", [](ExtractOptions& o) -> std::string& { return o.cache.directory; }}};

[[noreturn]] void refuse_value(const std::string& name, std::string_view wanted, const Json& is) {
  throw Error(ErrorKind::invalid,
              fmt::format("the request's {} is {}, not {}", name, dump_json(is, -1), wanted));
}

[[noreturn]] void refuse_word(const std::string& name) {
  std::vector<std::string> known;
  for (const ListWord& word : kListWords) known.emplace_back(word.name);
  for (const TextWord& word : kTextWords) known.emplace_back(word.name);
  throw Error(ErrorKind::invalid, fmt::format("the request has a member \"{}\"{}: a table knows {}",
                                              name, did_you_mean(name, known), join(known, ", ")));
}

std::vector<std::string> texts_of(const std::string& name, const Json& value) {
  constexpr std::string_view kWanted = "a list of texts";
  if (!value.is_array()) refuse_value(name, kWanted, value);
  std::vector<std::string> texts;
  for (const Json& text : value) {
    if (!text.is_string()) refuse_value(name, kWanted, value);
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

void take_word(const std::string& name, const Json& value, ExtractOptions& options) {
  for (const ListWord& word : kListWords) {
    if (word.name != name) continue;
    options.*word.member = texts_of(name, value);
    return;
  }
  for (const TextWord& word : kTextWords) {
    if (word.name != name) continue;
    if (!value.is_string()) refuse_value(name, "a text", value);
    word.of(options) = value.get<std::string>();
    return;
  }
  refuse_word(name);
}

}  // namespace

ExtractOptions table_request(const Json& request) {
  if (!request.is_object()) {
    throw Error(ErrorKind::invalid, "the request for a table is no JSON object");
  }
  ExtractOptions options;
  for (const auto& [name, value] : request.items()) take_word(name, value, options);
  if (options.inputs.empty() && options.sources.empty()) {
    throw Error(ErrorKind::invalid, "the request names no inputs: {\"inputs\": [\"IN\"], ...}");
  }
  return options;
}

}  // namespace gridmill
