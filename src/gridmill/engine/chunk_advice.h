// chunk_advice.h: which chunks suit the way an array will be read. Pure arithmetic; no I/O.
//
// Three patterns:
//
// - temporal: long in time, small in space: a time series at a place is few chunks.
// - spatial: whole maps, few times each.
// - balanced: a time series and a map take a like number of chunks, which is the square root of
// all.
//
// Height and members are the first to be cut, as both series and maps are of one of them; what
// nobody knows the meaning of is cut after all else that the pattern doesn't ask to be whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gridmill/array/box.h"
#include "gridmill/dataset/axis_role.h"
#include "gridmill/engine/layout.h"

namespace gridmill {

enum class AccessPattern { temporal, spatial, balanced };

inline constexpr AccessPattern kAccessPatterns[] = {AccessPattern::temporal, AccessPattern::spatial,
                                                    AccessPattern::balanced};

std::string_view name_of(AccessPattern pattern) noexcept;
// Throws Error(invalid) that names the three.
AccessPattern access_pattern_from(std::string_view name);

// The largest target: with a quarter more, codecs still take the chunk.
inline constexpr std::int64_t kLargestTargetBytes = kLargestChunkBytes / 5 * 4;

struct AdviceRequest {
  Shape shape;
  std::vector<std::string> dimensions;  // for the sentence
  std::vector<AxisRole> roles;          // one for each dimension
  std::int64_t item_size = 4;           // bytes of an element
  AccessPattern pattern = AccessPattern::balanced;
  std::int64_t target_bytes = kDefaultChunkBytes;
  // Chunk lengths that are given, 0 where they are free; rank 0: all are.
  Index given;
  // Along each dimension the length of the files that hold the array, 0 where there is one file or
  // they differ; rank 0: one file.
  Index file_lengths;
  // Each file will be written by itself, later: then chunks hold a bounded number of files.
  bool is_filled_by_files = false;
};

// Chunks within a quarter of the target, if there are any such (and no longer than the array, nor
// than files allow). Prefers lengths that divide the dimension, and those that hold whole files or
// divide one. Throws Error(invalid) for a target that is not from 1 to kLargestTargetBytes.
ChunkChoice advise_chunks(const AdviceRequest& request);

// What is read at a time: all times at one place, the map of one time, one value.
enum class Reading { series, map, point };

inline constexpr Reading kReadings[] = {Reading::series, Reading::map, Reading::point};

std::string_view name_of(Reading reading) noexcept;

// The box of one such reading through the position `at`.
Box box_of_reading(Reading reading, const Shape& shape, const std::vector<AxisRole>& roles,
                   const Index& at);
// False: the array has no such dimension, or one that nobody would notice.
bool has_reading(Reading reading, const Shape& shape, const std::vector<AxisRole>& roles);
// The chunks that hold it, wherever it lies: along each dimension as many as there are, or one.
std::int64_t chunks_of_reading(Reading reading, const Shape& shape, const Shape& chunks,
                               const std::vector<AxisRole>& roles);

}  // namespace gridmill
