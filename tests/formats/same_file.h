// same_file.h: two FormatFiles compared in all that is not values. For tests only.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gridmill/formats/format_file.h"

namespace gridmill::testing {

inline void compare(std::vector<std::string>& into, const std::string& what, const std::string& a,
                    const std::string& b) {
  if (a != b) into.push_back(fmt::format("{}: {} instead of {}", what, a, b));
}

inline std::string typed(const Attributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes) {
    text += fmt::format("{}: {} {}; ", name, value.is_text() ? "text" : value.type().name(),
                        dump_json(value.to_json(), -1));
  }
  return text;
}

inline std::string listed(const std::vector<FileDimension>& dimensions) {
  std::string text;
  for (const FileDimension& d : dimensions) {
    text += fmt::format("{} = {}{}; ", d.name, d.size, d.is_unlimited ? " (unlimited)" : "");
  }
  return text;
}

inline std::string names_of(const FileGroup& group) {
  std::string text;
  for (const FileVariable& variable : group.variables) text += variable.name + " ";
  return text;
}

inline void compare(std::vector<std::string>& into, const std::string& where, const FileVariable& a,
                    const FileVariable& b) {
  compare(into, where + " type", a.type.name(), b.type.name());
  compare(into, where + " dimensions", fmt::format("{}", a.dimensions),
          fmt::format("{}", b.dimensions));
  compare(into, where + " shape", to_string(a.shape), to_string(b.shape));
  compare(into, where + " attributes", typed(a.attributes), typed(b.attributes));
  compare(into, where + " encoding", dump_json(a.encoding, -1), dump_json(b.encoding, -1));
  compare(into, where + " chunks", a.chunks ? to_string(*a.chunks) : "none",
          b.chunks ? to_string(*b.chunks) : "none");
}

// Notes that only one of them has are not counted.
inline std::vector<std::string> differences(const FormatFile& a, const FormatFile& b) {
  std::vector<std::string> into;
  compare(into, "format", a.format, b.format);
  compare(into, "groups", std::to_string(a.groups.size()), std::to_string(b.groups.size()));
  for (std::size_t g = 0; g < std::min(a.groups.size(), b.groups.size()); ++g) {
    const FileGroup &mine = a.groups[g], &theirs = b.groups[g];
    const std::string where = "/" + theirs.path;
    compare(into, "group", mine.path, theirs.path);
    compare(into, where + " dimensions", listed(mine.dimensions), listed(theirs.dimensions));
    compare(into, where + " attributes", typed(mine.attributes), typed(theirs.attributes));
    compare(into, where + " variables", names_of(mine), names_of(theirs));
    if (mine.variables.size() != theirs.variables.size()) continue;
    for (std::size_t v = 0; v < mine.variables.size(); ++v) {
      compare(into, where + " " + theirs.variables[v].name, mine.variables[v], theirs.variables[v]);
    }
  }
  return into;
}

}  // namespace gridmill::testing
