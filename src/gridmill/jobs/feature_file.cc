#include "gridmill/jobs/feature_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <set>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/store/store.h"

namespace gridmill {
namespace {

[[noreturn]] void refuse_line(const YAML::Mark& mark, const std::string& message) {
  const std::string line = mark.is_null() ? "" : fmt::format("line {}: ", mark.line + 1);
  throw Error(ErrorKind::invalid, line + message);
}

std::string plain_text(const YAML::Node& node, const std::string& what) {
  if (!node.IsScalar()) refuse_line(node.Mark(), what + " is not a plain text");
  return std::string(trim(node.Scalar()));
}

// Takes the entries of one feature's mapping.
void fill_feature(const YAML::Node& entries, bool is_named, RequestedFeature& feature) {
  std::map<std::string, std::string*> places{{"expr", &feature.expression},
                                             {"units", &feature.units},
                                             {"description", &feature.description}};
  if (!is_named) places.emplace("name", &feature.name);
  std::vector<std::string> known;
  for (const auto& [key, place] : places) known.push_back(key);
  std::set<std::string> seen;
  for (const auto& entry : entries) {
    const std::string key = plain_text(entry.first, "a key");
    const auto place = places.find(key);
    if (place == places.end()) {
      refuse_line(entry.first.Mark(), fmt::format("a feature has no {}{}: it has {}", key,
                                                  did_you_mean(key, known), join(known, ", ")));
    }
    if (!seen.insert(key).second) {
      refuse_line(entry.first.Mark(), key + " stands here a second time");
    }
    *place->second = plain_text(entry.second, key);
  }
}

RequestedFeature feature_from(const YAML::Node& node, const YAML::Mark& mark, std::string name,
                              const std::string& path) {
  RequestedFeature feature;
  const bool is_named = !name.empty();
  feature.name = std::move(name);
  feature.origin = fmt::format("line {} of {}", mark.line + 1, path);
  if (node.IsScalar() && is_named) {
    feature.expression = plain_text(node, "an expression");
  } else if (node.IsMap()) {
    fill_feature(node, is_named, feature);
  } else {
    refuse_line(mark, "a feature is an expression, or a mapping with expr, units, description");
  }
  if (feature.name.empty()) refuse_line(mark, "a feature has no name");
  if (feature.expression.empty()) refuse_line(mark, feature.name + " has no expr");
  return feature;
}

std::vector<RequestedFeature> features_of(const YAML::Node& document, const std::string& path) {
  std::vector<RequestedFeature> features;
  if (document.IsMap()) {
    for (const auto& entry : document) {
      std::string name = plain_text(entry.first, "a feature's name");
      if (name.empty()) refuse_line(entry.first.Mark(), "a feature has no name");
      features.push_back(feature_from(entry.second, entry.first.Mark(), std::move(name), path));
    }
  } else if (document.IsSequence()) {
    for (const YAML::Node& node : document) {
      features.push_back(feature_from(node, node.Mark(), "", path));
    }
  } else {
    refuse_line(document.Mark(), "a file of features is a mapping or a list of them");
  }
  return features;
}

std::string text_of_features(Files& files, const std::string& path) {
  const auto store = open_store(files, parse_location(path));
  Buffer bytes;
  if (store->get(Key(), bytes)) return std::string(as_text(bytes));
  throw Error(ErrorKind::not_found, fmt::format("the file of features {} does not exist", path));
}

}  // namespace

RequestedFeature parse_feature_option(const std::string& text) {
  const auto equals = text.find('=');
  RequestedFeature feature;
  if (equals != std::string::npos) {
    feature.name = std::string(trim(std::string_view(text).substr(0, equals)));
    feature.expression = std::string(trim(std::string_view(text).substr(equals + 1)));
  }
  if (feature.name.empty() || feature.expression.empty()) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("--feature {}: this is not NAME=EXPR, e.g. wind=hypot(u10, v10)", text));
  }
  feature.origin = "--feature " + feature.name;
  return feature;
}

std::vector<RequestedFeature> read_features(Files& files, const std::string& path) {
  return features_from_yaml(text_of_features(files, path), path);
}

std::vector<RequestedFeature> features_from_yaml(const std::string& text, const std::string& path) {
  return in_context([&] { return "features file " + path; },
                    [&] {
                      try {
                        const auto documents = YAML::LoadAll(text);
                        if (documents.size() > 1) {
                          throw Error(ErrorKind::invalid, "it holds several documents (---)");
                        }
                        auto features = documents.empty() ? std::vector<RequestedFeature>()
                                                          : features_of(documents[0], path);
                        if (!features.empty()) return features;
                        throw Error(ErrorKind::invalid, "it holds no features");
                      } catch (const YAML::Exception& error) {
                        refuse_line(error.mark, "not YAML: " + error.msg);
                      }
                    });
}

void check_distinct(const std::vector<RequestedFeature>& features) {
  std::map<std::string, const RequestedFeature*> names;
  for (const RequestedFeature& feature : features) {
    const auto [other, is_new] = names.emplace(feature.name, &feature);
    if (is_new) continue;
    throw Error(ErrorKind::invalid,
                fmt::format("two features are called {}: {} and {}", feature.name,
                            other->second->origin, feature.origin));
  }
}

}  // namespace gridmill
