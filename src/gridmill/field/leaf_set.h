// leaf_set.h: leaves as keys of hash tables.
#pragma once

#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "gridmill/field/field.h"

namespace gridmill {

struct LeafHash {
  std::size_t operator()(const Leaf& leaf) const noexcept {
    std::size_t hash = std::hash<const void*>()(leaf.reader);
    for (const std::int64_t at : leaf.position) {
      hash = (hash ^ static_cast<std::size_t>(at)) * 0x9E3779B97F4A7C15ull;
    }
    return hash;
  }
};

using LeafSet = std::unordered_set<Leaf, LeafHash>;
template <class Value>
using LeafMap = std::unordered_map<Leaf, Value, LeafHash>;

}  // namespace gridmill
