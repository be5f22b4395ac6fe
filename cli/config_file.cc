#include "cli/config_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "cli/zarrio_config.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

using OptionsByName = std::map<std::string, const Option*>;

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& message) {
  const std::string line = mark.is_null() ? "" : fmt::format("line {}: ", mark.line + 1);
  throw Error(ErrorKind::invalid, line + message);
}

std::string key_text(const YAML::Node& key) {
  if (!key.IsScalar()) refuse(key.Mark(), "a key must be an option's name");
  std::string text = key.Scalar();
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

void add_configurable(const std::vector<Option>& options, OptionsByName& names) {
  for (const Option& option : options) {
    if (option.in_config) names.emplace(option.name, &option);
  }
}

OptionsByName configurable(const std::vector<Option>& options) {
  OptionsByName names;
  add_configurable(options, names);
  return names;
}

std::string scalar_of(const Option& option, const YAML::Node& node) {
  if (!node.IsScalar()) refuse(node.Mark(), fmt::format("{}: needs a plain value", option.name));
  return node.Scalar();
}

// {time: 24, lat: 90}: "time=24" and "lat=90" for a list, "time=24,lat=90" for a repeated option.
Values mapping_values(const Option& option, const YAML::Node& node) {
  if (!option.is_mapping) {
    refuse(node.Mark(),
           fmt::format("{}: can't be a mapping, write a value or a list of values", option.name));
  }
  Values pairs;
  for (const auto& entry : node) {
    pairs.push_back(scalar_of(option, entry.first) + "=" + scalar_of(option, entry.second));
  }
  return option.kind == OptionKind::list ? pairs : Values{join(pairs, ",")};
}

Values values_of(const Option& option, const YAML::Node& node) {
  if (node.IsMap()) return mapping_values(option, node);
  if (!node.IsSequence()) return {scalar_of(option, node)};
  const bool is_single = option.kind == OptionKind::value || option.kind == OptionKind::flag;
  if (is_single) refuse(node.Mark(), fmt::format("{}: takes one value, not a list", option.name));
  Values values;
  for (const YAML::Node& element : node) values.push_back(scalar_of(option, element));
  return values;
}

// All keys of a mapping once, or an error that names the second.
void check_duplicates(const YAML::Node& mapping) {
  std::set<std::string> seen;
  for (const auto& entry : mapping) {
    const std::string key = key_text(entry.first);
    if (!seen.insert(key).second) {
      refuse(entry.first.Mark(), fmt::format("{}: stands here a second time", key));
    }
  }
}

// `known` names the options that are allowed here; those that `verb_options` lacks are passed over.
void read_section(const YAML::Node& section, const std::string& place, const OptionsByName& known,
                  const OptionsByName& verb_options, const OptionsByVerb& verbs, Layer& layer) {
  std::vector<std::string> names;
  for (const auto& [name, option] : known) names.push_back(name);
  for (const auto& [name, options] : verbs) names.push_back(name);
  check_duplicates(section);
  for (const auto& entry : section) {
    const std::string key = key_text(entry.first);
    if (place.empty() && verbs.count(key) > 0) continue;
    const auto found = known.find(key);
    if (found == known.end()) {
      refuse(entry.first.Mark(),
             fmt::format("there is no option {}{}{}", key, place, did_you_mean(key, names)));
    }
    if (verb_options.count(key) > 0) layer[key] = values_of(*found->second, entry.second);
  }
}

// In our own words, whoever's file it is.
YAML::Node in_our_words(const YAML::Node& document, std::vector<std::string>* notes) {
  if (!is_zarrio_config(document)) return document;
  TranslatedConfig translated = from_zarrio_config(document);
  if (notes != nullptr) *notes = std::move(translated.notes);
  return translated.document;
}

Layer read_document(const YAML::Node& document, const std::string& verb,
                    const OptionsByVerb& verbs) {
  Layer layer;
  if (document.IsNull()) return layer;  // an empty file
  if (!document.IsMap()) refuse(document.Mark(), "a config file is a mapping of options to values");
  const OptionsByName own = configurable(verbs.at(verb));
  OptionsByName all = own;
  for (const auto& [name, options] : verbs) add_configurable(options, all);
  read_section(document, "", all, own, verbs, layer);
  for (const auto& entry : document) {
    const std::string name = key_text(entry.first);
    const auto section_verb = verbs.find(name);
    if (section_verb == verbs.end() || entry.second.IsNull()) continue;
    if (!entry.second.IsMap()) {
      refuse(entry.second.Mark(), fmt::format("{}: is the section of a verb, so a mapping", name));
    }
    Layer section;
    const OptionsByName options = configurable(section_verb->second);
    read_section(entry.second, fmt::format(" of {}", name), options, options, {}, section);
    if (name != verb) continue;
    for (auto& [key, values] : section) layer[key] = std::move(values);
  }
  return layer;
}

}  // namespace

Layer config_layer(std::string_view text, const std::string& path, const std::string& verb,
                   const OptionsByVerb& options, std::vector<std::string>* notes) {
  return in_context([&] { return "config file " + path; },
                    [&] {
                      try {
                        const YAML::Node document = YAML::Load(std::string(text));
                        return read_document(in_our_words(document, notes), verb, options);
                      } catch (const YAML::Exception& error) {
                        refuse(error.mark, "not YAML: " + error.msg);
                      }
                    });
}

}  // namespace gridmill::cli
