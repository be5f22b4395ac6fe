#include "gridmill/field/ordinals.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/array/box_json.h"
#include "gridmill/base/error.h"

namespace gridmill {

Ordinals::Ordinals(std::vector<Run> runs) : runs_(std::move(runs)) {
  const bool starts = !runs_.empty() && runs_.front().position == 0;
  const bool ascends =
      std::adjacent_find(runs_.begin(), runs_.end(), [](const Run& a, const Run& b) {
        return a.position >= b.position;
      }) == runs_.end();
  if (!starts || !ascends) {
    throw Error(ErrorKind::corrupt, "the runs of an axis don't ascend from position 0");
  }
}

std::int64_t Ordinals::at(std::int64_t position) const noexcept {
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), position,
                       [](std::int64_t at, const Run& run) { return at < run.position; });
  const Run& run = behind == runs_.begin() ? *behind : *(behind - 1);
  return run.ordinal + (position - run.position);
}

Json Ordinals::to_json() const {
  Json json = Json::array();
  for (const Run& run : runs_) json.push_back({run.position, run.ordinal});
  return json;
}

Ordinals Ordinals::from_json(const Json& json, std::string_view where) {
  std::vector<Run> runs;
  for (const Json& pair : json) {
    const Index run = index_from_json(pair, where);
    if (run.rank() != 2) {
      throw Error(ErrorKind::corrupt, fmt::format("{}: a run of an axis is no pair", where));
    }
    runs.push_back({run[0], run[1]});
  }
  return Ordinals(std::move(runs));
}

}  // namespace gridmill
