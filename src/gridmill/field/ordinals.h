// ordinals.h: which hour, or which file id, stands at each position of an axis that may leave some
// out and have others twice.
//
// Kept as runs, so that an axis of a million times with three gaps is four pairs of numbers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "gridmill/base/json.h"

namespace gridmill {

class Ordinals {
 public:
  struct Run {
    std::int64_t position = 0;
    std::int64_t ordinal = 0;
  };

  // 0, 1, 2, ...
  Ordinals() : runs_{{0, 0}} {}
  // From each run's position on ordinals count up from its own. Throws Error(corrupt) unless the
  // first run is at position 0 and positions ascend.
  explicit Ordinals(std::vector<Run> runs);

  std::int64_t at(std::int64_t position) const noexcept;

  Json to_json() const;  // [[position, ordinal], ...]
  static Ordinals from_json(const Json& json, std::string_view where);  // Error(corrupt)

 private:
  std::vector<Run> runs_;
};

}  // namespace gridmill
