#include "gridmill/array/box_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gridmill {

Json index_to_json(const Index& index) {
  return Json(std::vector<std::int64_t>(index.begin(), index.end()));
}

Json box_to_json(const Box& box) {
  return {{"begin", index_to_json(box.begin)}, {"shape", index_to_json(box.shape)}};
}

Index index_from_json(const Json& json, std::string_view where) {
  const bool is_list = json.is_array() && json.size() <= kMaxRank &&
                       std::all_of(json.begin(), json.end(),
                                   [](const Json& value) { return value.is_number_integer(); });
  if (!is_list) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is not a list of at most {} integers",
                                                where, dump_json(json, -1), kMaxRank));
  }
  Index index;
  for (const Json& value : json) index.push_back(value.get<std::int64_t>());
  return index;
}

Box box_from_json(const Json& json, std::string_view where) {
  const Box box{index_from_json(json_member(json, "begin", where), where),
                index_from_json(json_member(json, "shape", where), where)};
  const bool is_box = box.begin.rank() == box.shape.rank() &&
                      std::all_of(box.shape.begin(), box.shape.end(),
                                  [](std::int64_t extent) { return extent >= 0; });
  if (!is_box) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: {} is no box", where, dump_json(json, -1)));
  }
  return box;
}

}  // namespace gridmill
