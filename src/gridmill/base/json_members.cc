#include "gridmill/base/json_members.h"

#include <algorithm>
#include <numeric>

namespace gridmill {
namespace {

// Of so few of them it is quicker to look at each.
constexpr std::size_t kFew = 16;

}  // namespace

bool JsonMembers::has_repeated_name() const {
  const std::vector<std::size_t> first = firsts();
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] != i) return true;
  }
  return false;
}

Json JsonMembers::object() && {
  Json::object_t object;
  object.reserve(members_.size());
  if (members_.size() <= kFew) {
    for (auto& [name, value] : members_) object[name] = std::move(value);
    return object;
  }
  const std::vector<std::size_t> first = firsts();
  std::vector<std::size_t> place(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& [name, value] = members_[i];
    if (first[i] != i) {
      object.begin()[static_cast<std::ptrdiff_t>(place[first[i]])].second = std::move(value);
      continue;
    }
    place[i] = object.size();
    object.emplace_back(std::move(name), std::move(value));
  }
  return object;
}

std::vector<std::size_t> JsonMembers::firsts() const {
  std::vector<std::size_t> order(members_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> first = order;
  const auto name_of = [&](std::size_t i) -> const std::string& { return members_[i].first; };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int comparison = name_of(a).compare(name_of(b));
    return comparison != 0 ? comparison < 0 : a < b;
  });
  for (std::size_t k = 1; k < order.size(); ++k) {
    if (name_of(order[k]) == name_of(order[k - 1])) first[order[k]] = first[order[k - 1]];
  }
  return first;
}

}  // namespace gridmill
