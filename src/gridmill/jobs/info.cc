#include "gridmill/jobs/info.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/error.h"
#include "gridmill/base/text.h"
#include "gridmill/codec/blosc_frame.h"
#include "gridmill/dataset/coordinates.h"
#include "gridmill/dataset/dataset.h"
#include "gridmill/jobs/stored_chunks.h"
#include "gridmill/store/location.h"

namespace gridmill {
namespace {

// Beyond it a coordinate's range would cost more than looking is worth.
constexpr std::int64_t kCoordinateBytes = std::int64_t{64} << 20;

Json extents(const Shape& shape) {
  return Json(std::vector<std::int64_t>(shape.begin(), shape.end()));
}

std::int64_t logical_bytes(const Variable& variable) {
  return volume(variable.shape) * variable.type.size;
}

Json ratio_of(std::int64_t logical, std::int64_t stored) {
  if (stored <= 0) return nullptr;
  return static_cast<double>(logical) / static_cast<double>(stored);
}

Json groups_report(const Dataset& dataset) {
  Json groups = Json::array();
  for (const Group& group : dataset.groups) {
    Json dimensions = Json::array();
    for (const Dimension& dimension : group.dimensions) {
      Json item{{"name", dimension.name}, {"size", dimension.size}};
      if (dimension.is_unlimited) item["unlimited"] = true;
      dimensions.push_back(std::move(item));
    }
    groups.push_back({{"path", group.path},
                      {"dimensions", dimensions},
                      {"attributes", group.attributes.to_json()}});
  }
  return groups;
}

// First and last value of a one-dimensional coordinate as people write them; null if it can't be
// read.
Json range_of(const Variable& coordinate) {
  const std::int64_t last = coordinate.shape[0] - 1;
  if (last < 0 || logical_bytes(coordinate) > kCoordinateBytes) return nullptr;
  try {
    const Array first = read_array(coordinate, Box{{0}, {1}});
    const Array end = read_array(coordinate, Box{{last}, {1}});
    return {{"first", coordinate_text(coordinate, first, 0)},
            {"last", coordinate_text(coordinate, end, 0)}};
  } catch (const Error& error) {
    return {{"error", error.what()}};
  }
}

// The encoding's codec list names Blosc last among those that make bytes: only then the chunk's
// first byte is a frame's.
bool is_blosc(const Variable& variable) {
  const Json& encoding = variable.encoding;
  if (encoding.contains("compressor") && encoding["compressor"].is_object()) {
    return encoding["compressor"].value("id", "") == "blosc";
  }
  Json codecs = encoding.value("codecs", Json::array());
  if (variable.shards && codecs.size() == 1) {
    codecs = codecs[0].value("configuration", Json::object()).value("codecs", Json::array());
  }
  std::string last;
  for (const Json& codec : codecs) {
    const std::string name = codec.value("name", "");
    if (name != "crc32c") last = name;
  }
  return last == "blosc";
}

// Some present chunk at or after the first key; inside a shard they may begin anywhere.
bool fetch_present(const Variable& variable, const Index& key, Buffer& stored) {
  const LeafReader& reader = *variable.blocks.at(0).reader;
  if (!variable.shards) return reader.fetch(key, stored);
  int tries = 0;
  bool found = false;
  for_each_position(reader.grid().touching(variable.keys->box_of(key)), [&](const Index& position) {
    if (!found && ++tries <= 4096) found = reader.fetch(position, stored);
  });
  return found;
}

void add_blosc(const Variable& variable, const StoredChunks& chunks, Json& item) {
  if (!chunks.first || !is_blosc(variable)) return;
  Buffer stored;
  try {
    if (!fetch_present(variable, *chunks.first, stored)) return;
    const BloscInfo frame = blosc_info(stored);
    item["blosc"] = {{"codec", frame.cname},
                     {"shuffle", frame.shuffle},
                     {"typesize", frame.typesize},
                     {"block_size", frame.blocksize},
                     {"stored_plain", frame.is_memcpyed}};
  } catch (const Error& error) {
    item["blosc"] = {{"error", error.what()}};  // to say so is info's task, to judge is verify's
  }
}

void add_chunks(const Variable& variable, const StoredChunks& chunks, Json& item) {
  item["stored_bytes"] = chunks.bytes;
  item["ratio"] = ratio_of(logical_bytes(variable), chunks.bytes);
  const bool is_sharded = variable.shards.has_value();
  const std::string what = is_sharded ? "shards" : "chunks";
  item[what + "_present"] = chunks.present;
  item[what + "_total"] = variable.keys->size();
  add_blosc(variable, chunks, item);
}

Json variable_report(const Variable& variable) {
  Json item{{"path", variable.path()},
            {"type", variable.type_name()},
            {"dimensions", variable.dimensions},
            {"shape", extents(variable.shape)}};
  if (variable.chunks) item["chunks"] = extents(*variable.chunks);
  if (variable.shards) item["shards"] = extents(*variable.shards);
  if (variable.keys && !variable.keys->is_regular()) item["chunk_grid"] = "rectilinear";
  if (!variable.encoding.empty()) item["encoding"] = variable.encoding;
  for (const char* name : {"units", "calendar", "long_name"}) {
    const std::string_view text = variable.attributes.text(name);
    if (!text.empty()) item[name] = text;
  }
  if (variable.encoding.contains("damaged")) item["error"] = variable.encoding["damaged"];
  item["is_coordinate"] = is_dimension_coordinate(variable);
  if (is_dimension_coordinate(variable)) item["range"] = range_of(variable);
  item["logical_bytes"] = logical_bytes(variable);
  item["attributes"] = variable.attributes.to_json();
  return item;
}

}  // namespace

Json info(const InfoOptions& options, const Workplace& workplace) {
  const Location location = parse_location(options.location);
  const Dataset dataset = open_dataset(workplace.files, location, options.grib_index);
  const bool is_zarr = dataset.format.starts_with("Zarr");
  std::map<std::string, StoredChunks> stored;
  if (is_zarr) {
    const auto store = open_store(workplace.files, location);
    stored = list_chunks(*store, location.node.empty() ? Key() : Key(location.node), dataset);
  }
  Json variables = Json::array();
  std::int64_t stored_bytes = 0;
  std::int64_t all_bytes = 0;
  for (const Variable& variable : dataset.variables) {
    Json item = variable_report(variable);
    if (is_zarr && variable.chunks) add_chunks(variable, stored[variable.path()], item);
    all_bytes += logical_bytes(variable);
    stored_bytes += stored[variable.path()].bytes;
    variables.push_back(std::move(item));
  }
  if (!is_zarr) {
    if (const auto status = workplace.files.status(location.path)) stored_bytes = status->size;
  }
  return {{"location", options.location},
          {"format", dataset.format},
          {"groups", groups_report(dataset)},
          {"variables", variables},
          {"stored_bytes", stored_bytes},
          {"logical_bytes", all_bytes},
          {"ratio", ratio_of(all_bytes, stored_bytes)},
          {"notes", dataset.notes}};
}

}  // namespace gridmill
