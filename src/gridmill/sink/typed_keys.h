// typed_keys.h: what stands in the key columns of a table with types, and what is said of columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gridmill {

// Texts of a schema: name and value.
using TableNotes = std::vector<std::pair<std::string, std::string>>;

// What stands in a key column at each position of its dimension.
struct KeyValues {
  enum class Kind { times, integers, numbers, texts };
  Kind kind = Kind::texts;
  std::vector<std::int64_t> integers;  // of times: microseconds since 1970, UTC
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

using TypedKeys = std::vector<std::shared_ptr<const KeyValues>>;

}  // namespace gridmill
