#include "gridmill/dataset/named_coordinates.h"

#include <map>
#include <set>
#include <sstream>
#include <string>

namespace gridmill {
namespace {

// What is named, and in which groups ("" is the root).
using NamedIn = std::map<std::string, std::set<std::string>>;

void collect_names(const Attributes& attributes, const std::string& group, NamedIn& named) {
  for (const char* attribute : {"coordinates", "bounds", "climatology"}) {
    std::istringstream words{std::string(attributes.text(attribute))};
    for (std::string word; words >> word;) {
      if (word.starts_with('/')) word.erase(0, 1);
      named[word].insert(group);
    }
  }
}

bool is_named(const Variable& variable, const NamedIn& named) {
  const std::string path = variable.path();
  if (path.find('/') != std::string::npos && named.contains(path)) return true;
  const auto found = named.find(variable.name);
  if (found == named.end()) return false;
  for (const std::string& group : found->second) {
    if (is_group_within(group, variable.group)) return true;
  }
  return false;
}

}  // namespace

void mark_named_coordinates(Dataset& dataset) {
  NamedIn named;
  for (const Group& group : dataset.groups) collect_names(group.attributes, group.path, named);
  for (const Variable& variable : dataset.variables) {
    collect_names(variable.attributes, variable.group, named);
  }
  for (Variable& variable : dataset.variables) {
    variable.is_named_coordinate = is_named(variable, named);
  }
}

}  // namespace gridmill
