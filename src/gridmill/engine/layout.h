// layout.h: how arrays are cut: chunks that a reader is glad of, and task boxes that read each
// source leaf once.
//
// Pure arithmetic on extents; no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/array/data_type.h"

namespace gridmill {

// Decoded bytes of a default chunk: large enough that a request's latency is small beside its
// transfer and that Blosc fills its 512 KiB blocks, small enough that several per thread fit into a
// budget of 256 MiB.
inline constexpr std::int64_t kDefaultChunkBytes = std::int64_t{16} << 20;
// No codec here takes more: Blosc's frames count in 31 bits.
inline constexpr std::int64_t kLargestChunkBytes =
    (std::int64_t{1} << 31) - (std::int64_t{1} << 20);

struct ChunkChoice {
  Shape chunks;
  std::string why;  // one sentence for --dry-run
};

// What the source looks like to the one who chooses: shape, and its own chunks (empty: contiguous).
struct SourceLayout {
  Shape shape;
  std::vector<std::string> dimensions;
  DataType type;
  Shape chunks;  // rank 0 although the array has dimensions: none
};

// Whole arrays up to the target size; whole multiples (or, if they are huge, parts) of the source's
// chunks; otherwise full maps of as many leading steps as the target holds, cut evenly.
ChunkChoice default_chunks(const SourceLayout& source,
                           std::int64_t target_bytes = kDefaultChunkBytes);

// One --chunks text, without its "NAME:" prefix: "time=24,lat=all", "all" for one chunk, or a
// size. Dimensions that are not named keep the default choice's extent; extents beyond the array
// are clipped. Throws Error(invalid) for a dimension the array lacks if `strict`, an extent < 1, or
// a chunk of more than 2 GiB.
ChunkChoice chosen_chunks(const SourceLayout& source, std::string_view spec, bool strict,
                          std::int64_t target_bytes = kDefaultChunkBytes);

// The parts of it: whether such a text is a size, and which; the lengths that it gives, 0 for
// dimensions that it doesn't name. They throw as chosen_chunks() does.
bool is_chunk_size(std::string_view spec);
std::int64_t chunk_size(std::string_view spec);
Index given_lengths(const SourceLayout& source, std::string_view spec, bool strict);
void check_chunk_size(const Shape& chunks, DataType type);

// Where leaves begin and end along one dimension: 0 = first < ... < last = extent.
using Cuts = std::vector<std::int64_t>;

// Bytes read over bytes wanted, along one dimension, when tasks of `step` elements each read every
// leaf they touch whole.
double read_amplification(const Cuts& leaves, std::int64_t step);

struct TaskChoice {
  Shape units_per_task;
  double read_amplification = 1;  // 1: every leaf is read and decoded once
};

// The smallest box of whole chunks that keeps the read amplification low, within `most_bytes` of
// decoded data. `cuts[d]` are the leaves along dimension d.
TaskChoice choose_tasks(const std::vector<Cuts>& cuts, const Shape& shape, const Shape& chunks,
                        DataType type, std::int64_t most_bytes);

}  // namespace gridmill
