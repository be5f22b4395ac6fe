// chunk_edges.h: where chunks begin along a dimension on which their extents differ.
//
// Kept as runs of equal chunks, as metadata name them: a billion chunks of one extent take no more
// memory than one. A plain value.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gridmill {

// `count` chunks of `extent` elements each, one behind the other.
struct ChunkRun {
  std::int64_t count = 1;
  std::int64_t extent = 1;
  friend bool operator==(const ChunkRun&, const ChunkRun&) = default;
};
using ChunkRuns = std::vector<ChunkRun>;

class ChunkEdges {
 public:
  // Runs over `length` elements. Chunks behind their end are left out, the last one that is kept
  // may reach beyond it. Throws Error(corrupt) for counts and extents < 1, and for runs that end
  // too early.
  ChunkEdges(std::int64_t length, std::span<const ChunkRun> runs);

  std::int64_t count() const noexcept { return count_; }
  // Of the largest chunk; 1 if there is none.
  std::int64_t largest() const noexcept;
  // A chunk that no other holds more elements than; 0 if there is none.
  std::int64_t fullest() const noexcept;
  bool is_regular() const noexcept { return runs_.size() == 1; }
  // Of chunks before count().
  std::int64_t begin(std::int64_t chunk) const noexcept;
  std::int64_t extent(std::int64_t chunk) const noexcept;
  std::int64_t chunk_at(std::int64_t element) const noexcept;

 private:
  struct Run {
    std::int64_t begin;        // its first element
    std::int64_t first_chunk;  // number
    std::int64_t extent;
  };
  const Run& run_of_chunk(std::int64_t chunk) const noexcept;

  std::int64_t length_;
  std::vector<Run> runs_;  // one or more; neighbours differ in extent
  std::int64_t count_ = 0;
};

}  // namespace gridmill
