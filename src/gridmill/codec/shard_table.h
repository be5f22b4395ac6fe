// shard_table.h: the index of a shard: where each of its chunks lies.
//
// Two 64-bit numbers per chunk (offset in the shard, size; both 2^64-1: absent), in C order, little
// endian as a rule, at the shard's end or start, with a crc32c behind them or without.
#pragma once

#include <cstdint>
#include <vector>

#include "gridmill/store/store.h"

namespace gridmill {

struct ShardIndexForm {
  bool is_at_end = true;
  bool is_checked = true;  // crc32c
  bool is_big_endian = false;
  friend bool operator==(const ShardIndexForm&, const ShardIndexForm&) = default;

  // Of a shard of so many chunks.
  std::int64_t bytes(std::int64_t chunks) const noexcept;
};

// Of each chunk where it lies, length < 0: it is absent. `index` is what is stored of a shard of
// `shard_size` bytes. Error(corrupt) for a wrong checksum or a chunk that is not inside the shard.
std::vector<ByteRange> shard_ranges(ByteView index, const ShardIndexForm& form,
                                    std::int64_t shard_size);

// Where the chunks of a shard lie, as they are appended to it.
class ShardTable {
 public:
  ShardTable(ShardIndexForm form, std::int64_t chunks);
  // The next chunk in the shard; `ordinal` is its place in C order.
  void add(std::int64_t ordinal, std::int64_t bytes);
  bool is_empty() const noexcept { return is_empty_; }
  // What is stored of the index, behind the chunks or before the first.
  std::vector<std::byte> index() const;

 private:
  std::vector<std::byte> entries_;
  std::uint64_t end_;
  bool is_empty_ = true;
  const ShardIndexForm form_;
};

}  // namespace gridmill
