#include "gridmill/array/chunk_edges.h"

#include <fmt/format.h>

#include <algorithm>

#include "gridmill/base/checked.h"
#include "gridmill/base/error.h"

namespace gridmill {

ChunkEdges::ChunkEdges(std::int64_t length, std::span<const ChunkRun> runs) : length_(length) {
  std::int64_t begin = 0;
  for (const ChunkRun& run : runs) {
    if (run.count < 1 || run.extent < 1) {
      throw Error(ErrorKind::corrupt, fmt::format("{} chunks of {} elements: both must be positive",
                                                  run.count, run.extent));
    }
    if (begin >= length) continue;
    const std::int64_t chunks = std::min(run.count, ceil_div(length - begin, run.extent));
    if (runs_.empty() || runs_.back().extent != run.extent) {
      runs_.push_back({begin, count_, run.extent});
    }
    count_ += chunks;
    // The last chunk's end, too, is a position.
    begin = checked_add(begin, checked_mul(chunks, run.extent, "a chunk grid"), "a chunk grid");
  }
  if (begin < length) {
    throw Error(ErrorKind::corrupt,
                fmt::format("the chunks hold {} of {} elements", begin, length));
  }
  if (runs_.empty()) runs_.push_back({0, 0, runs.empty() ? 1 : runs.front().extent});
}

std::int64_t ChunkEdges::largest() const noexcept {
  std::int64_t largest = 1;
  for (const Run& run : runs_) largest = std::max(largest, run.extent);
  return largest;
}

std::int64_t ChunkEdges::fullest() const noexcept {
  std::int64_t chunk = 0, most = 0;
  for (const Run& run : runs_) {
    const std::int64_t held = std::min(run.extent, length_ - run.begin);
    if (held > most) chunk = run.first_chunk;
    most = std::max(most, held);
  }
  return chunk;
}

const ChunkEdges::Run& ChunkEdges::run_of_chunk(std::int64_t chunk) const noexcept {
  const auto next = std::upper_bound(
      runs_.begin() + 1, runs_.end(), chunk,
      [](std::int64_t number, const Run& run) { return number < run.first_chunk; });
  return *(next - 1);
}

std::int64_t ChunkEdges::begin(std::int64_t chunk) const noexcept {
  const Run& run = run_of_chunk(chunk);
  return run.begin + (chunk - run.first_chunk) * run.extent;
}

std::int64_t ChunkEdges::extent(std::int64_t chunk) const noexcept {
  return run_of_chunk(chunk).extent;
}

std::int64_t ChunkEdges::chunk_at(std::int64_t element) const noexcept {
  const auto next =
      std::upper_bound(runs_.begin() + 1, runs_.end(), element,
                       [](std::int64_t at, const Run& run) { return at < run.begin; });
  const Run& run = *(next - 1);
  return run.first_chunk + (element - run.begin) / run.extent;
}

}  // namespace gridmill
