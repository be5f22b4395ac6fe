// json_members.h: the members of a JSON object, gathered one by one.
//
// Json itself looks for each name among all that it has, which takes long for very many of them;
// here n of them take n log n.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gridmill/base/json.h"

namespace gridmill {

class JsonMembers {
 public:
  void add(std::string name, Json value) {
    members_.emplace_back(std::move(name), std::move(value));
  }
  std::size_t size() const noexcept { return members_.size(); }
  bool has_repeated_name() const;
  // All of them in order; of those that share a name the last one's value, where the first one
  // stands.
  Json object() &&;

 private:
  // For each member the first one that has its name.
  std::vector<std::size_t> firsts() const;

  std::vector<std::pair<std::string, Json>> members_;
};

}  // namespace gridmill
