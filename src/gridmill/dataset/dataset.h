// dataset.h: what every input looks like to the rest of Gridmill, whatever file it came from.
//
// A dataset is a tree of groups; a variable is a name, dimensions, type, attributes, and blocks:
// the leaves of one file each, side by side. One file gives one block; concatenation gives many.
// Nothing here has been decoded: packed stays packed, times stay numbers with units.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gridmill/array/array.h"
#include "gridmill/array/attribute.h"
#include "gridmill/codec/leaf.h"
#include "gridmill/formats/grib_index_use.h"
#include "gridmill/store/location.h"
#include "gridmill/zarr/metadata.h"

namespace gridmill {

class InputCache;

// The leaves of one input, placed at `offset` inside the variable.
struct Block {
  Index offset;
  std::shared_ptr<const LeafReader> reader;
  std::string origin;  // the input, for messages
};

// Zarr's own words about an array, which one written anew keeps.
struct ZarrOrigin {
  int zarr_format = 3;
  DataType type;  // what the document describes: it says nothing of another
  Json document;  // what `type` leaves open (zarr/data_type_names.h), null if nothing
  Json fill;      // of absent chunks, as the metadata have it
  std::set<std::string> invented;  // names of dimensions that have none there
  ChunkKeys chunk_keys = ChunkKeys::slashed;
  char separator = '/';
  std::set<std::string> blank = {};  // invented names of dimensions that are called "" there
};

struct Variable {
  std::string group;  // "" for the root, "a/b"
  std::string name;
  DataType type;
  std::vector<std::string> dimensions;
  Shape shape;
  Attributes attributes;            // as the source has them, _FillValue included
  std::optional<Shape> chunks;      // the source's own chunk shape; of its largest if they differ
  std::optional<Shape> shards;      // Zarr: outer chunks when sharded, as above
  bool has_index_in_front = false;  // of each shard
  std::optional<ChunkGrid> keys;    // Zarr: what each key holds, a shard or a chunk
  Json encoding = Json::object();   // the source's storage and codecs, for info
  std::optional<ZarrOrigin> zarr;   // nullopt for other formats
  std::vector<Block> blocks;
  bool is_named_coordinate = false;  // named_coordinates.h: others name it, where it was opened

  std::string path() const { return group.empty() ? name : group + "/" + name; }
  // Zarr: absent chunks have a value.
  bool has_store_fill() const noexcept { return zarr && !zarr->fill.is_null(); }
  // "float32"; for Zarr also "datetime64[ns]", "record(12)".
  std::string type_name() const;
  int dimension_index(std::string_view dimension) const noexcept;  // -1: it has none of that name
};

struct Dimension {
  std::string name;
  std::int64_t size = 0;
  bool is_unlimited = false;
};

struct Group {
  std::string path;
  std::vector<Dimension> dimensions;
  Attributes attributes;
};

struct Dataset {
  std::string format;               // "Zarr v3", "netCDF-4", "GRIB 1"
  std::string location;             // for messages
  std::vector<Group> groups;        // parents before children; [0] is the root
  std::vector<Variable> variables;  // in file order, group by group
  std::vector<std::string> notes;

  const Variable* find(std::string_view path) const noexcept;
  // As find, but throws Error(not_found) that names the nearest spellings.
  const Variable& at(std::string_view path) const;
  std::vector<std::string> variable_paths() const;
};

// Detects the format by content and opens it; `location.node` restricts it to a group or array.
// Throws Error(not_found), Error(unsupported) for a format nobody knows, Error(corrupt).
// `cache` (null: none) keeps what is read of a Zarr store; of other files it is told which they
// are.
Dataset open_dataset(Files& files, const Location& location,
                     GribIndexUse grib_index = GribIndexUse::read,
                     const std::shared_ptr<InputCache>& cache = nullptr);

enum class LeafRequests { at_once, one_by_one };

// All or a box of a variable, in memory: for coordinates and other small things. Leaves as far as
// they are small are fetched some at once, on threads that live no longer than the call; they are
// decoded on the calling thread. Throws Error(out_of_memory) beyond `limit_bytes`.
Array read_array(const Variable& variable, std::int64_t limit_bytes = std::int64_t{1} << 30);
Array read_array(const Variable& variable, const Box& region,
                 std::int64_t limit_bytes = std::int64_t{1} << 30,
                 LeafRequests requests = LeafRequests::at_once);

// Whether the group of the first path is the other one or lies below it.
bool is_group_within(const std::string& group, const std::string& above);

// A CF coordinate variable: one-dimensional and named like its dimension.
bool is_dimension_coordinate(const Variable& variable) noexcept;

}  // namespace gridmill
