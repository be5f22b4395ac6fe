#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/values.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"

namespace gridmill::cli {
namespace {

// A list flag may be repeated, and each time hold several.
Values normalised(const Option& option, Values values) {
  if (option.kind == OptionKind::list) {
    Values parts;
    for (const std::string& value : values) {
      for (std::string& part : split_list(value, ',')) parts.push_back(std::move(part));
    }
    return parts;
  }
  const bool is_single = option.kind == OptionKind::value || option.kind == OptionKind::flag;
  if (is_single && values.size() > 1) values.erase(values.begin(), values.end() - 1);
  return values;
}

void check_choice(const Option& option, const Values& values) {
  if (option.choices.empty()) return;
  for (const std::string& value : values) {
    if (std::count(option.choices.begin(), option.choices.end(), value) > 0) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("\"{}\" is not one of {}{}", value, join(option.choices, ", "),
                            did_you_mean(value, option.choices)));
  }
}

void apply_setting(const Setting& setting) {
  const Option& option = *setting.option;
  if (option.kind == OptionKind::flag) {
    option.apply({parse_switch(setting.values.front()) ? "true" : "false"});
    return;
  }
  check_choice(option, setting.values);
  option.apply(setting.values);
}

}  // namespace

std::string flag_name(const Option& option) { return "--" + option.name; }

std::string environment_name(const Option& option) {
  std::string name = "GRIDMILL_" + option.name;
  for (char& c : name) {
    if (c == '-') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::vector<std::string> flag_names(const std::vector<Option>& options) {
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back(flag_name(option));
  return names;
}

Layer environment_layer(const std::vector<Option>& options, const Environment& environment) {
  Layer layer;
  for (const Option& option : options) {
    if (!option.in_environment) continue;
    const auto text = environment(environment_name(option));
    if (!text || trim(*text).empty()) continue;
    const bool is_plural = option.kind == OptionKind::repeated || option.kind == OptionKind::many;
    layer[option.name] = is_plural ? split_list(*text, ';') : Values{std::string(trim(*text))};
  }
  return layer;
}

std::vector<Setting> settle(const std::vector<Option>& options, const Layer& flags,
                            const Layer& environment, const Layer& config,
                            const std::string& config_path) {
  std::vector<Setting> settings;
  for (const Option& option : options) {
    Setting setting{&option, {}, Origin::fallback, "default"};
    const auto take = [&](const Layer& layer, Origin origin, std::string where) {
      const auto found = layer.find(option.name);
      if (found == layer.end()) return false;
      setting = {&option, normalised(option, found->second), origin, std::move(where)};
      return true;
    };
    if (!take(flags, Origin::flag, flag_name(option)) &&
        !take(environment, Origin::environment, environment_name(option))) {
      take(config, Origin::config, fmt::format("{} in {}", option.name, config_path));
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

void apply_settings(const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    if (setting.origin == Origin::fallback) continue;
    in_context([&] { return setting.where; }, [&] { apply_setting(setting); });
  }
}

std::string show_settings(const std::vector<Setting>& settings) {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  std::vector<std::string> texts;
  for (const Setting& setting : settings) {
    const bool is_fallback = setting.origin == Origin::fallback;
    texts.push_back(is_fallback ? setting.option->fallback : join(setting.values, "; "));
    name_width = std::max(name_width, setting.option->name.size());
    value_width = std::clamp(texts.back().size(), value_width, std::size_t{40});
  }
  std::string table;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    table += fmt::format("{:<{}}  {:<{}}  {}\n", settings[i].option->name, name_width, texts[i],
                         value_width, settings[i].where);
  }
  return table;
}

}  // namespace gridmill::cli
