#include "gridmill/zarr/rectilinear_grid.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"

namespace gridmill {
namespace {

constexpr std::string_view kRectilinear = "chunk_grid rectilinear";

std::int64_t positive_from(const Json& number, int d) {
  const bool fits = number.is_number_integer() &&
                    (!number.is_number_unsigned() || number.get<std::uint64_t>() >> 63 == 0);
  if (!fits || number.get<std::int64_t>() < 1) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: dimension {} has {}, which is no integer from 1 on", kRectilinear,
                            d, number.dump()));
  }
  return number.get<std::int64_t>();
}

// 5, or [5, 3] for three chunks of 5.
ChunkRun run_from(const Json& item, int d) {
  if (!item.is_array()) return {1, positive_from(item, d)};
  if (item.size() != 2) {
    throw Error(ErrorKind::corrupt,
                fmt::format("{}: dimension {} has a run of {} numbers, not an extent and a count",
                            kRectilinear, d, item.size()));
  }
  return {positive_from(item[1], d), positive_from(item[0], d)};
}

ChunkRuns runs_from(const Json& item, std::int64_t length, int d) {
  if (!item.is_array()) {  // one extent for all
    const std::int64_t extent = positive_from(item, d);
    return {{std::max<std::int64_t>(1, ceil_div(length, extent)), extent}};
  }
  ChunkRuns runs;
  for (const Json& one : item) {
    const ChunkRun run = run_from(one, d);
    const bool continues = !runs.empty() && runs.back().extent == run.extent;
    if (continues) {
      runs.back().count = checked_add(runs.back().count, run.count, kRectilinear);
    } else {
      runs.push_back(run);
    }
  }
  return runs;
}

Json run_to_json(const ChunkRun& run) {
  return run.count == 1 ? Json(run.extent) : Json({run.extent, run.count});
}

}  // namespace

std::vector<ChunkRuns> rectilinear_from_json(const Json& configuration, const Shape& shape) {
  const std::string kind = json_string(configuration, "kind", kRectilinear);
  if (kind != "inline") {
    throw Error(ErrorKind::unsupported,
                fmt::format("{} of kind \"{}\" is not supported", kRectilinear, kind));
  }
  const Json& dimensions = json_member(configuration, "chunk_shapes", kRectilinear);
  if (!dimensions.is_array() || static_cast<int>(dimensions.size()) != shape.rank()) {
    throw Error(ErrorKind::corrupt, fmt::format("{}: chunk_shapes is no list of {} dimensions",
                                                kRectilinear, shape.rank()));
  }
  std::vector<ChunkRuns> runs;
  for (int d = 0; d < shape.rank(); ++d) {
    runs.push_back(runs_from(dimensions[static_cast<std::size_t>(d)], shape[d], d));
  }
  return runs;
}

Json rectilinear_to_json(const std::vector<ChunkRuns>& runs) {
  Json dimensions = Json::array();
  for (const ChunkRuns& along : runs) {
    Json items = Json::array();
    for (const ChunkRun& run : along) items.push_back(run_to_json(run));
    dimensions.push_back(std::move(items));
  }
  return {{"kind", "inline"}, {"chunk_shapes", std::move(dimensions)}};
}

}  // namespace gridmill
