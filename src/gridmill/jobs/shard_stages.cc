#include "gridmill/jobs/shard_stages.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/jobs/archive_plan.h"

namespace gridmill {
namespace {

std::string chunks_key(const std::string& path) { return path + ".chunks"; }

// A shard as long as the array where that is shorter: whole chunks all the same.
std::int64_t shard_extent(const std::string& text, std::int64_t chunk, std::int64_t extent) {
  const std::int64_t whole = ceil_div(std::max<std::int64_t>(extent, 1), chunk) * chunk;
  if (text == "all" || text == "-1") return whole;
  const std::int64_t wanted = parse_int(text);
  if (wanted < 1) {
    throw Error(ErrorKind::invalid,
                fmt::format("--shards: {} is not a length: give 1 or more, or \"all\"", text));
  }
  return std::min(ceil_div(wanted, chunk) * chunk, whole);
}

}  // namespace

bool is_put_together(const ArrayMetadata& metadata, const Resources& resources) {
  if (!metadata.sharding) return false;
  const std::int64_t shard =
      checked_mul(volume(metadata.unit()), metadata.type.size, "the size of a shard");
  return shard > resources.memory / 6;
}

const Shape& encoded_unit(const ArrayMetadata& metadata, const Resources& resources) {
  return is_put_together(metadata, resources) ? metadata.chunk : metadata.unit();
}

ChunkGrid encoded_grid(const ArrayMetadata& metadata, const Resources& resources) {
  return {metadata.shape, encoded_unit(metadata, resources)};
}

Json encoding_sink(const std::string& path, const ArrayMetadata& metadata,
                   const Resources& resources) {
  if (!is_put_together(metadata, resources)) return out_array(path);
  return {{"sink", "chunks"}, {"store", "spill"}, {"array", path}, {"chunks", chunks_key(path)}};
}

StageRecipe shard_stage(const std::string& path, const ArrayMetadata& metadata) {
  OutputRecipe output;
  output.name = path;
  output.sink = {
      {"sink", "shards"}, {"store", "out"}, {"array", path}, {"chunks", chunks_key(path)}};
  const ChunkGrid shards = metadata.key_grid();
  output.units_per_task = Shape::filled(shards.counts().rank(), 1);
  output.figures = stage_figures(metadata, 1);
  StageRecipe stage;
  stage.name = "shards";
  stage.why = fmt::format(
      "shards of {} are too large to be encoded at once: their chunks, encoded "
      "before, are put together",
      to_string(metadata.unit()));
  stage.tasks = shards.size();
  stage.outputs.push_back(std::move(output));
  stage.frees = {chunks_key(path)};
  return stage;
}

// No length is called start or end: a dimension may have the name `index` all the same.
ShardLayout shard_layout(const std::string& spec) {
  ShardLayout layout;
  std::vector<std::string> lengths;
  for (const std::string& item : split(spec, ',')) {
    const std::string text(trim(item));
    if (text == "index=start" || text == "index=end") {
      layout.is_index_at_end = text == "index=end";
    } else {
      lengths.push_back(item);
    }
  }
  layout.lengths = join(lengths, ",");
  return layout;
}

Shape chosen_shards(const ArrayMetadata& metadata, const std::vector<std::string>& dimensions,
                    const std::string& spec, bool strict) {
  Shape shard = metadata.chunk;
  for (const std::string& item : split(spec, ',')) {
    const std::size_t equals = item.find('=');
    const std::string name(trim(std::string_view(item).substr(0, equals)));
    if (equals == std::string::npos && name == "all") {
      for (int d = 0; d < shard.rank(); ++d) {
        shard[d] = shard_extent("all", metadata.chunk[d], metadata.shape[d]);
      }
      continue;
    }
    if (equals == std::string::npos || name.empty()) {
      throw Error(ErrorKind::invalid,
                  fmt::format("--shards: \"{}\" is not DIMENSION=LENGTH", item));
    }
    const std::string length(trim(std::string_view(item).substr(equals + 1)));
    const auto found = std::find(dimensions.begin(), dimensions.end(), name);
    if (found == dimensions.end()) {
      (void)shard_extent(length, 1, 1);
      if (!strict) continue;
      throw Error(ErrorKind::invalid,
                  fmt::format("--shards: no dimension {}{}", name, did_you_mean(name, dimensions)));
    }
    const int d = static_cast<int>(found - dimensions.begin());
    shard[d] = shard_extent(length, metadata.chunk[d], metadata.shape[d]);
  }
  return shard;
}

}  // namespace gridmill
